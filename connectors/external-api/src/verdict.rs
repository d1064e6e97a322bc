//! What an answer or a callback says: whether the action succeeded, why not, and which custom data it changed.

use serde_json::{Map, Value};

use crate::{reason, settings::Settings};

/// Names of custom data that are told, when the API sends more than is known.
const MAX_TOLD: usize = 20;

/// Longer names are cut before they are told.
const MAX_NAME_CHARS: usize = 100;

/// What the API says came of the action.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It is done.
    Succeeded {
        /// The custom data that it changed.
        data: Map<String, Value>,
        /// Custom data that it sent and nobody knows, by name.
        ignored: Vec<String>,
    },
    /// It is not done, perhaps with the API's own words, made fit for people.
    Unsuccessful { reason: Option<String> },
}

/// Reads a body, or says what it lacks. Whatever else stands in it is left alone.
pub(crate) fn read(body: &[u8], settings: &Settings) -> Result<Verdict, String> {
    let names = &settings.names;
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let value: Value = serde_json::from_slice(body).map_err(|_| "it is no JSON".to_owned())?;
    if !value.is_object() {
        return Err("it is JSON, and no object".to_owned());
    }
    let success = member(&value, &names.success).and_then(scalar);
    let success = success.ok_or_else(|| format!("it has no `{}` that is true or false", names.success))?;
    if !settings.success_values.iter().any(|value| value.to_lowercase() == success.to_lowercase()) {
        return Ok(Verdict::Unsuccessful { reason: told_reason(&value, settings) });
    }
    match member(&value, &names.data) {
        None | Some(Value::Null) => Ok(Verdict::Succeeded { data: Map::new(), ignored: Vec::new() }),
        Some(Value::Object(data)) => Ok(known(data, settings.known_data_fields.as_deref())),
        Some(_) => Err(format!("its `{}` is no object", names.data)),
    }
}

/// Why the action did not succeed, where the body says it: in the member of that name, or as a problem of RFC 9457.
pub(crate) fn refusal_reason(body: &[u8], settings: &Settings) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let problem = || ["detail", "title"].iter().find_map(|name| shown(value.get(name)?, settings));
    told_reason(&value, settings).or_else(problem)
}

fn told_reason(value: &Value, settings: &Settings) -> Option<String> {
    shown(member(value, &settings.names.reason)?, settings)
}

fn shown(text: &Value, settings: &Settings) -> Option<String> {
    reason::presentable(text, settings.max_reason_chars)
}

/// A member by its name, or by its JSON Pointer.
fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    if name.starts_with('/') { value.pointer(name) } else { value.get(name) }
}

/// Truth values, numbers and texts, in one spelling.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn known(data: &Map<String, Value>, known: Option<&[String]>) -> Verdict {
    let Some(known) = known else { return Verdict::Succeeded { data: data.clone(), ignored: Vec::new() } };
    let (taken, left): (Vec<_>, Vec<_>) = data.iter().partition(|(name, _)| known.contains(name));
    let told = |(name, _): &(&String, &Value)| name.chars().take(MAX_NAME_CHARS).collect();
    Verdict::Succeeded {
        data: taken.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        ignored: left.iter().take(MAX_TOLD).map(told).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(settings: Value) -> Settings {
        serde_json::from_value(settings).expect("settings")
    }

    #[track_caller]
    fn succeeds(body: &str, given: Value, expected: Value) {
        match read(body.as_bytes(), &settings(given)) {
            Ok(Verdict::Succeeded { data, .. }) => assert_eq!(Value::Object(data), expected, "{body}"),
            other => panic!("{body}: {other:?}"),
        }
    }

    #[track_caller]
    fn fails(body: &str, given: Value, expected: Option<&str>) {
        let expected = Verdict::Unsuccessful { reason: expected.map(str::to_owned) };
        assert_eq!(read(body.as_bytes(), &settings(given)), Ok(expected), "{body}");
    }

    #[test]
    fn success_has_many_spellings() {
        for success in ["true", "\"True\"", "1", "\" TRUE \""] {
            succeeds(&format!("{{\"success\":{success}}}"), json!({}), json!({}));
        }
        succeeds(
            "{\"result\":{\"status\":\"ok\"}}",
            json!({ "names": { "success": "/result/status" }, "success_values": ["OK"] }),
            json!({}),
        );
        succeeds("{\"success\":\"udført\"}", json!({ "success_values": ["UDFØRT"] }), json!({}));
    }

    #[test]
    fn anything_else_is_not_success() {
        for success in ["false", "0", "\"maybe\"", "2"] {
            fails(&format!("{{\"success\":{success},\"rejectedReason\":\"Nej\"}}"), json!({}), Some("Nej"));
        }
        fails("{\"success\":false}", json!({}), None);
    }

    #[test]
    fn what_says_neither_is_not_understood() {
        for body in ["", "<html>", "[]", "{}", "{\"success\":null}", "{\"success\":{}}", "{\"success\":\"\"}", "1"] {
            assert!(read(body.as_bytes(), &settings(json!({}))).is_err(), "{body}");
        }
        assert!(read(b"{\"success\":true,\"dataFields\":[1]}", &settings(json!({}))).is_err());
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        succeeds("\u{feff}{\"success\":true,\"dataFields\":{\"Å\":1}}", json!({}), json!({ "Å": 1 }));
    }

    #[test]
    fn unknown_custom_data_is_left_out_and_told() {
        let given = settings(json!({ "known_data_fields": ["A"] }));
        let verdict = read(b"{\"success\":true,\"dataFields\":{\"A\":1,\"B\":2}}", &given);
        let data = json!({ "A": 1 }).as_object().expect("an object").clone();
        assert_eq!(verdict, Ok(Verdict::Succeeded { data, ignored: vec!["B".into()] }));
    }

    #[test]
    fn a_refusal_may_be_a_problem_of_rfc_9457() {
        let reason = |body: &str| refusal_reason(body.as_bytes(), &settings(json!({})));
        assert_eq!(reason("{\"title\":\"Afvist\",\"detail\":\"Sagen er lukket\"}").as_deref(), Some("Sagen er lukket"));
        assert_eq!(reason("{\"rejectedReason\":\"Nej\",\"detail\":\"x\"}").as_deref(), Some("Nej"));
        assert_eq!(reason("<html>hunter2</html>"), None);
    }
}
