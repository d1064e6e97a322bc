//! What the API's JSON holds: results of systems with their records and errors, lists, and its own words. Whatever else
//! stands in it is left alone.

use serde_json::{Map, Value};
use sluse_sdk::text::without_personal_numbers;

/// Members in which an error says what it is, the best one first.
const WORDS: [&str; 7] = ["error_description", "message", "Message", "detail", "errorMessage", "title", "error"];

/// Longer words are cut: the host keeps a message of 1 KiB, and a letter may take two bytes.
const MAX_SAID_CHARS: usize = 300;

/// A record of a CRM system, as the API gives it, with `system` (its type) and `values` (its fields by name) beside.
pub(crate) type Record = Map<String, Value>;

/// The records of all systems, in the order of the answer. `which` is `records` or `pinRecords`.
pub(crate) fn records(answer: &Value, which: &str) -> Vec<Record> {
    let of_system = |result: &Value| {
        let system = result.pointer("/system/type").cloned().unwrap_or_default();
        let listed = result.get(which).and_then(Value::as_array).cloned().unwrap_or_default();
        listed.into_iter().filter_map(move |record| match record {
            Value::Object(record) => Some(with_values(record, system.clone())),
            _ => None,
        })
    };
    results(answer).iter().flat_map(of_system).collect()
}

/// A value keeps its type: the vendor's own library drops every field whose value is no text.
fn with_values(mut record: Record, system: Value) -> Record {
    let mut values = Map::new();
    for field in record.get("fields").and_then(Value::as_array).into_iter().flatten() {
        if let Some(name) = field.get("name").and_then(Value::as_str) {
            values.entry(name).or_insert_with(|| field.get("value").cloned().unwrap_or_default());
        }
    }
    record.insert("values".into(), Value::Object(values));
    record.insert("system".into(), system);
    record
}

/// A member that names something, whether it is written as text or as number.
pub(crate) fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The errors that stand beside results, of the whole and of each system.
pub(crate) fn errors(answer: &Value) -> Vec<Value> {
    let of = |part: &Value| ["errors", "error"].iter().filter_map(|name| part.get(name)).flat_map(each).collect();
    let mut errors: Vec<Value> = of(answer);
    errors.extend(results(answer).iter().flat_map(|result| -> Vec<Value> { of(result) }));
    errors
}

/// The items of a list; what is no list is one item, unless it says nothing.
fn each(value: &Value) -> Vec<Value> {
    match value {
        Value::Null | Value::Bool(false) => Vec::new(),
        Value::String(text) if text.trim().is_empty() => Vec::new(),
        Value::Object(members) if members.is_empty() => Vec::new(),
        Value::Array(items) => items.clone(),
        other => vec![other.clone()],
    }
}

fn results(answer: &Value) -> &[Value] {
    answer.get("result").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The items of a list, whatever it is called: the answer itself, or its first member that is one.
pub(crate) fn list(answer: Value) -> Option<Vec<Value>> {
    match answer {
        Value::Array(items) => Some(items),
        Value::Object(members) => members.into_iter().find_map(|(_, value)| match value {
            Value::Array(items) => Some(items),
            _ => None,
        }),
        _ => None,
    }
}

/// The API's own words about an error, fit for people; `None` where it has none, as a page of a gateway.
pub(crate) fn said(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let first = errors(&value).into_iter().next().unwrap_or_default();
    let word = |part: &Value| WORDS.iter().find_map(|name| presentable(part.get(name)?.as_str()?));
    word(&value).or_else(|| word(&first)).or_else(|| presentable(first.as_str()?))
}

/// One line, without personal numbers, not long.
fn presentable(text: &str) -> Option<String> {
    let apart = |character: char| character.is_whitespace() || character.is_control();
    let line = text.split(apart).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let line = without_personal_numbers(&line);
    let kept: String = line.chars().take(MAX_SAID_CHARS).collect();
    match kept.len() {
        0 => None,
        length if length < line.len() => Some(format!("{kept}…")),
        _ => Some(kept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn says(body: &str, expected: Option<&str>) {
        assert_eq!(said(body.as_bytes()).as_deref(), expected, "{body}");
    }

    #[test]
    fn records_of_all_systems_keep_their_values() {
        let fields = json!([
            { "name": "Alder", "label": "Alder", "value": 42 },
            { "name": "Aktiv", "value": true },
            { "name": "Alder", "value": 43 },
            { "name": "Tom" },
            { "value": "nameless" }
        ]);
        let answer = json!({ "result": [
            { "system": { "type": "salesforce" }, "records": [{ "id": 7, "fields": fields }, "odd"], "pinRecords": [{}] },
            { "records": [{ "id": "b" }] },
            { "system": { "type": "zendesk" } }
        ]});
        let found = records(&answer, "records");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0]["values"], json!({ "Alder": 42, "Aktiv": true, "Tom": null }));
        assert_eq!((&found[0]["system"], &found[1]["system"]), (&json!("salesforce"), &Value::Null));
        assert_eq!(text(found[0].get("id")).as_deref(), Some("7"));
        assert_eq!(records(&answer, "pinRecords").len(), 1);
        assert!(records(&json!([]), "records").is_empty());
    }

    #[test]
    fn errors_stand_beside_results_or_above_them() {
        let answer = json!({ "error": null, "result": [{ "errors": ["a", "b"] }, { "error": { "code": 1 } }] });
        assert_eq!(errors(&answer), [json!("a"), json!("b"), json!({ "code": 1 })]);
        let none = json!({ "errors": [], "error": "", "result": [{ "errors": {}, "error": false }] });
        assert!(errors(&none).is_empty());
    }

    #[test]
    fn a_list_may_have_any_name() {
        assert_eq!(list(json!([1])), Some(vec![json!(1)]));
        assert_eq!(list(json!({ "total": 1, "workflows": [2] })), Some(vec![json!(2)]));
        assert_eq!(list(json!({ "total": 1 })), None);
        assert_eq!(list(json!("x")), None);
    }

    #[test]
    fn its_words_are_found_where_they_stand() {
        says(r#"{"error":"x","message":" Feltet\nmangler "}"#, Some("Feltet mangler"));
        says(r#"{"errors":[{"message":"CPR 251248-4916 findes"}]}"#, Some("CPR [personnummer] findes"));
        says(r#"{"errors":["Nej"]}"#, Some("Nej"));
        says("<html>502</html>", None);
        says("{}", None);
        let long = format!("{{\"message\":\"{}\"}}", "å".repeat(301));
        says(&long, Some(&format!("{}…", "å".repeat(300))));
    }
}
