//! How a request can fail, told apart by what the target may have seen of it.

use std::error::Error;

use crate::Refusal;

/// A request that brought no answer to hand over.
///
/// The texts carry no URL, no query and no known secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// A rule forbade the request. Nothing was sent.
    #[error("{0}")]
    Forbidden(Refusal),
    /// The request's own body could not be read, which is our fault and not the target's. Nothing was sent.
    #[error("the request's body could not be read: {0}")]
    BodyUnreadable(String),
    /// The target was not reached: name, connection or TLS handshake failed. Nothing was sent.
    #[error("{0}")]
    Unreachable(String),
    /// The target did not let the endpoint's user sign in, or was not asked to, so that the user's account is not
    /// locked: somebody has to correct the credential. Nothing was sent.
    #[error("{0}")]
    NotSignedIn(String),
    /// The request may have been sent, in whole or in part, and no complete answer came.
    #[error("{0}")]
    Interrupted(String),
    /// The request was sent; its answer is larger than this many bytes.
    #[error(
        "the answer is larger than {0} bytes: raise `max_response_bytes` of the endpoint, within `egress.max_response_bytes` in sluse.toml"
    )]
    TooLarge(u64),
    /// The request was sent; its answer broke a rule and was not handed over (or not to its end).
    #[error("{0}")]
    AnswerRefused(Refusal),
}

impl SendError {
    /// Whether the target certainly saw nothing of the request, so that it may go again.
    pub fn nothing_was_sent(&self) -> bool {
        matches!(self, Self::Forbidden(_) | Self::BodyUnreadable(_) | Self::Unreachable(_) | Self::NotSignedIn(_))
    }
}

/// The first `T` among an error and what caused it.
pub(crate) fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// An error with its causes in one line, each said once. The caller has taken the URL off.
pub(crate) fn told(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let part = error.to_string();
        if !text.contains(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        next = error.source();
    }
    text
}
