//! What a component may ask during one call on behalf of a delivery. The intents of requests that must happen
//! once stand before the vault and the gate.

mod check; // the host of one who only looks
mod exchange; // one request out, one answer back
mod files; // attachments of the run
mod record; // what the call leaves behind

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use sluse_connector::{
    AttachmentError, CallbackError, Effect, FolderError, Host, NumberError, Request, Response, SendError,
};
use sluse_model::{Attachment, RunId, TimelineLevel};
use sluse_store::Claimed;
use tokio::sync::OnceCell;

use crate::{Engine, connections::LiveConnection};

pub(crate) use check::CheckHost;
pub(crate) use record::{HostRecord, Record};

/// Requests of one `send-all` that are on the wire at the same time.
const SIDE_BY_SIDE: usize = 16;

/// The host of one call.
pub(crate) struct DeliveryHost {
    engine: Arc<Engine>,
    connection: Arc<LiveConnection>,
    /// Absent for a check, which is on behalf of no run.
    run: Option<RunId>,
    record: Arc<Record>,
    /// Who promised to change nothing at the target, if anybody did.
    promise: Option<&'static str>,
    /// The run's files, once somebody has asked.
    attachments: OnceCell<Vec<Attachment>>,
}

impl DeliveryHost {
    /// The host of an attempt at an operation that promises, or not, to read only: such an attempt may be repeated
    /// whatever happens, so the promise is enforced.
    pub(crate) fn new(
        engine: Arc<Engine>,
        connection: Arc<LiveConnection>,
        claimed: &Claimed,
        reads_only: bool,
    ) -> Self {
        let record = Arc::new(Record::new(claimed.attempt, engine.clock.clone()));
        let promise = reads_only.then_some("an operation that is described as `reads-only`");
        let run = Some(claimed.delivery.run);
        Self { engine, connection, run, record, promise, attachments: OnceCell::new() }
    }

    /// The host of a check, which changes nothing at the target.
    fn of_check(engine: Arc<Engine>, connection: Arc<LiveConnection>) -> Self {
        let record = Arc::new(Record::new(1, engine.clock.clone()));
        Self { engine, connection, run: None, record, promise: Some("a check"), attachments: OnceCell::new() }
    }

    /// Refuses what breaks the promise to read only.
    fn permits(&self, request: &Request) -> Result<(), SendError> {
        match self.promise {
            Some(who) if request.effect != Effect::Read => {
                let method = request.method.as_str();
                Err(SendError::Forbidden(format!("{who} only reads, and this {method} has an effect")))
            }
            _ => Ok(()),
        }
    }

    /// What the call leaves behind; outlives the host.
    pub(crate) fn record(&self) -> Arc<Record> {
        self.record.clone()
    }
}

#[async_trait]
impl Host for DeliveryHost {
    async fn send(&mut self, request: Request) -> Result<Response, SendError> {
        let hearing = self.record.hearing();
        let answer = self.exchange(request).await;
        hearing.heard();
        answer
    }

    async fn send_all(&mut self, requests: Vec<Request>) -> Vec<Result<Response, SendError>> {
        let host = &*self;
        let hearing = self.record.hearing();
        let answers = stream::iter(requests).map(|request| host.exchange(request)).buffered(SIDE_BY_SIDE);
        let answers = answers.collect().await;
        hearing.heard();
        answers
    }

    async fn attachments(&mut self) -> Vec<Attachment> {
        self.files().await.map(<[_]>::to_vec).unwrap_or_default()
    }

    async fn read_attachment(&mut self, id: &str, offset: u64, length: u32) -> Result<Bytes, AttachmentError> {
        self.read_file(id, offset, length).await
    }

    async fn create_attachment(
        &mut self,
        name: String,
        media_type: String,
        bytes: Bytes,
    ) -> Result<Attachment, AttachmentError> {
        self.create_file(name, media_type, bytes).await
    }

    async fn put_file(&mut self, folder: String, _name: String, _bytes: Bytes) -> Result<(), FolderError> {
        Err(FolderError::Forbidden(format!(
            "folder `{folder}` is not granted to connection `{}`",
            self.connection_name()
        )))
    }

    async fn reserve_numbers(&mut self, sequence: String, _count: u32) -> Result<u64, NumberError> {
        Err(NumberError::Forbidden(format!(
            "sequence `{sequence}` is not granted to connection `{}`",
            self.connection_name()
        )))
    }

    async fn open_callback(&mut self, _timeout: Duration) -> Result<String, CallbackError> {
        Err(CallbackError::Forbidden("this host takes no callbacks".into()))
    }

    fn log(&mut self, level: TimelineLevel, message: String) {
        self.record.line(level, message);
    }
}

impl DeliveryHost {
    fn connection_name(&self) -> &sluse_model::Name {
        &self.connection.connection().name
    }
}
