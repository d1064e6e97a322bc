//! Who submits: several callers side by side, each of them until it was told that its submission is accepted. A
//! connection that breaks is no answer, so it submits again under the same key.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, bail};
use bytes::Bytes;
use serde_json::json;
use tokio::{sync::watch, task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{
    api::{Answer, Api},
    book::Book,
    dice::Dice,
    flows::{FLOWS, Flow, file_of},
    process::Place,
    tripwire::{Moment, Tripwire},
};

/// Callers side by side: more than commits take turns.
const CALLERS: u64 = 8;

/// Of so many submissions, one is handed in again after it was acknowledged.
const AGAIN: u64 = 8;

/// How long somebody who calls waits for the answer.
const DEADLINE_MS: u64 = 200;

/// Whoever was refused for now waits this long.
const AFTER_REFUSAL: Duration = Duration::from_millis(20);

/// Those who submit.
#[derive(Debug)]
pub(super) struct Callers {
    shared: Arc<Shared>,
    tasks: JoinSet<anyhow::Result<()>>,
}

#[derive(Debug)]
struct Shared {
    /// Where the host serves; `None` while it does not.
    place: watch::Receiver<Option<Place>>,
    book: Mutex<Book>,
    tripwire: Arc<Tripwire>,
    next: AtomicU64,
    stop: CancellationToken,
}

impl Callers {
    /// Begins to submit, as soon as there is somebody to submit to.
    pub(super) fn start(seed: u64, place: watch::Receiver<Option<Place>>, tripwire: Arc<Tripwire>) -> Self {
        let shared = Arc::new(Shared {
            place,
            book: Mutex::default(),
            tripwire,
            next: AtomicU64::new(0),
            stop: CancellationToken::new(),
        });
        let mut tasks = JoinSet::new();
        for number in 0..CALLERS {
            let caller = Caller { shared: shared.clone(), api: None, dice: Dice::of(seed, "caller", number) };
            tasks.spawn(caller.submit_on_and_on());
        }
        Self { shared, tasks }
    }

    /// What was acknowledged.
    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.shared.book()
    }

    /// Whoever has begun to submit goes on until it is acknowledged; then there is nothing that was handed in and is
    /// in nobody's book.
    pub(super) async fn finish(&mut self) -> anyhow::Result<()> {
        self.shared.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.context("a caller broke")??;
        }
        Ok(())
    }

    /// What a caller could not go on with, if there is something.
    pub(super) fn broken(&mut self) -> anyhow::Result<()> {
        match self.tasks.try_join_next() {
            Some(ended) => ended.context("a caller broke")?,
            None => Ok(()),
        }
    }
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Caller {
    shared: Arc<Shared>,
    api: Option<Api>,
    dice: Dice,
}

impl Caller {
    async fn submit_on_and_on(mut self) -> anyhow::Result<()> {
        while !self.shared.stop.is_cancelled() {
            let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
            let flow = &FLOWS[self.dice.below(FLOWS.len() as u64) as usize];
            let key = format!("{}-{number}", flow.name);
            self.submit(flow, &key).await?;
            if self.dice.below(AGAIN) == 0 {
                self.submit(flow, &key).await?;
            }
        }
        Ok(())
    }

    /// Submits until it is acknowledged, and writes that down.
    async fn submit(&mut self, flow: &'static Flow, key: &str) -> anyhow::Result<()> {
        loop {
            let Ok(answer) = self.try_once(flow, key).await else {
                self.api = None;
                sleep(Duration::from_millis(1)).await;
                continue;
            };
            if let Some(accepted) = accepted(flow, &answer) {
                self.shared.book().note(key, flow, accepted.to_owned());
                self.shared.tripwire.pass(Moment::Acknowledged);
                if flow.is_called && answer.status == 200 {
                    self.shared.book().note_done(key);
                    self.look(key).await;
                }
                return Ok(());
            }
            match answer.status.as_u16() {
                500 | 503 | 507 => {
                    self.shared.book().refusals += 1;
                    sleep(AFTER_REFUSAL).await;
                }
                _ => bail!("submission `{key}` was answered with {} {}", answer.status, answer.body),
            }
        }
    }

    async fn try_once(&mut self, flow: &Flow, key: &str) -> anyhow::Result<Answer> {
        if self.api.is_none() {
            let mut place = self.shared.place.clone();
            let place = place.wait_for(Option::is_some).await?.clone().context("it was there just now")?;
            self.api = Some(Api::connect(&place).await?);
        }
        let api = self.api.as_mut().context("it was connected just now")?;
        self.shared.tripwire.pass(Moment::Submitting);
        let (content_type, body) = submission(flow, key);
        let headers = [("content-type", content_type), ("idempotency-key", key)];
        let path = match flow.called() {
            Some(operation) => path_of(operation),
            None => format!("/v1/flows/{}/runs", flow.name),
        };
        api.send("POST", &path, &headers, body).await
    }

    /// Asks, without any trace, whether what is done is there. Whoever gets no answer knows nothing.
    async fn look(&mut self, key: &str) {
        let Some(api) = self.api.as_mut() else { return };
        let (content_type, body) = ("application/json", Bytes::from(json!({"key": key}).to_string()));
        match api.send("POST", &path_of("look"), &[("content-type", content_type)], body).await {
            Ok(answer) if answer.status == 200 && answer.body["output"]["there"] != true => {
                self.shared.book().contradict(format!("`{key}` was told to be done, and then not to be there"));
            }
            Ok(_) => {}
            Err(_) => self.api = None,
        }
    }
}

/// Where an operation is called. Some calls are not through within their time, others are.
fn path_of(operation: &str) -> String {
    format!("/v1/connections/target/operations/{operation}?deadline_ms={DEADLINE_MS}")
}

/// What names a submission that was accepted: its run, and of a call its delivery, also when the delivery has come to no
/// good end.
fn accepted<'a>(flow: &Flow, answer: &'a Answer) -> Option<&'a str> {
    if flow.is_called {
        return answer.body["delivery"].as_str();
    }
    matches!(answer.status.as_u16(), 200 | 202).then(|| answer.body["run"].as_str())?
}

/// What is handed in: alone, or in a form with its file.
fn submission(flow: &Flow, key: &str) -> (&'static str, Bytes) {
    let submission = json!({"key": key}).to_string();
    if !flow.has_file {
        return ("application/json", Bytes::from(submission));
    }
    let head = format!(
        "--border\r\ncontent-disposition: form-data; name=\"submission\"\r\ncontent-type: application/json\r\n\r\n\
        {submission}\r\n--border\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
        content-type: text/plain\r\n\r\n"
    );
    let form = [head.as_bytes(), &file_of(key), b"\r\n--border--\r\n"].concat();
    ("multipart/form-data; boundary=border", Bytes::from(form))
}
