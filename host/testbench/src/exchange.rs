//! One exchange of a script: the request that the target must see, and what it answers, as both are written down. The
//! host that plays the script is in `host`.

mod compared; // a request beside its expectation

use std::{fs, path::Path};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sluse_connector::{Answer, Response, SendError};

use crate::{CaseError, outcome::given};

pub(crate) use compared::views;

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
    /// How long it may take; null means as long as the endpoint's may.
    #[serde(default, deserialize_with = "given")]
    pub timeout_ms: Option<Option<u64>>,
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
