//! The host of `describe`: it grants nothing.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sluse_connector::{AttachmentError, CallbackError, FolderError, Host, NumberError, Request, Response, SendError};
use sluse_model::{Attachment, Standing, TimelineLevel};

const REASON: &str = "`describe` runs without any grant";

/// Refuses everything and keeps nothing.
pub(crate) struct Grantless;

#[async_trait]
impl Host for Grantless {
    async fn send(&mut self, _request: Request) -> Result<Response, SendError> {
        Err(SendError::Forbidden(REASON.into()))
    }

    async fn send_all(&mut self, requests: Vec<Request>) -> Vec<Result<Response, SendError>> {
        requests.iter().map(|_| Err(SendError::Forbidden(REASON.into()))).collect()
    }

    fn conclude(&mut self, _intent_key: &str, _standing: Standing) -> Result<(), String> {
        Err(REASON.into())
    }

    async fn attachments(&mut self) -> Result<Vec<Attachment>, AttachmentError> {
        Err(AttachmentError::Forbidden(REASON.into()))
    }

    async fn read_attachment(&mut self, _id: &str, _offset: u64, _length: u32) -> Result<Bytes, AttachmentError> {
        Err(AttachmentError::Forbidden(REASON.into()))
    }

    async fn create_attachment(
        &mut self,
        _name: String,
        _media_type: String,
        _bytes: Bytes,
    ) -> Result<Attachment, AttachmentError> {
        Err(AttachmentError::Forbidden(REASON.into()))
    }

    async fn put_file(&mut self, _folder: String, _name: String, _bytes: Bytes) -> Result<(), FolderError> {
        Err(FolderError::Forbidden(REASON.into()))
    }

    async fn get_file(&mut self, _folder: String, _name: String) -> Result<Option<Bytes>, FolderError> {
        Err(FolderError::Forbidden(REASON.into()))
    }

    async fn reserve_numbers(&mut self, _: String, _: u32, _: Option<String>) -> Result<u64, NumberError> {
        Err(NumberError::Forbidden(REASON.into()))
    }

    async fn open_callback(&mut self, _timeout: Duration) -> Result<String, CallbackError> {
        Err(CallbackError::Forbidden(REASON.into()))
    }

    fn log(&mut self, level: TimelineLevel, message: String) {
        tracing::debug!(level = level.as_str(), message, "a component wrote while it was asked to describe itself");
    }
}
