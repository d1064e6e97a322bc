//! Why there is no answer, and which failure that is.

use super::{Effect, SendErrorReason};
use crate::Failure;
use std::fmt;

/// Why a request has no answer. `?` turns it into the right [`Failure`]:
///
/// | reason | failure |
/// |---|---|
/// | forbidden | denied, with the host's text |
/// | unreachable | unavailable |
/// | interrupted | unknown when it must happen once, else unavailable |
/// | too large | rejected |
///
/// A connector that can look whether it happened matches on [`reason`](Self::reason) instead.
#[derive(Debug, Clone, PartialEq)]
pub struct SendError {
    /// What the host says.
    pub reason: SendErrorReason,
    /// What the request would have done.
    pub effect: Effect,
}

impl SendError {
    /// It may have reached the target.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self.reason, SendErrorReason::Interrupted(_))
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            SendErrorReason::Forbidden(text) => write!(formatter, "forbidden by the host: {text}"),
            SendErrorReason::Unreachable(text) => write!(formatter, "no connection was made: {text}"),
            SendErrorReason::Interrupted(text) => write!(formatter, "sent and not answered: {text}"),
            SendErrorReason::TooLarge(limit_bytes) => {
                write!(formatter, "the answer is larger than {limit_bytes} bytes")
            }
        }
    }
}

impl std::error::Error for SendError {}

impl From<SendError> for Failure {
    fn from(error: SendError) -> Self {
        let detail = error.to_string();
        let failure = match (error.reason, error.effect) {
            (SendErrorReason::Forbidden(_), _) => {
                Self::denied("request-forbidden", "The host does not allow this request.")
            }
            (SendErrorReason::Unreachable(_), _) => {
                Self::unavailable("target-unreachable", "The target cannot be reached now.")
            }
            (SendErrorReason::Interrupted(_), Effect::Once) => {
                Self::unknown("request-interrupted", "The target did not answer; it may have happened.")
            }
            (SendErrorReason::Interrupted(_), Effect::Read | Effect::Repeatable) => {
                Self::unavailable("request-interrupted", "The target did not answer.")
            }
            (SendErrorReason::TooLarge(_), _) => {
                Self::rejected("answer-too-large", "The target's answer is too large.")
            }
        };
        failure.detail(detail)
    }
}
