//! Requests and answers, as a component sees them. Mirrors `http` of the WIT contract.

use std::time::Duration;

use bytes::Bytes;

/// The methods that leave the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    Get,
    Head,
    Options,
    Post,
    Put,
    Patch,
    Merge,
    Delete,
}

impl Method {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Merge => "MERGE",
            Self::Delete => "DELETE",
        }
    }

    /// What a request with this method does unless the component says otherwise.
    pub fn usual_effect(self) -> Effect {
        match self {
            Self::Get | Self::Head | Self::Options => Effect::Read,
            Self::Put | Self::Delete => Effect::Repeatable,
            Self::Post | Self::Patch | Self::Merge => Effect::Once,
        }
    }
}

/// What a request does at the target, and so how often it may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It changes nothing.
    Read,
    /// Doing it again leaves the same state.
    Repeatable,
    /// It must happen once.
    Once,
}

/// Bytes in hand, or an attachment that the host streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Bytes(Bytes),
    /// By id.
    Attachment(String),
}

/// One part of a multipart body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub headers: Vec<(String, String)>,
    pub content: Content,
}

/// A multipart body. The host chooses the boundary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multipart {
    /// `form-data`, `mixed` or `related`.
    pub subtype: String,
    pub parts: Vec<Part>,
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Empty,
    Content(Content),
    Multipart(Multipart),
}

/// Keep the answer's body as an attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    pub name: String,
    pub media_type: Option<String>,
}

/// A request to one of the connection's endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: Method,
    /// `default` when absent.
    pub endpoint: Option<String>,
    /// Path and query, appended to the endpoint's base address.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Body,
    /// Never longer than the endpoint's.
    pub timeout: Option<Duration>,
    pub effect: Effect,
    /// Names what must happen once, within the delivery.
    pub intent_key: Option<String>,
    /// The component has looked in this attempt, found that it is not done yet, and would look again in another.
    pub reconciled: bool,
    pub keep: Option<Keep>,
}

/// The body of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Bytes(Bytes),
    /// The body was kept under this attachment id.
    Attachment(String),
}

/// Whatever the target answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Answer,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// A rule refused it and nothing was sent.
    #[error("{0}")]
    Forbidden(String),
    /// No connection was made: nothing was sent.
    #[error("{0}")]
    Unreachable(String),
    /// It may have reached the target.
    #[error("{0}")]
    Interrupted(String),
    /// The answer is larger than this many bytes.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(u64),
}
