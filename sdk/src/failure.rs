//! What a connector says when it did not work: constructors, and the class that each error of the host
//! belongs to, so that `?` says the right thing.

use crate::bindings::connector::sluse::connector::{attachments, callbacks, folders, numbers, types as wire};
use crate::json;

pub use wire::{Failure, Problem};

impl Problem {
    fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), detail: None }
    }
}

/// `code` is a stable short name in kebab-case for programs; `message` one sentence for the person who
/// runs the flow, in the language of that person.
impl Failure {
    /// The input or the settings cannot be right; no attempt with the same input will help.
    #[must_use]
    pub fn invalid(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(Problem::new(code, message))
    }

    /// The target understood and refused: a closed case, a missing record, a broken rule.
    #[must_use]
    pub fn rejected(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Rejected(Problem::new(code, message))
    }

    /// The target refused who we are or what we may do.
    #[must_use]
    pub fn denied(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Denied(Problem::new(code, message))
    }

    /// The target could not answer now. Nothing that must happen once is in doubt.
    #[must_use]
    pub fn unavailable(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Unavailable(wire::Unavailable { problem: Problem::new(code, message), retry_after_ms: None })
    }

    /// It may or may not have happened, and there is no way to look.
    #[must_use]
    pub fn unknown(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Unknown(Problem::new(code, message))
    }

    /// Adds what support needs to find the cause. Never secrets, personal numbers or stack traces.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.problem_mut().detail = Some(detail.into());
        self
    }

    /// Adds how long the target asked us to wait, in milliseconds. Only [`Failure::unavailable`] has a
    /// place for it; any other failure stays as it is.
    #[must_use]
    pub fn retry_after(mut self, wait_ms: u64) -> Self {
        if let Self::Unavailable(unavailable) = &mut self {
            unavailable.retry_after_ms = Some(wait_ms);
        }
        self
    }

    /// The texts, whatever the class.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        match self {
            Self::Invalid(problem) | Self::Rejected(problem) | Self::Denied(problem) | Self::Unknown(problem) => {
                problem
            }
            Self::Unavailable(unavailable) => &unavailable.problem,
        }
    }

    fn problem_mut(&mut self) -> &mut Problem {
        match self {
            Self::Invalid(problem) | Self::Rejected(problem) | Self::Denied(problem) | Self::Unknown(problem) => {
                problem
            }
            Self::Unavailable(unavailable) => &mut unavailable.problem,
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::invalid("json-does-not-fit", "Some data is not what the connector expects.").detail(json::reason(&error))
    }
}

impl From<attachments::AttachmentError> for Failure {
    fn from(error: attachments::AttachmentError) -> Self {
        use attachments::AttachmentError as E;
        match error {
            E::Forbidden(reason) => {
                Self::invalid("attachment-forbidden", "The host does not keep such a file.").detail(reason)
            }
            E::NotFound => Self::invalid("attachment-not-found", "There is no such attachment in this run."),
            E::TooLarge(limit_bytes) => Self::invalid("attachment-too-large", "The attachment is too large.")
                .detail(format!("the call may hold {limit_bytes} bytes")),
            E::Unavailable(reason) => {
                Self::unavailable("attachment-unavailable", "The attachment cannot be read or kept now.").detail(reason)
            }
        }
    }
}

impl From<folders::FolderError> for Failure {
    fn from(error: folders::FolderError) -> Self {
        use folders::FolderError as E;
        match error {
            E::Forbidden(reason) => Self::denied("folder-forbidden", "The file may not be put there.").detail(reason),
            E::Invalid(reason) => {
                Self::invalid("file-invalid", "No file may be called so, or be that large.").detail(reason)
            }
            E::Conflict(reason) => {
                Self::rejected("file-conflict", "Another file of this name is there already.").detail(reason)
            }
            E::Unclear(reason) => {
                Self::unknown("file-unclear", "The file may have been published already.").detail(reason)
            }
            E::Unavailable(reason) => {
                Self::unavailable("folder-unavailable", "The folder cannot be written now.").detail(reason)
            }
        }
    }
}

impl From<numbers::NumberError> for Failure {
    fn from(error: numbers::NumberError) -> Self {
        use numbers::NumberError as E;
        match error {
            E::Forbidden(reason) => Self::denied("numbers-forbidden", "These numbers may not be used.").detail(reason),
            E::Unavailable(reason) => {
                Self::unavailable("numbers-unavailable", "No number can be reserved now.").detail(reason)
            }
        }
    }
}

impl From<callbacks::CallbackError> for Failure {
    fn from(error: callbacks::CallbackError) -> Self {
        use callbacks::CallbackError as E;
        match error {
            E::Forbidden(reason) => Self::denied("callback-forbidden", "The host takes no answer here.").detail(reason),
            E::Unavailable(reason) => {
                Self::unavailable("callback-unavailable", "No address for the answer can be opened now.").detail(reason)
            }
        }
    }
}
