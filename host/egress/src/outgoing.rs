//! What is asked of a target, as the caller hands it over: a method, a path, headers and a body that is
//! never copied as a whole.

use std::{fmt, pin::Pin, time::Duration};

use bytes::Bytes;
use sluse_model::Dice;
use tokio::io::AsyncRead;

use crate::Message;

/// One request below an endpoint.
pub struct Outgoing {
    /// One of GET, HEAD, OPTIONS, POST, PUT, PATCH, MERGE, DELETE.
    pub method: http::Method,
    /// What is appended to the endpoint's `base_url`: begins with one `/`, percent-encoded, perhaps with a query.
    pub path: String,
    /// Headers in the order given; the same name may come again.
    pub headers: Vec<(String, String)>,
    /// The body, with a known length.
    pub body: Body,
    /// Time for this request; shortens the endpoint's own, never lengthens it.
    pub timeout: Option<Duration>,
    /// What a signature calls it; needed where the endpoint's credential is one.
    pub message: Option<Message>,
}

impl Outgoing {
    /// A request without headers and body.
    pub fn new(method: http::Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: Body::Empty, timeout: None, message: None }
    }
}

/// A reader of bytes that are sent as they are read.
pub type Reader = Pin<Box<dyn AsyncRead + Send>>;

/// A request's body.
pub enum Body {
    /// None at all.
    Empty,
    /// Bytes in memory.
    Bytes(Bytes),
    /// Bytes that are read while they are sent.
    Stream {
        /// How many bytes the reader gives; another number fails the request.
        size_bytes: u64,
        /// Gives them.
        reader: Reader,
    },
    /// Parts, streamed with a known length; `Content-Type` is set with the boundary.
    Multipart {
        /// What follows `multipart/`: `form-data`, `mixed`, `related`.
        subtype: String,
        /// What separates the parts, from [`boundary`]. 16 to 70 letters and digits.
        boundary: String,
        /// The parts, in order.
        parts: Vec<Part>,
    },
}

/// One part of a multipart body.
pub struct Part {
    /// Its headers, in order.
    pub headers: Vec<(String, String)>,
    /// Its content.
    pub content: Content,
}

/// What a part holds.
pub enum Content {
    /// Bytes in memory.
    Bytes(Bytes),
    /// Bytes that are read while they are sent.
    Stream {
        /// How many bytes the reader gives; another number fails the request.
        size_bytes: u64,
        /// Gives them.
        reader: Reader,
    },
}

/// A boundary that occurs in no content, except by a chance of one in 2¹²⁸.
pub fn boundary(dice: &dyn Dice) -> String {
    let mut bytes = [0; 16];
    dice.fill(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}

impl fmt::Debug for Outgoing {
    /// Without query and header values: they may hold personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.split(['?', '#']).next().unwrap_or_default();
        let (method, headers) = (&self.method, self.headers.len());
        f.debug_struct("Outgoing")
            .field("method", method)
            .field("path", &path)
            .field("headers", &headers)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Part {
    /// Without header values: file names may name persons.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("headers", &self.headers.len()).field("content", &self.content).finish()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Stream { size_bytes, .. } => write!(f, "Stream({size_bytes} bytes)"),
            Self::Multipart { subtype, parts, .. } => write!(f, "Multipart({subtype}, {} parts)", parts.len()),
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Stream { size_bytes, .. } => write!(f, "Stream({size_bytes} bytes)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Dice for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for (byte, number) in bytes.iter_mut().zip(0..) {
                *byte = number;
            }
        }
    }

    #[test]
    fn a_boundary_comes_from_the_dice() {
        assert_eq!(boundary(&Counting), "000102030405060708090a0b0c0d0e0f");
    }

    #[test]
    fn debug_output_shows_no_query_and_no_value() {
        let mut outgoing = Outgoing::new(http::Method::POST, "/a?cpr=canary");
        outgoing.headers = vec![("x-a".into(), "canary".into())];
        let part = Part { headers: outgoing.headers.clone(), content: Content::Bytes(Bytes::from_static(b"canary")) };
        outgoing.body = Body::Bytes(Bytes::from_static(b"canary"));
        let shown = format!("{outgoing:?} {part:?}");
        assert!(shown.contains("\"/a\"") && shown.contains("6 bytes") && !shown.contains("canary"), "{shown}");
    }
}
