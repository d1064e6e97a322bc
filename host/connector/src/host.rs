//! What a component may ask of the host during one call.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sluse_model::{Attachment, Standing, TimelineLevel};

use crate::{Request, Response, SendError};

/// Requests of one [`Host::send_all`] that are on the wire at the same time.
pub const REQUESTS_SIDE_BY_SIDE: usize = 16;

/// What a component may ask of the host during one call. One value serves one call and is dropped with it.
///
/// Lengths and counts have been checked against the call's limits before they get here. Nothing here is a
/// reason to trap: every refusal is an answer.
#[async_trait]
pub trait Host: Send {
    /// Sends one request and waits for the answer.
    async fn send(&mut self, request: Request) -> Result<Response, SendError>;

    /// Sends the requests, [`REQUESTS_SIDE_BY_SIDE`] at a time; the answers are in the order of the requests.
    async fn send_all(&mut self, requests: Vec<Request>) -> Vec<Result<Response, SendError>>;

    /// Says what the answer to a request of this call means that must happen once. The error says why it cannot.
    fn conclude(&mut self, intent_key: &str, standing: Standing) -> Result<(), String>;

    /// All attachments of the run, in the order of submission.
    async fn attachments(&mut self) -> Result<Vec<Attachment>, AttachmentError>;

    /// Up to `length` bytes from `offset`; fewer at the end, none behind it.
    async fn read_attachment(&mut self, id: &str, offset: u64, length: u32) -> Result<Bytes, AttachmentError>;

    /// Keeps bytes as a new attachment of the run.
    async fn create_attachment(
        &mut self,
        name: String,
        media_type: String,
        bytes: Bytes,
    ) -> Result<Attachment, AttachmentError>;

    /// Publishes a whole file, or nothing.
    async fn put_file(&mut self, folder: String, name: String, bytes: Bytes) -> Result<(), FolderError>;

    /// The whole file of this name; `None` when there is no such file.
    async fn get_file(&mut self, folder: String, name: String) -> Result<Option<Bytes>, FolderError>;

    /// Reserves `count` consecutive numbers and gives the first; the same for the same purpose.
    async fn reserve_numbers(
        &mut self,
        sequence: String,
        count: u32,
        purpose: Option<String>,
    ) -> Result<u64, NumberError>;

    /// Opens an address for this delivery and gives its URL.
    async fn open_callback(&mut self, timeout: Duration) -> Result<String, CallbackError>;

    /// Writes one line on the delivery's timeline. Control characters have been escaped and the line is cut, but
    /// there may be any number of them: the host keeps what it has room for ([`Lines`](crate::Lines)).
    fn log(&mut self, level: TimelineLevel, message: String);
}

/// Why an attachment could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttachmentError {
    /// A rule refused it, and will again.
    #[error("{0}")]
    Forbidden(String),
    #[error("there is no such attachment in this run")]
    NotFound,
    /// The limit in bytes.
    #[error("more than {0} bytes")]
    TooLarge(u64),
    #[error("{0}")]
    Unavailable(String),
}

/// Why a file could not be published or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FolderError {
    #[error("{0}")]
    Forbidden(String),
    /// No file may be called so, or have so many bytes.
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    Conflict(String),
    /// The file may have been published, and nobody knows.
    #[error("{0}")]
    Unclear(String),
    #[error("{0}")]
    Unavailable(String),
}

/// Why no number could be reserved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    #[error("{0}")]
    Forbidden(String),
    #[error("{0}")]
    Unavailable(String),
}

/// Why no callback address could be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    #[error("{0}")]
    Forbidden(String),
    #[error("{0}")]
    Unavailable(String),
}
