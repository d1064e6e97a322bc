//! The host of one who only looks, on behalf of no run: it sends what only reads, and keeps nothing.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use sluse_connector::{AttachmentError, CallbackError, FolderError, Host, NumberError, Request, Response, SendError};
use sluse_model::{Attachment, Standing, TimelineLevel};

use super::{DeliveryHost, Record};
use crate::{Engine, connections::LiveConnection};

/// The host of one who only looks.
pub(crate) struct LookHost {
    host: DeliveryHost,
    /// Who that is, for whoever is refused something.
    who: &'static str,
}

impl LookHost {
    /// The host of a check.
    pub(crate) fn of_check(engine: Arc<Engine>, connection: Arc<LiveConnection>) -> Self {
        Self::new(engine, connection, "a check")
    }

    /// The host of an operation that only reads, which somebody waits for.
    pub(crate) fn of_read(engine: Arc<Engine>, connection: Arc<LiveConnection>) -> Self {
        Self::new(engine, connection, "a call of an operation that is described as `reads-only`")
    }

    fn new(engine: Arc<Engine>, connection: Arc<LiveConnection>, who: &'static str) -> Self {
        Self { host: DeliveryHost::of_look(engine, connection, who), who }
    }

    /// What the call leaves behind; outlives the host.
    pub(crate) fn record(&self) -> Arc<Record> {
        self.host.record()
    }
}

#[async_trait]
impl Host for LookHost {
    async fn send(&mut self, request: Request) -> Result<Response, SendError> {
        self.host.send(request).await
    }

    async fn send_all(&mut self, requests: Vec<Request>) -> Vec<Result<Response, SendError>> {
        self.host.send_all(requests).await
    }

    fn conclude(&mut self, intent_key: &str, standing: Standing) -> Result<(), String> {
        self.host.conclude(intent_key, standing)
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
        Err(AttachmentError::Forbidden(format!("{} keeps no files", self.who)))
    }

    async fn put_file(&mut self, _folder: String, _name: String, _bytes: Bytes) -> Result<(), FolderError> {
        Err(FolderError::Forbidden(format!("{} publishes no files", self.who)))
    }

    async fn get_file(&mut self, folder: String, name: String) -> Result<Option<Bytes>, FolderError> {
        self.host.get_file(folder, name).await
    }

    async fn reserve_numbers(&mut self, _: String, _: u32, _: Option<String>) -> Result<u64, NumberError> {
        Err(NumberError::Forbidden(format!("{} reserves no numbers", self.who)))
    }

    async fn open_callback(&mut self, _timeout: Duration) -> Result<String, CallbackError> {
        Err(CallbackError::Forbidden(format!("{} waits for no answer", self.who)))
    }

    fn log(&mut self, level: TimelineLevel, message: String) {
        self.host.log(level, message);
    }
}
