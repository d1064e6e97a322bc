//! Members of a target's JSON whose names are settings, because the target publishes none: by name, or by JSON Pointer
//! where the name begins with `/`. Null is not there.

use serde_json::Value;

/// The member of this name.
///
/// ```
/// # use sluse_sdk::{member, serde_json::json};
/// let value = json!({ "next": null, "page": { "number": 7 } });
/// assert_eq!(member::any(&value, "next"), None);
/// assert_eq!(member::text(&value, "/page/number").as_deref(), Some("7"));
/// ```
#[must_use]
pub fn any<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let found = if name.starts_with('/') { value.pointer(name) } else { value.get(name) };
    found.filter(|value| !value.is_null())
}

/// A member that is a text, or a number written as one. A blank text is not there.
#[must_use]
pub fn text(value: &Value, name: &str) -> Option<String> {
    match any(value, name)? {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The entries of a member that is a list.
#[must_use]
pub fn list<'v>(value: &'v Value, name: &str) -> Option<&'v [Value]> {
    any(value, name)?.as_array().map(Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_may_be_written_as_a_number() {
        let value = json!({ "a": " Ærø ", "b": 17, "c": " ", "d": null, "e": [1], "f/g": "x" });
        assert_eq!(text(&value, "a").as_deref(), Some("Ærø"));
        assert_eq!(text(&value, "b").as_deref(), Some("17"));
        assert!(["c", "d", "e", "x"].iter().all(|name| text(&value, name).is_none()));
        assert_eq!(text(&value, "/f~1g").as_deref(), Some("x"));
    }

    #[test]
    fn a_list_is_a_list() {
        let value = json!({ "a": [1, 2], "b": {} });
        assert_eq!(list(&value, "a").map(<[Value]>::len), Some(2));
        assert!(list(&value, "b").is_none() && list(&value, "c").is_none());
    }
}
