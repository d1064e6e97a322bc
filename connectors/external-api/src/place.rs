//! Places in JSON, as settings name them: `customer.name`, `orders.0.id`, or a JSON Pointer (RFC 6901) where the place
//! begins with `/`. The empty place is the whole.

use std::borrow::Cow;

use serde_json::Value;

/// What stands there.
pub(crate) fn find<'v>(value: &'v Value, place: &str) -> Option<&'v Value> {
    value.pointer(&pointer(place))
}

/// What stands there, to be taken.
pub(crate) fn find_mut<'v>(value: &'v mut Value, place: &str) -> Option<&'v mut Value> {
    value.pointer_mut(&pointer(place))
}

fn pointer(place: &str) -> Cow<'_, str> {
    if place.is_empty() || place.starts_with('/') {
        return Cow::Borrowed(place);
    }
    Cow::Owned(format!("/{}", place.replace('~', "~0").replace('/', "~1").replace('.', "/")))
}

/// A text that is not blank, or a number written as one.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The place without the `?` that says that it may be missing, and whether it was there.
pub(crate) fn optional(place: &str) -> (&str, bool) {
    place.strip_suffix('?').map_or((place, false), |place| (place, true))
}

/// It is there, and is more than null, false, zero or empty.
pub(crate) fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(place: &str, expected: Option<Value>) {
        let value = json!({ "kunde": { "by": "Ærø", "a/b": 1, "a.b": 2 }, "ordrer": [{ "id": 7 }], "intet": null });
        let expected = if place.is_empty() { Some(value.clone()) } else { expected };
        assert_eq!(find(&value, place), expected.as_ref(), "{place}");
    }

    #[test]
    fn a_place_is_dotted_or_a_pointer() {
        check("kunde.by", Some(json!("Ærø")));
        check("/kunde/by", Some(json!("Ærø")));
        check("ordrer.0.id", Some(json!(7)));
        check("", None);
    }

    #[test]
    fn names_with_signs_are_found() {
        check("kunde.a/b", Some(json!(1)));
        check("/kunde/a.b", Some(json!(2)));
    }

    #[test]
    fn null_is_there_and_a_wrong_place_is_not() {
        check("intet", Some(json!(null)));
        check("kunde.by.navn", None);
        check("ordrer.1", None);
    }

    #[test]
    fn nothing_has_many_forms() {
        for nothing in [json!(null), json!(false), json!(0), json!(0.0), json!(" "), json!([]), json!({})] {
            assert!(!says_something(&nothing), "{nothing}");
        }
        assert!(says_something(&json!([0])) && says_something(&json!("0")));
    }
}
