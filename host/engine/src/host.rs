//! What a component may ask during one call on behalf of a delivery. The intents of requests that must happen
//! once stand before the vault and the gate.

mod additions; // how much a call may add to them
mod addresses; // where the target answers
mod admission; // what has to be durable before a byte leaves
mod answers; // how much they may amount to together
mod exchange; // one request out, one answer back
mod files; // attachments of the run
mod folder; // one granted folder
mod identity; // what names a request
mod look; // the host of one who only looks
mod message; // what a signed request is called
mod numbers; // numbers that are handed out once
mod published; // files in granted folders
mod record; // what the call leaves behind
mod recorded; // answers as the journal keeps them
mod target; // what an exchange says of the target
mod threads; // who may wait for folders
mod turns; // one attempt at a file at a time

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use sluse_connector::{
    Answer, AttachmentError, CallbackError, Effect, FolderError, Host, NumberError, REQUESTS_SIDE_BY_SIDE, Request,
    Response, SendError,
};
use sluse_model::{Attachment, DeliveryId, Lease, RunId, Standing, TimelineLevel};
use sluse_store::{Claimed, NotedIntent};
use tokio::sync::OnceCell;

use self::{
    admission::Way,
    answers::{AnswerRoom, MAX_ANSWERS_BYTES},
};
use crate::{Engine, connections::LiveConnection};

pub(crate) use additions::Additions;
pub(crate) use folder::{GrantedFolder, told};
pub(crate) use look::LookHost;
pub(crate) use record::{HostRecord, Record};
pub(crate) use threads::FolderThreads;
pub(crate) use turns::Turns;

/// The host of one call.
pub(crate) struct DeliveryHost {
    engine: Arc<Engine>,
    connection: Arc<LiveConnection>,
    /// Absent where it is on behalf of no run.
    run: Option<RunId>,
    /// The delivery whose journal this writes, under the lease that it is worked on with. Absent without a run.
    held: Option<(DeliveryId, Lease)>,
    /// How many waits of the delivery have ended.
    phase: u32,
    record: Arc<Record>,
    /// What was promised of the requests, if anything was.
    promise: Option<Promise>,
    /// Files that it adds are kept, for the runs that begin with what it finds.
    keeps_files: bool,
    /// The run's files as they were before the call added any, once somebody has asked.
    files_before: OnceCell<Vec<Attachment>>,
    additions: Arc<Additions>,
}

/// What was promised of the requests of a call.
#[derive(Debug, Clone, Copy)]
enum Promise {
    /// Whoever this is changes nothing at the target.
    Reads(&'static str),
    /// Whoever this is sends nothing that must happen once.
    Repeats(&'static str),
}

impl DeliveryHost {
    /// The host of an attempt at an operation that promises, or not, to read only: such an attempt may be repeated
    /// whatever happens, so the promise is enforced. `journal` is what earlier attempts have noted.
    pub(crate) fn new(
        engine: Arc<Engine>,
        connection: Arc<LiveConnection>,
        claimed: &Claimed,
        journal: Vec<NotedIntent>,
        reads_only: bool,
    ) -> Self {
        let record = Arc::new(Record::new(claimed.attempt, engine.clock.clone(), journal));
        let promise = reads_only.then_some(Promise::Reads("an operation that is described as `reads-only`"));
        let additions = Arc::new(Additions::new(connection.connection().limits.max_attachment_bytes));
        Self {
            engine,
            connection,
            run: Some(claimed.delivery.run),
            held: Some((claimed.delivery.id, claimed.lease)),
            phase: claimed.phase,
            record,
            promise,
            keeps_files: true,
            files_before: OnceCell::new(),
            additions,
        }
    }

    /// The host of one who only looks, which changes nothing at the target and is on behalf of no run.
    fn of_look(engine: Arc<Engine>, connection: Arc<LiveConnection>, who: &'static str) -> Self {
        Self::of_nothing(engine, connection, 1, Promise::Reads(who), false)
    }

    /// The host of a poll. What it finds is not known yet, so there is no journal to send anything under.
    pub(crate) fn of_poll(engine: Arc<Engine>, connection: Arc<LiveConnection>, attempt: u32) -> Self {
        Self::of_nothing(engine, connection, attempt, Promise::Repeats("a poll"), true)
    }

    /// The host of a call that is on behalf of no delivery.
    fn of_nothing(
        engine: Arc<Engine>,
        connection: Arc<LiveConnection>,
        attempt: u32,
        promise: Promise,
        keeps_files: bool,
    ) -> Self {
        let record = Arc::new(Record::new(attempt, engine.clock.clone(), Vec::new()));
        let additions = Arc::new(Additions::new(connection.connection().limits.max_attachment_bytes));
        Self {
            engine,
            connection,
            run: None,
            held: None,
            phase: 0,
            record,
            promise: Some(promise),
            keeps_files,
            files_before: OnceCell::new(),
            additions,
        }
    }

    /// Refuses what breaks the promise to read only.
    fn permits(&self, request: &Request) -> Result<(), SendError> {
        let method = request.method.as_str();
        let refusal = match (self.promise, request.effect) {
            (Some(Promise::Reads(who)), Effect::Repeatable | Effect::Once) => {
                format!("{who} only reads, and this {method} has an effect")
            }
            (Some(Promise::Repeats(who)), Effect::Once) => {
                format!("{who} may be made again, and this {method} must happen once: send it when the source is told")
            }
            (Some(Promise::Reads(who)), Effect::Read) if request.keep.is_some() && self.run.is_none() => {
                format!("{who} is on behalf of no run that could keep a file")
            }
            _ => return Ok(()),
        };
        Err(SendError::Forbidden(refusal))
    }

    /// What the call leaves behind; outlives the host.
    pub(crate) fn record(&self) -> Arc<Record> {
        self.record.clone()
    }

    /// The files that the call adds; they outlive the host.
    pub(crate) fn additions(&self) -> Arc<Additions> {
        self.additions.clone()
    }
}

#[async_trait]
impl Host for DeliveryHost {
    async fn send(&mut self, request: Request) -> Result<Response, SendError> {
        let hearing = self.record.hearing();
        let way = self.admit(std::slice::from_ref(&request)).await.pop().expect("one for each request");
        let answer = self.send_or_keep(request, way).await;
        hearing.heard();
        answer
    }

    async fn send_all(&mut self, requests: Vec<Request>) -> Vec<Result<Response, SendError>> {
        let (host, room) = (&*self, &AnswerRoom::new());
        let hearing = self.record.hearing();
        let ways = self.admit(&requests).await;
        let send = |(request, way)| async move { room.admit(host.send_or_keep(request, way).await) };
        let answers =
            stream::iter(requests.into_iter().zip(ways)).map(send).buffered(REQUESTS_SIDE_BY_SIDE).collect().await;
        hearing.heard();
        if room.is_exceeded() {
            let message = format!("answers that are more than {} MiB together are left out", MAX_ANSWERS_BYTES >> 20);
            self.record.line(TimelineLevel::Warn, message);
        }
        answers
    }

    fn conclude(&mut self, intent_key: &str, standing: Standing) -> Result<(), String> {
        self.record.conclude(identity::named(intent_key), standing)
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

    async fn put_file(&mut self, folder: String, name: String, bytes: Bytes) -> Result<(), FolderError> {
        self.publish(&folder, &name, bytes).await
    }

    async fn get_file(&mut self, folder: String, name: String) -> Result<Option<Bytes>, FolderError> {
        self.read_published(&folder, &name).await
    }

    async fn reserve_numbers(
        &mut self,
        sequence: String,
        count: u32,
        purpose: Option<String>,
    ) -> Result<u64, NumberError> {
        self.reserve(&sequence, count, purpose).await
    }

    async fn open_callback(&mut self, timeout: Duration) -> Result<String, CallbackError> {
        self.open_address(timeout)
    }

    fn log(&mut self, level: TimelineLevel, message: String) {
        self.record.line(level, message);
    }
}

impl DeliveryHost {
    /// Sends, and takes a place for the answer before that when it shall be kept: afterwards it has happened.
    async fn send_or_keep(&self, request: Request, way: Way) -> Result<Response, SendError> {
        if let Way::Told(answer) = way {
            return *answer;
        }
        if request.keep.is_none() {
            return self.exchange(request, &way).await;
        }
        if let Err(error) = self.take_place().await {
            if let Way::Once(number) = way {
                self.close(number, Standing::DidNotHappen, None);
            }
            return Err(match error {
                AttachmentError::Unavailable(reason) => SendError::Unreachable(reason),
                error => SendError::Forbidden(error.to_string()),
            });
        }
        let answer = self.exchange(request, &way).await;
        if !matches!(&answer, Ok(Response { body: Answer::Attachment(_), .. })) {
            self.additions.give_place_back();
        }
        answer
    }

    fn connection_name(&self) -> &sluse_model::Name {
        &self.connection.connection().name
    }
}
