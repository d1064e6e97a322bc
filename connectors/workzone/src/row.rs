//! Reading what a row holds, whichever version wrote it.

use serde_json::{Map, Value};
use sluse_sdk::Failure;

use crate::problem;

/// A property as text; `None` when it is blank. IDs are texts, but not every service writes them so.
pub(crate) fn text(row: &Value, property: &str) -> Option<String> {
    match row.get(property)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The ID of a row that was read.
pub(crate) fn id(row: &Value) -> Result<String, Failure> {
    text(row, "ID").ok_or_else(|| problem::not_understood("a row without ID"))
}

/// Whether a property holds nothing: null, missing, or blank text.
pub(crate) fn is_blank(row: &Value, property: &str) -> bool {
    match row.get(property) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(_) => false,
    }
}

/// Whether a property holds this value, as far as one can tell: v3 writes decimals as texts, and a day may
/// come back as midnight.
pub(crate) fn holds(row: &Value, property: &str, value: &Value) -> bool {
    let stored = row.get(property).unwrap_or(&Value::Null);
    if stored == value || blank(stored) && blank(value) {
        return true;
    }
    match (number(stored), number(value)) {
        (Some(stored), Some(value)) if stored == value => return true,
        _ => {}
    }
    match (stored, value) {
        (Value::String(stored), Value::String(value)) => {
            value.len() == 10 && stored.strip_prefix(value.as_str()).is_some_and(|rest| rest.starts_with("T00:00:00"))
        }
        _ => false,
    }
}

/// The values that a row does not hold yet.
pub(crate) fn differing(row: &Value, wanted: &Map<String, Value>) -> Map<String, Value> {
    let differs = |(property, value): &(&String, &Value)| !holds(row, property, value);
    wanted.iter().filter(differs).map(|(property, value)| (property.clone(), value.clone())).collect()
}

fn blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// Texts count as numbers only beside a number, so that `007` and `7` stay different texts.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) if text.contains('.') => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn blank_is_null_missing_or_spaces() {
        let row = json!({ "A": null, "B": "  ", "C": 0, "D": false, "E": "x" });
        for (property, expected) in [("A", true), ("B", true), ("Z", true), ("C", false), ("D", false), ("E", false)] {
            assert_eq!(is_blank(&row, property), expected, "{property}");
        }
    }

    #[test]
    fn the_same_value_is_known_in_another_spelling() {
        let row = json!({ "AREAL": "125.5", "DATO": "2026-01-31T00:00:00Z", "NR": "007", "TEKST": null });
        assert!(holds(&row, "AREAL", &json!(125.5)));
        assert!(holds(&row, "DATO", &json!("2026-01-31")));
        assert!(holds(&row, "TEKST", &json!("")));
        assert!(!holds(&row, "NR", &json!("7")));
        assert!(!holds(&row, "DATO", &json!("2026-02-01")));
    }

    #[test]
    fn an_id_may_be_a_number() {
        assert_eq!(id(&json!({ "ID": 67453 })).expect("an ID"), "67453");
        assert!(id(&json!({ "ID": "" })).is_err());
    }
}
