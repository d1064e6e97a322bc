//! XFlow's fields as WorkZone's properties: which property a field is, and what may be written to it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sluse_sdk::Failure;

use crate::{problem::bad_input, settings::is_name};

/// Far more than a form has.
const MAX_FIELDS: usize = 500;

/// Names longer than this make a URL that servers refuse; all properties are read instead.
const MAX_SELECT_BYTES: usize = 1500;

/// A text that is filled in: neither absent nor blank.
pub(crate) fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// An ID that came from an earlier step.
pub(crate) fn id<'a>(text: &'a str, name: &str) -> Result<&'a str, Failure> {
    let text = text.trim();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if text.is_empty() || text.len() > 64 || !text.bytes().all(plain) {
        let message = format!("Feltet `{name}` er ikke et ID fra WorkZone.");
        return Err(bad_input("bad-id", message, format!("`{name}` must be an ID as WorkZone gives it, `67453`")));
    }
    Ok(text)
}

/// The fields as properties, blank ones left out.
pub(crate) fn properties(
    fields: &Map<String, Value>,
    map: &BTreeMap<String, String>,
    setting: &str,
) -> Result<Map<String, Value>, Failure> {
    if fields.len() > MAX_FIELDS {
        let message = format!("Der er {} felter, og der kan højst være {MAX_FIELDS}.", fields.len());
        return Err(Failure::invalid("too-many-fields", message));
    }
    let mut properties = Map::new();
    for (field, value) in fields {
        let property = property_of(field, map, setting)?;
        if let Some(value) = writable(field, value)?
            && properties.insert(property.to_owned(), value).is_some()
        {
            let message = format!("Feltet `{field}` skrives til `{property}`, som et andet felt også skrives til.");
            return Err(bad_input("field-mapped-twice", message, format!("see the setting `{setting}`")));
        }
    }
    Ok(properties)
}

fn property_of<'a>(field: &'a str, map: &'a BTreeMap<String, String>, setting: &str) -> Result<&'a str, Failure> {
    match map.get(field) {
        Some(property) => Ok(property),
        None if is_name(field) => Ok(field),
        None => Err(bad_input(
            "unknown-field",
            format!("Feltet `{field}` er ikke knyttet til et felt i WorkZone."),
            format!("add `{field}` with its property to the setting `{setting}`"),
        )),
    }
}

fn writable(field: &str, value: &Value) -> Result<Option<Value>, Failure> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(_) | Value::Number(_) | Value::Bool(_) => Ok(Some(value.clone())),
        Value::Array(_) | Value::Object(_) => Err(bad_input(
            "field-not-simple",
            format!("Feltet `{field}` skal være en enkelt værdi."),
            format!("`{field}` must be a text, a number, true or false; join lists in the flow's mapping"),
        )),
    }
}

/// The properties as `$select`, with `ID`; `None` when the list is too long for a URL.
pub(crate) fn select<'a>(properties: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut names = vec!["ID"];
    for property in properties {
        if !names.contains(&property) {
            names.push(property);
        }
    }
    Some(names.join(",")).filter(|select| select.len() <= MAX_SELECT_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    fn map() -> BTreeMap<String, String> {
        BTreeMap::from([("Matrikel nr.".into(), "MATRIKEL".into()), ("Også matrikel".into(), "MATRIKEL".into())])
    }

    #[test]
    fn a_field_is_the_property_that_the_map_says_or_one_itself() {
        let fields = object(json!({ "Matrikel nr.": "12a", "AREAL": 125.5, "FELT01": " ", "FELT02": null }));
        let properties = properties(&fields, &map(), "custom_field_map").expect("all known");
        assert_eq!(Value::Object(properties), json!({ "MATRIKEL": "12a", "AREAL": 125.5 }));
    }

    #[track_caller]
    fn refused(fields: Value, code: &str) {
        let failure = properties(&object(fields), &map(), "custom_field_map").expect_err("refused");
        assert_eq!(failure.problem().code, code);
    }

    #[test]
    fn what_cannot_be_written_is_refused_by_name() {
        refused(json!({ "Ukendt felt": "x" }), "unknown-field");
        refused(json!({ "AREAL": [1, 2] }), "field-not-simple");
        refused(json!({ "Matrikel nr.": "1", "Også matrikel": "2" }), "field-mapped-twice");
        refused((0..501).map(|n| (format!("F{n}"), json!(1))).collect::<Map<_, _>>().into(), "too-many-fields");
    }

    #[test]
    fn a_list_too_long_for_a_url_is_not_selected() {
        assert_eq!(select(["A", "ID", "B", "A"]).as_deref(), Some("ID,A,B"));
        let names: Vec<String> = (0..300).map(|n| format!("FELT{n}")).collect();
        assert_eq!(select(names.iter().map(String::as_str)), None);
    }

    #[test]
    fn an_id_is_plain() {
        assert_eq!(id(" 67453 ", "case_id").expect("an ID"), "67453");
        for text in ["", "1'", "1/2", "æ", "1 2"] {
            assert!(id(text, "case_id").is_err(), "{text}");
        }
    }
}
