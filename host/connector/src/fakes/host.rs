//! A host that answers by script and remembers what it was asked.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use sluse_model::{Attachment, Standing, TimelineLevel};

use crate::{AttachmentError, CallbackError, FolderError, Host, NumberError, Request, Response, SendError};

/// What a [`FakeHost`] was asked, and what it will answer. Outlives the host.
#[derive(Debug, Default)]
pub struct HostRecord {
    /// Every request, in order.
    pub requests: Vec<Request>,
    /// Answers to come; `unreachable` when none is left.
    pub answers: VecDeque<Result<Response, SendError>>,
    /// Files of the run with their content.
    pub attachments: Vec<(Attachment, Bytes)>,
    /// Why the files of the run cannot be told; they can when absent.
    pub attachments_fail: Option<AttachmentError>,
    /// Every log line, in order.
    pub lines: Vec<(TimelineLevel, String)>,
}

/// A host that answers by script. It grants no folder, no number and no callback.
#[derive(Debug, Clone, Default)]
pub struct FakeHost(Arc<Mutex<HostRecord>>);

impl FakeHost {
    /// A host with these answers to requests.
    pub fn answering(answers: impl IntoIterator<Item = Result<Response, SendError>>) -> Self {
        let host = Self::default();
        host.record().answers.extend(answers);
        host
    }

    /// What it was asked so far.
    pub fn record(&self) -> MutexGuard<'_, HostRecord> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Host for FakeHost {
    async fn send(&mut self, request: Request) -> Result<Response, SendError> {
        let mut record = self.record();
        record.requests.push(request);
        record.answers.pop_front().unwrap_or_else(|| Err(SendError::Unreachable("the script has ended".into())))
    }

    async fn send_all(&mut self, requests: Vec<Request>) -> Vec<Result<Response, SendError>> {
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
            answers.push(self.send(request).await);
        }
        answers
    }

    fn conclude(&mut self, _intent_key: &str, _standing: Standing) -> Result<(), String> {
        Err("a fake keeps no journal".into())
    }

    async fn attachments(&mut self) -> Result<Vec<Attachment>, AttachmentError> {
        let record = self.record();
        match &record.attachments_fail {
            Some(error) => Err(error.clone()),
            None => Ok(record.attachments.iter().map(|(attachment, _)| attachment.clone()).collect()),
        }
    }

    async fn read_attachment(&mut self, id: &str, offset: u64, length: u32) -> Result<Bytes, AttachmentError> {
        let record = self.record();
        let (_, content) = record
            .attachments
            .iter()
            .find(|(attachment, _)| attachment.id.to_string() == id)
            .ok_or(AttachmentError::NotFound)?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        let end = start.saturating_add(length as usize).min(content.len());
        Ok(content.slice(start..end))
    }

    async fn create_attachment(
        &mut self,
        _name: String,
        _media_type: String,
        _bytes: Bytes,
    ) -> Result<Attachment, AttachmentError> {
        Err(AttachmentError::Forbidden("a fake keeps no files".into()))
    }

    async fn put_file(&mut self, folder: String, _name: String, _bytes: Bytes) -> Result<(), FolderError> {
        Err(FolderError::Forbidden(format!("folder `{folder}` is not granted")))
    }

    async fn get_file(&mut self, folder: String, _name: String) -> Result<Option<Bytes>, FolderError> {
        Err(FolderError::Forbidden(format!("folder `{folder}` is not granted")))
    }

    async fn reserve_numbers(
        &mut self,
        sequence: String,
        _count: u32,
        _purpose: Option<String>,
    ) -> Result<u64, NumberError> {
        Err(NumberError::Forbidden(format!("sequence `{sequence}` is not granted")))
    }

    async fn open_callback(&mut self, _timeout: Duration) -> Result<String, CallbackError> {
        Err(CallbackError::Forbidden("this host takes no callbacks".into()))
    }

    fn log(&mut self, level: TimelineLevel, message: String) {
        self.record().lines.push((level, message));
    }
}
