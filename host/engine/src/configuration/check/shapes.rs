//! What a schema says of a place, without a value: whether a path can exist at all.

use serde_json::Value;

use crate::mapping::{Segment, did_you_mean, push_key};

/// Why a path cannot exist in values of this schema; `None` when it may.
///
/// Follows `properties`, `items` and references inside the schema. Where a schema is open, anything may exist.
pub(super) fn excluded(schema: &Value, segments: &[Segment]) -> Option<String> {
    // A reference may lead to itself; a path has few segments.
    const MAX_REFERENCES: usize = 16;
    let mut at = schema;
    for segment in segments {
        for _ in 0..MAX_REFERENCES {
            let Some(reference) = at.get("$ref").and_then(Value::as_str) else { break };
            at = schema.pointer(reference.strip_prefix('#')?)?;
        }
        at = match segment {
            Segment::Index(_) => at.get("items")?,
            Segment::Key(key) => match at.get("properties").and_then(|properties| properties.get(key)) {
                Some(property) => property,
                None if is_closed(at) => return Some(unknown(at, key)),
                None => return None,
            },
        };
    }
    None
}

fn is_closed(schema: &Value) -> bool {
    schema.get("additionalProperties") == Some(&Value::Bool(false)) && schema.get("patternProperties").is_none()
}

fn unknown(schema: &Value, key: &str) -> String {
    let known = schema.get("properties").and_then(Value::as_object);
    let hint = known.map(|known| did_you_mean(key, known.keys().map(String::as_str))).unwrap_or_default();
    format!("has no `{key}`{hint}")
}

/// A JSON pointer as a dotted path behind `base`.
pub(super) fn pointer_to_path(base: &str, pointer: &str) -> String {
    let mut path = base.to_owned();
    for part in pointer.split('/').skip(1) {
        let key = part.replace("~1", "/").replace("~0", "~");
        if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
            path.push_str(&format!("[{key}]"));
        } else {
            push_key(&mut path, &key);
        }
    }
    path
}
