//! Payloads of OData v4: JSON with minimal metadata, the service document and the CSDL.

use serde_json::{Map, Value, json};

use super::model::{EntitySet, Kind, Model, Through};
use super::odata::Answer;
use super::settings::Settings;
use super::state::Row;

const JSON: &str = "application/json; odata.metadata=minimal; odata.streaming=true";

/// One row.
pub(super) fn entity(
    settings: &Settings,
    root: &str,
    set: &EntitySet,
    properties: Map<String, Value>,
    row: &Row,
) -> Answer {
    let mut payload = Map::new();
    payload.insert("@odata.context".to_owned(), json!(format!("{root}$metadata#{}/$entity", set.name)));
    payload.extend(with_etag(settings, properties, row));
    Answer::body(JSON, Value::Object(payload).to_string())
}

/// One page.
pub(super) fn collection(
    settings: &Settings,
    root: &str,
    set: &EntitySet,
    entries: Vec<(Map<String, Value>, &Row)>,
    next: Option<String>,
    count: Option<usize>,
) -> Answer {
    let mut payload = Map::new();
    payload.insert("@odata.context".to_owned(), json!(format!("{root}$metadata#{}", set.name)));
    if let Some(count) = count {
        payload.insert("@odata.count".to_owned(), json!(count));
    }
    let rows = entries.into_iter().map(|(properties, row)| Value::Object(with_etag(settings, properties, row)));
    payload.insert("value".to_owned(), rows.collect());
    if let Some(next) = next {
        payload.insert("@odata.nextLink".to_owned(), json!(next));
    }
    Answer::body(JSON, Value::Object(payload).to_string())
}

fn with_etag(settings: &Settings, properties: Map<String, Value>, row: &Row) -> Map<String, Value> {
    let mut entry = Map::new();
    if settings.etags {
        entry.insert("@odata.etag".to_owned(), json!(row.etag()));
    }
    entry.extend(properties);
    entry
}

/// The list of entity sets.
pub(super) fn service_document(model: &Model, root: &str) -> Answer {
    let sets = model.sets().iter().map(|set| json!({ "name": set.name, "kind": "EntitySet", "url": set.name }));
    let document = json!({ "@odata.context": format!("{root}$metadata"), "value": sets.collect::<Vec<_>>() });
    Answer::body(JSON, document.to_string())
}

/// The description of the service.
pub(super) fn metadata(model: &Model) -> Answer {
    let types = model.sets().iter().map(entity_type).collect::<String>();
    let sets =
        model.sets().iter().map(|set| format!("<EntitySet Name=\"{}\" EntityType=\"{}\"/>", set.name, set.type_name()));
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\">\
         <edmx:DataServices><Schema Namespace=\"SOM\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">{types}\
         <EntityContainer Name=\"Container\">{}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>",
        sets.collect::<String>()
    );
    Answer::body("application/xml", document)
}

fn entity_type(set: &EntitySet) -> String {
    let name = set.type_name();
    let short = name.trim_start_matches("SOM.");
    let property = |property: String| {
        let edm = edm_type(set.kind_of(&property).unwrap_or(Kind::Text));
        format!("<Property Name=\"{property}\" Type=\"{edm}\"/>")
    };
    let properties = set.properties().map(property).collect::<String>();
    let way = |way: &super::model::Navigation| {
        let target = format!("SOM.{}", way.target.strip_suffix('s').unwrap_or(&way.target));
        let many = matches!(way.through, Through::Many(_));
        let target = if many { format!("Collection({target})") } else { target };
        format!("<NavigationProperty Name=\"{}\" Type=\"{target}\"/>", way.name)
    };
    let ways = set.navigations.iter().map(way).collect::<String>();
    let media = if set.name == "Documents" { " HasStream=\"true\"" } else { "" };
    format!("<EntityType Name=\"{short}\"{media}><Key><PropertyRef Name=\"ID\"/></Key>{properties}{ways}</EntityType>")
}

fn edm_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Code | Kind::Key(_) => "Edm.String",
        Kind::Date => "Edm.Date",
        Kind::Instant => "Edm.DateTimeOffset",
        Kind::Decimal => "Edm.Decimal",
        Kind::Integer => "Edm.Int64",
    }
}
