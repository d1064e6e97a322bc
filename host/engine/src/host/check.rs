//! The host of a check: it sends what only reads, and keeps nothing.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use sluse_connector::{AttachmentError, CallbackError, FolderError, Host, NumberError, Request, Response, SendError};
use sluse_model::{Attachment, TimelineLevel};

use super::DeliveryHost;
use crate::{Engine, connections::LiveConnection};

/// The host of a check.
pub(crate) struct CheckHost(DeliveryHost);

impl CheckHost {
    pub(crate) fn new(engine: Arc<Engine>, connection: Arc<LiveConnection>) -> Self {
        Self(DeliveryHost::of_check(engine, connection))
    }
}

#[async_trait]
impl Host for CheckHost {
    async fn send(&mut self, request: Request) -> Result<Response, SendError> {
        self.0.send(request).await
    }

    async fn send_all(&mut self, requests: Vec<Request>) -> Vec<Result<Response, SendError>> {
        self.0.send_all(requests).await
    }

    fn conclude(&mut self, intent_key: &str, happened: bool) -> Result<(), String> {
        self.0.conclude(intent_key, happened)
    }

    async fn attachments(&mut self) -> Result<Vec<Attachment>, AttachmentError> {
        Ok(Vec::new())
    }

    async fn read_attachment(&mut self, _id: &str, _offset: u64, _length: u32) -> Result<Bytes, AttachmentError> {
        Err(AttachmentError::NotFound)
    }

    async fn create_attachment(
        &mut self,
        _name: String,
        _media_type: String,
        _bytes: Bytes,
    ) -> Result<Attachment, AttachmentError> {
        Err(AttachmentError::Forbidden("a check keeps no files".into()))
    }

    async fn put_file(&mut self, _folder: String, _name: String, _bytes: Bytes) -> Result<(), FolderError> {
        Err(FolderError::Forbidden("a check publishes no files".into()))
    }

    async fn get_file(&mut self, folder: String, name: String) -> Result<Option<Bytes>, FolderError> {
        self.0.get_file(folder, name).await
    }

    async fn reserve_numbers(&mut self, _: String, _: u32, _: Option<String>) -> Result<u64, NumberError> {
        Err(NumberError::Forbidden("a check reserves no numbers".into()))
    }

    async fn open_callback(&mut self, _timeout: Duration) -> Result<String, CallbackError> {
        Err(CallbackError::Forbidden("a check waits for nobody".into()))
    }

    fn log(&mut self, level: TimelineLevel, message: String) {
        self.0.log(level, message);
    }
}
