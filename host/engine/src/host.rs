//! What a component may ask during one call on behalf of a delivery. The intents of requests that must happen
//! once stand before the vault and the gate.

mod additions; // how much a call may add to them
mod answers; // how much they may amount to together
mod check; // the host of one who only looks
mod exchange; // one request out, one answer back
mod files; // attachments of the run
mod message; // what a signed request is called
mod record; // what the call leaves behind

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use sluse_connector::{
    Answer, AttachmentError, CallbackError, Effect, FolderError, Host, NumberError, REQUESTS_SIDE_BY_SIDE, Request,
    Response, SendError,
};
use sluse_model::{Attachment, RunId, TimelineLevel};
use sluse_store::Claimed;
use tokio::sync::OnceCell;

use self::{
    additions::Additions,
    answers::{AnswerRoom, MAX_ANSWERS_BYTES},
};
use crate::{Engine, connections::LiveConnection};

pub(crate) use check::CheckHost;
pub(crate) use record::{HostRecord, Record};

/// The host of one call.
pub(crate) struct DeliveryHost {
    engine: Arc<Engine>,
    connection: Arc<LiveConnection>,
    /// What names the messages that are signed: the delivery.
    delivery: String,
    /// Absent for a check, which is on behalf of no run.
    run: Option<RunId>,
    record: Arc<Record>,
    /// Who promised to change nothing at the target, if anybody did.
    promise: Option<&'static str>,
    /// The run's files as they were before the call added any, once somebody has asked.
    files_before: OnceCell<Vec<Attachment>>,
    additions: Additions,
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
        let promise = reads_only.then_some("an operation that is described as `reads-only`");
        let delivery = claimed.delivery.id.to_string();
        Self::on_behalf_of(engine, connection, delivery, Some(claimed.delivery.run), claimed.attempt, promise)
    }

    /// The host of a check, which changes nothing at the target and is on behalf of no run.
    fn of_check(engine: Arc<Engine>, connection: Arc<LiveConnection>) -> Self {
        Self::on_behalf_of(engine, connection, "check".to_owned(), None, 1, Some("a check"))
    }

    fn on_behalf_of(
        engine: Arc<Engine>,
        connection: Arc<LiveConnection>,
        delivery: String,
        run: Option<RunId>,
        attempt: u32,
        promise: Option<&'static str>,
    ) -> Self {
        let record = Arc::new(Record::new(attempt, engine.clock.clone()));
        let additions = Additions::new(connection.connection().limits.max_attachment_bytes);
        Self { engine, connection, delivery, run, record, promise, files_before: OnceCell::new(), additions }
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
        let answer = self.send_or_keep(request).await;
        hearing.heard();
        answer
    }

    async fn send_all(&mut self, requests: Vec<Request>) -> Vec<Result<Response, SendError>> {
        let (host, room) = (&*self, &AnswerRoom::new());
        let hearing = self.record.hearing();
        let send = |request| async move { room.admit(host.send_or_keep(request).await) };
        let answers = stream::iter(requests).map(send).buffered(REQUESTS_SIDE_BY_SIDE).collect().await;
        hearing.heard();
        if room.is_exceeded() {
            let message = format!("answers that are more than {} MiB together are left out", MAX_ANSWERS_BYTES >> 20);
            self.record.line(TimelineLevel::Warn, message);
        }
        answers
    }

    async fn attachments(&mut self) -> Result<Vec<Attachment>, AttachmentError> {
        self.files().await.map_err(files::unavailable)
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
    /// Sends, and takes a place for the answer before that when it shall be kept: afterwards it has happened.
    async fn send_or_keep(&self, request: Request) -> Result<Response, SendError> {
        if request.keep.is_none() {
            return self.exchange(request).await;
        }
        self.take_place().await.map_err(|error| match error {
            AttachmentError::Unavailable(reason) => SendError::Unreachable(reason),
            error => SendError::Forbidden(error.to_string()),
        })?;
        let answer = self.exchange(request).await;
        if !matches!(&answer, Ok(Response { body: Answer::Attachment(_), .. })) {
            self.additions.give_place_back();
        }
        answer
    }

    fn connection_name(&self) -> &sluse_model::Name {
        &self.connection.connection().name
    }
}
