//! One exchange of a script: the request that the target must see, and what it answers. Writing both down,
//! and laying a request beside its expectation; the host that plays the script is in `host`.

use std::{fs, path::Path};

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sluse_connector::{Answer, Body, Content, Effect, Part, Request, Response, SendError};

use crate::{CaseAttachment, CaseError, outcome::given};

/// One request and its answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Why it is there, for readers.
    #[serde(default)]
    pub note: Option<String>,
    /// The request that the target must see.
    pub expect: Expectation,
    /// What it answers.
    pub answer: ScriptedAnswer,
}

/// The request that the target must see. What is left out is not compared, except body and `reconciled`:
/// left out they mean an empty one and `false`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The method on the wire.
    pub method: String,
    /// Path and query as sent, or percent-decoded.
    pub path: String,
    /// Headers that must be there with these values; null means that there must be none.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// The body is a JSON text of this value.
    #[serde(default)]
    pub json: Option<Value>,
    /// The body is this text; line ends may be LF or CRLF.
    #[serde(default)]
    pub text: Option<String>,
    /// The body is the text with these lines.
    #[serde(default)]
    pub lines: Option<Vec<String>>,
    /// The body is the attachment of this name.
    #[serde(default)]
    pub attachment: Option<String>,
    /// The body is a multipart one with these parts.
    #[serde(default)]
    pub parts: Option<Vec<ExpectedPart>>,
    /// `read`, `repeatable` or `once`.
    #[serde(default)]
    pub effect: Option<EffectName>,
    #[serde(default)]
    pub intent_key: Option<String>,
    #[serde(default)]
    pub reconciled: bool,
    #[serde(default)]
    pub endpoint: Option<String>,
    /// The name under which the answer's body is kept as an attachment; null means that it is handed over.
    #[serde(default, deserialize_with = "given")]
    pub keep: Option<Option<String>>,
}

/// The name of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectName {
    Read,
    Repeatable,
    Once,
}

/// One part of a multipart body.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedPart {
    #[serde(default)]
    pub headers: Map<String, Value>,
    #[serde(default)]
    pub json: Option<Value>,
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub lines: Option<Vec<String>>,
    #[serde(default)]
    pub attachment: Option<String>,
}

/// What the target answers: a status, or why there is no answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedAnswer {
    /// There is an answer, with this status.
    #[serde(default)]
    pub status: Option<u16>,
    #[serde(default)]
    pub headers: Map<String, Value>,
    #[serde(default)]
    pub json: Option<Value>,
    #[serde(default)]
    pub text: Option<String>,
    /// Lines that end with CRLF.
    #[serde(default)]
    pub lines: Option<Vec<String>>,
    /// The file of the case whose bytes they are.
    #[serde(default)]
    pub file: Option<String>,
    #[serde(skip)]
    pub(crate) bytes: Bytes,
    /// There is no answer, for this reason.
    #[serde(default)]
    pub error: Option<SendErrorKind>,
    /// What the host says about it.
    #[serde(default)]
    pub message: String,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SendErrorKind {
    Forbidden,
    Unreachable,
    Interrupted,
    TooLarge,
}

/// A larger answer than any script holds.
const TOO_LARGE_BYTES: u64 = 8 << 20;

impl Exchange {
    /// What is wrong with it as it is written.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let bodies = |bodies: &[bool]| bodies.iter().filter(|given| **given).count();
        let Expectation { json, text, lines, attachment, parts, .. } = &self.expect;
        if bodies(&[json.is_some(), text.is_some(), lines.is_some(), attachment.is_some(), parts.is_some()]) > 1 {
            return Some("`expect` has more than one body");
        }
        let ScriptedAnswer { status, json, text, lines, file, error, .. } = &self.answer;
        if status.is_some() == error.is_some() {
            return Some("`answer` needs either `status` or `error`");
        }
        (bodies(&[json.is_some(), text.is_some(), lines.is_some(), file.is_some()]) > 1)
            .then_some("`answer` has more than one body")
    }
}

impl ScriptedAnswer {
    /// Reads the file that it names, beside `path`.
    pub(crate) fn read_file(&mut self, path: &Path) -> Result<(), CaseError> {
        if let Some(name) = &self.file {
            let path = path.with_file_name(name);
            self.bytes = fs::read(&path).map_err(|source| CaseError::unreadable(&path, source))?.into();
        }
        Ok(())
    }

    pub(crate) fn play(&self) -> Result<Response, SendError> {
        if let Some(error) = self.error {
            return Err(error.with(self.message.clone()));
        }
        let mut headers: Vec<(String, String)> =
            self.headers.iter().map(|(name, value)| (name.clone(), plain(value))).collect();
        if self.json.is_some() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            headers.push(("Content-Type".into(), "application/json".into()));
        }
        let body: Bytes = match (&self.json, &self.text, &self.lines) {
            (Some(value), _, _) => value.to_string().into(),
            (_, Some(text), _) => text.clone().into(),
            (_, _, Some(lines)) => lines.iter().map(|line| format!("{line}\r\n")).collect::<String>().into(),
            _ => self.bytes.clone(),
        };
        // The case was refused when it was read, unless it has a status or an error.
        Ok(Response { status: self.status.unwrap_or(200), headers, body: Answer::Bytes(body) })
    }
}

impl SendErrorKind {
    fn with(self, message: String) -> SendError {
        match self {
            Self::Forbidden => SendError::Forbidden(message),
            Self::Unreachable => SendError::Unreachable(message),
            Self::Interrupted => SendError::Interrupted(message),
            Self::TooLarge => SendError::TooLarge(TOO_LARGE_BYTES),
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

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
