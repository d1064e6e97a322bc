//! Who asked what over which connection. Secrets stay out: of `Authorization` only its scheme and a digest are kept.

use http::request::Parts;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// One request as it arrived.
#[derive(Debug, Clone, Serialize)]
pub struct LoggedRequest {
    /// Position in the log, from 1.
    pub number: usize,
    /// Number of the TCP connection, from 1.
    pub connection: u64,
    /// Verb.
    pub method: String,
    /// Path, percent-encoded as sent.
    pub path: String,
    /// Query string as sent.
    pub query: String,
    /// Headers that tests ask about, lower-case names.
    pub headers: BTreeMap<String, String>,
    /// `Authorization`, if it was there.
    pub authorization: Option<LoggedAuthorization>,
    /// Parts of a batch, such as `POST Records -> 201`.
    pub parts: Vec<String>,
    /// Status of the answer; none when the connection was dropped or the answer is not out yet.
    pub status: Option<u16>,
    /// `open`, `answered`, or the kind of fault that shaped the answer.
    pub outcome: String,
}

/// What is kept of `Authorization`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoggedAuthorization {
    /// `Bearer`, `Basic`.
    pub scheme: String,
    /// SHA-256 of the whole value in hex; tells tokens apart without showing them.
    pub sha256: String,
}

const KEPT_HEADERS: [&str; 22] = [
    "accept",
    "archiveid",
    "content-length",
    "content-type",
    "dataserviceversion",
    "host",
    "if-match",
    "maxdataserviceversion",
    "odata-maxversion",
    "odata-version",
    "onbehalfof",
    "prefer",
    "slug",
    "state",
    "traceparent",
    "transfer-encoding",
    "uselog-application",
    "uselog-clienthost",
    "uselog-identity",
    "uselog-window",
    "user-agent",
    "x-http-method",
];

/// All requests so far; those to `/_control` are not counted.
#[derive(Debug, Default)]
pub(super) struct RequestLog {
    entries: Vec<LoggedRequest>,
}

impl RequestLog {
    /// Notes a request; gives its number.
    pub(super) fn begin(&mut self, connection: u64, parts: &Parts) -> usize {
        let header = |name: &str| {
            Some((name.to_owned(), String::from_utf8_lossy(parts.headers.get(name)?.as_bytes()).into_owned()))
        };
        let number = self.entries.len() + 1;
        self.entries.push(LoggedRequest {
            number,
            connection,
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: KEPT_HEADERS.iter().filter_map(|name| header(name)).collect(),
            authorization: parts.headers.get("authorization").map(|value| LoggedAuthorization::new(value.as_bytes())),
            parts: Vec::new(),
            status: None,
            outcome: "open".to_owned(),
        });
        number
    }

    /// Notes how a request ended.
    pub(super) fn finish(&mut self, number: usize, status: Option<u16>, outcome: &str) {
        if let Some(entry) = self.entries.get_mut(number - 1) {
            entry.status = status;
            entry.outcome = outcome.to_owned();
        }
    }

    /// Notes a part of a batch.
    pub(super) fn part(&mut self, number: usize, part: String) {
        if let Some(entry) = self.entries.get_mut(number - 1) {
            entry.parts.push(part);
        }
    }

    /// All entries, oldest first.
    pub(super) fn entries(&self) -> &[LoggedRequest] {
        &self.entries
    }
}

impl LoggedAuthorization {
    fn new(value: &[u8]) -> LoggedAuthorization {
        let scheme = value.split(|byte| *byte == b' ').next().unwrap_or_default();
        LoggedAuthorization {
            scheme: String::from_utf8_lossy(scheme).into_owned(),
            sha256: hex(&Sha256::digest(value)),
        }
    }
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
