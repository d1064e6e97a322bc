//! Laying a request beside its expectation: both in the same form, as far as the expectation goes.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use sluse_connector::{Body, Content, Effect, Part, Request};

use super::{EffectName, Expectation, ExpectedPart};
use crate::CaseAttachment;

/// The expected request and the real one, each as far as the expectation goes, in the same form.
pub(crate) fn views(expected: &Expectation, request: &Request, attachments: &[CaseAttachment]) -> (Value, Value) {
    let mut wanted = json!({ "method": expected.method, "path": expected.path, "reconciled": expected.reconciled });
    let mut seen = json!({
        "method": request.method.as_str(),
        "path": comparable_path(&expected.path, &request.path),
        "reconciled": request.reconciled,
    });
    if let Some(effect) = &expected.effect {
        wanted["effect"] = json!(effect);
        seen["effect"] = json!(effect_name(request.effect));
    }
    if let Some(intent_key) = &expected.intent_key {
        wanted["intent_key"] = json!(intent_key);
        seen["intent_key"] = json!(request.intent_key);
    }
    if let Some(endpoint) = &expected.endpoint {
        wanted["endpoint"] = json!(endpoint);
        seen["endpoint"] = json!(request.endpoint.as_deref().unwrap_or("default"));
    }
    if let Some(keep) = &expected.keep {
        wanted["keep"] = json!(keep);
        seen["keep"] = json!(request.keep.as_ref().map(|keep| &keep.name));
    }
    if let Some(timeout_ms) = &expected.timeout_ms {
        wanted["timeout_ms"] = json!(timeout_ms);
        seen["timeout_ms"] = json!(request.timeout.map(|timeout| timeout.as_millis()));
    }
    if !expected.headers.is_empty() {
        wanted["headers"] = Value::Object(expected.headers.clone());
        seen["headers"] = seen_headers(&expected.headers, &request.headers);
    }
    wanted["body"] = wanted_body(expected);
    seen["body"] = seen_body(expected, &request.body, attachments);
    (wanted, seen)
}

/// Decoded, unless the script holds the path as it is sent.
fn comparable_path(expected: &str, path: &str) -> String {
    if expected == path {
        return path.to_owned();
    }
    percent_decode_str(path).decode_utf8().map_or_else(|_| path.to_owned(), Into::into)
}

fn effect_name(effect: Effect) -> EffectName {
    match effect {
        Effect::Read => EffectName::Read,
        Effect::Repeatable => EffectName::Repeatable,
        Effect::Once => EffectName::Once,
    }
}

fn seen_headers(expected: &Map<String, Value>, headers: &[(String, String)]) -> Value {
    let value_of = |name: &String| {
        let line = headers.iter().find(|(seen, _)| seen.eq_ignore_ascii_case(name));
        (name.clone(), line.map_or(Value::Null, |(_, value)| Value::from(value.clone())))
    };
    expected.keys().map(value_of).collect::<Map<_, _>>().into()
}

fn wanted_body(expected: &Expectation) -> Value {
    match &expected.parts {
        Some(parts) => json!({ "parts": parts.iter().map(wanted_part).collect::<Vec<_>>() }),
        None => wanted_content(&expected.json, &expected.text, &expected.lines, &expected.attachment),
    }
}

fn wanted_part(part: &ExpectedPart) -> Value {
    json!({ "headers": part.headers, "body": wanted_content(&part.json, &part.text, &part.lines, &part.attachment) })
}

fn wanted_content(
    json: &Option<Value>,
    text: &Option<String>,
    lines: &Option<Vec<String>>,
    attachment: &Option<String>,
) -> Value {
    match (json, text, lines, attachment) {
        (Some(value), ..) => json!({ "json": value }),
        (_, Some(text), ..) => text_view(text),
        (_, _, Some(lines), _) => text_view(&lines.join("\n")),
        (_, _, _, Some(name)) => json!({ "attachment": name }),
        _ => json!("empty"),
    }
}

fn seen_body(expected: &Expectation, body: &Body, attachments: &[CaseAttachment]) -> Value {
    match body {
        Body::Empty => json!("empty"),
        Body::Content(content) => {
            seen_content(expected.text.is_some() || expected.lines.is_some(), content, attachments)
        }
        Body::Multipart(multipart) => {
            let expected = expected.parts.as_deref().unwrap_or_default();
            let view = |(index, part): (usize, &Part)| seen_part(expected.get(index), part, attachments);
            json!({ "parts": multipart.parts.iter().enumerate().map(view).collect::<Vec<_>>() })
        }
    }
}

fn seen_part(expected: Option<&ExpectedPart>, part: &Part, attachments: &[CaseAttachment]) -> Value {
    let headers = match expected {
        Some(expected) => seen_headers(&expected.headers, &part.headers),
        None => part.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>().into(),
    };
    let as_text = expected.is_some_and(|expected| expected.text.is_some() || expected.lines.is_some());
    json!({ "headers": headers, "body": seen_content(as_text, &part.content, attachments) })
}

fn seen_content(as_text: bool, content: &Content, attachments: &[CaseAttachment]) -> Value {
    match content {
        Content::Attachment(id) => {
            let found = attachments.iter().find(|attachment| attachment.attachment.id.to_string() == *id);
            json!({ "attachment": found.map_or(id, |found| &found.attachment.name) })
        }
        Content::Bytes(bytes) => match serde_json::from_slice::<Value>(bytes) {
            Ok(value) if !as_text => json!({ "json": value }),
            _ => text_view(&String::from_utf8_lossy(bytes)),
        },
    }
}

fn text_view(text: &str) -> Value {
    let text = text.replace("\r\n", "\n");
    json!({ "lines": text.trim_end_matches('\n').split('\n').collect::<Vec<_>>() })
}
