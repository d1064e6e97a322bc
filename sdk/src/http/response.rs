//! One answer: reading it, and saying what a status means.

use super::{Answer, Effect, retry_after};
use crate::bindings::connector::sluse::connector::http as wire;
use crate::{Failure, json};
use serde::de::DeserializeOwned;
use std::borrow::Cow;

/// Some Windows services write it before their JSON.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whatever the target answered, also 4xx and 5xx. Redirects are answers too.
#[derive(Debug, Clone)]
pub struct Response {
    response: wire::Response,
    effect: Effect,
}

impl Response {
    pub(super) fn new(response: wire::Response, effect: Effect) -> Self {
        Self { response, effect }
    }

    /// The status code, 200 to 599.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.response.status
    }

    /// The status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status())
    }

    /// The first header line of this name, compared without case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let line = self.response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        line.map(|header| header.value.as_str())
    }

    /// How long the target asks to be left alone, in milliseconds: `Retry-After` in seconds, or as a date, which
    /// counts from the answer's own `Date`. `None` when it does not say, or says a date without being dated.
    #[must_use]
    pub fn retry_after_ms(&self) -> Option<u64> {
        retry_after::wait_ms(self.header("retry-after")?, self.header("date"))
    }

    /// The body in hand; empty when it was kept as an attachment.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.response.body {
            Answer::Bytes(bytes) => bytes,
            Answer::Attachment(_) => &[],
        }
    }

    /// The body in hand, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        match self.response.body {
            Answer::Bytes(bytes) => bytes,
            Answer::Attachment(_) => Vec::new(),
        }
    }

    /// The id of the attachment under which the body was kept, when the request asked for it.
    #[must_use]
    pub fn attachment(&self) -> Option<&str> {
        match &self.response.body {
            Answer::Attachment(id) => Some(id),
            Answer::Bytes(_) => None,
        }
    }

    /// The body as UTF-8; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes())
    }

    /// The body read as JSON, whether or not a byte order mark stands before it.
    ///
    /// # Errors
    /// `rejected` with the path of what does not fit: the target answered, and not as agreed.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let bytes = self.bytes();
        json::locate(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)).map_err(|misfit| {
            Failure::rejected("unexpected-answer", "The target's answer is not what was agreed.").detail(format!(
                "status {}, at `{}`: {}",
                self.status(),
                misfit.path,
                misfit.reason
            ))
        })
    }

    /// The answer itself when its status is 2xx.
    ///
    /// # Errors
    /// The failure that [`failure`](Self::failure) makes of the status.
    pub fn require_success(self) -> Result<Self, Failure> {
        if self.is_success() {
            return Ok(self);
        }
        Err(self.failure("target-refused", format!("The target answered with status {}.", self.status())))
    }

    /// A failure of the class that the status belongs to, with the connector's own words.
    ///
    /// 401, 403 and 407 are `denied`; 429 and 503 `unavailable`, with [`retry_after_ms`](Self::retry_after_ms)
    /// when the target says it; 408, 500, 502 and 504 `unknown` when the request must happen once, because the
    /// target may have acted, else `unavailable`; everything else is `rejected`.
    #[must_use]
    pub fn failure(&self, code: impl Into<String>, message: impl Into<String>) -> Failure {
        match self.status() {
            401 | 403 | 407 => Failure::denied(code, message),
            429 | 503 => self.unavailable(code, message),
            408 | 500 | 502 | 504 if self.effect == Effect::Once => Failure::unknown(code, message),
            408 | 500 | 502 | 504 => self.unavailable(code, message),
            _ => Failure::rejected(code, message),
        }
    }

    fn unavailable(&self, code: impl Into<String>, message: impl Into<String>) -> Failure {
        let failure = Failure::unavailable(code, message);
        match self.retry_after_ms() {
            Some(wait_ms) => failure.retry_after(wait_ms),
            None => failure,
        }
    }
}
