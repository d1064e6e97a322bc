//! Payloads of OData v3: JSON light, verbose JSON, and Atom for those who did not ask for JSON.

use serde_json::{Map, Value, json};

use super::errors::{Shape, xml_text};
use super::model::EntitySet;
use super::odata::Answer;
use super::settings::Settings;
use super::state::Row;

const LIGHT: &str = "application/json;odata=minimalmetadata;streaming=true;charset=utf-8";
const VERBOSE: &str = "application/json;odata=verbose;charset=utf-8";

/// One row.
pub(super) fn entity(
    settings: &Settings,
    root: &str,
    shape: Shape,
    set: &EntitySet,
    properties: Map<String, Value>,
    row: &Row,
) -> Answer {
    match shape {
        Shape::V3Verbose => {
            let entry = verbose(settings, root, set, properties, row);
            Answer::body(VERBOSE, json!({ "d": entry }).to_string())
        }
        Shape::V3Light => {
            let mut payload = Map::new();
            payload.insert("odata.metadata".to_owned(), json!(format!("{root}$metadata#{}/@Element", set.name)));
            payload.extend(light(settings, properties, row));
            Answer::body(LIGHT, Value::Object(payload).to_string())
        }
        _ => Answer::body(
            "application/atom+xml;type=entry;charset=utf-8",
            format!("{XML}{}", atom(root, set, &properties, row)),
        ),
    }
}

/// One page.
pub(super) fn collection(
    settings: &Settings,
    root: &str,
    shape: Shape,
    set: &EntitySet,
    entries: Vec<(Map<String, Value>, &Row)>,
    next: Option<String>,
    count: Option<usize>,
) -> Answer {
    match shape {
        Shape::V3Verbose => verbose_page(settings, root, set, entries, next, count),
        Shape::V3Light => light_page(settings, root, set, entries, next, count),
        _ => atom_feed(root, set, &entries, next),
    }
}

fn light_page(
    settings: &Settings,
    root: &str,
    set: &EntitySet,
    entries: Vec<(Map<String, Value>, &Row)>,
    next: Option<String>,
    count: Option<usize>,
) -> Answer {
    let mut payload = Map::new();
    payload.insert("odata.metadata".to_owned(), json!(format!("{root}$metadata#{}", set.name)));
    if let Some(count) = count {
        payload.insert("odata.count".to_owned(), json!(count.to_string()));
    }
    let rows = entries.into_iter().map(|(properties, row)| Value::Object(light(settings, properties, row)));
    payload.insert("value".to_owned(), rows.collect());
    if let Some(next) = next {
        payload.insert("odata.nextLink".to_owned(), json!(next));
    }
    Answer::body(LIGHT, Value::Object(payload).to_string())
}

fn verbose_page(
    settings: &Settings,
    root: &str,
    set: &EntitySet,
    entries: Vec<(Map<String, Value>, &Row)>,
    next: Option<String>,
    count: Option<usize>,
) -> Answer {
    let rows = entries.into_iter().map(|(properties, row)| verbose(settings, root, set, properties, row));
    let mut payload = json!({ "results": rows.collect::<Vec<_>>() });
    if let Some(count) = count {
        payload["__count"] = json!(count.to_string());
    }
    if let Some(next) = next {
        payload["__next"] = json!(next);
    }
    Answer::body(VERBOSE, json!({ "d": payload }).to_string())
}

fn light(settings: &Settings, properties: Map<String, Value>, row: &Row) -> Map<String, Value> {
    let mut entry = Map::new();
    if settings.etags {
        entry.insert("odata.etag".to_owned(), json!(row.etag()));
    }
    entry.extend(properties);
    entry
}

fn verbose(settings: &Settings, root: &str, set: &EntitySet, properties: Map<String, Value>, row: &Row) -> Value {
    let uri = format!("{root}{}('{}')", set.name, row.key());
    let mut metadata = json!({ "id": uri, "uri": uri, "type": set.type_name() });
    if settings.etags {
        metadata["etag"] = json!(row.etag());
    }
    if set.name == "Documents" {
        metadata["media_src"] = json!(format!("{uri}/$value"));
    }
    let mut entry = Map::new();
    entry.insert("__metadata".to_owned(), metadata);
    entry.extend(properties);
    Value::Object(entry)
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";
const NAMESPACES: &str = "xmlns=\"http://www.w3.org/2005/Atom\" xmlns:d=\"http://schemas.microsoft.com/ado/2007/08/dataservices\" \
                          xmlns:m=\"http://schemas.microsoft.com/ado/2007/08/dataservices/metadata\"";

fn atom(root: &str, set: &EntitySet, properties: &Map<String, Value>, row: &Row) -> String {
    let element = |(name, value): (&String, &Value)| match value {
        Value::Null => format!("<d:{name} m:null=\"true\"/>"),
        Value::String(text) => format!("<d:{name}>{}</d:{name}>", xml_text(text)),
        other => format!("<d:{name}>{other}</d:{name}>"),
    };
    let elements = properties.iter().map(element).collect::<String>();
    format!(
        "<entry {NAMESPACES}><id>{root}{}('{}')</id><content type=\"application/xml\"><m:properties>{elements}</m:properties></content></entry>",
        set.name,
        row.key()
    )
}

fn atom_feed(root: &str, set: &EntitySet, entries: &[(Map<String, Value>, &Row)], next: Option<String>) -> Answer {
    let rows = entries.iter().map(|(properties, row)| atom(root, set, properties, row)).collect::<String>();
    let next = next.map(|next| format!("<link rel=\"next\" href=\"{}\"/>", xml_text(&next))).unwrap_or_default();
    let feed = format!("{XML}<feed {NAMESPACES}><id>{root}{}</id>{rows}{next}</feed>", set.name);
    Answer::body("application/atom+xml;type=feed;charset=utf-8", feed)
}
