//! What the tests begin with: a connector, a connection and a flow as small as they can be.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use bytes::Bytes;
use serde_json::json;
use sluse_model::{
    Attachment, AttachmentId, Attempt, AttemptResult, Attention, BatchId, Connection, DeliveryId, DeliveryState,
    Description, Dice, Digest, Flow, Name, NewDelivery, Problem, Reason, Resolution, Revision, RevisionStanding, RunId,
    RunState, Schedule, TickId, TimelineLevel, TimelineLine, Timestamp, TokenId, fakes::SeededDice,
};

use crate::{Accepted, Aged, Claim, Claimed, Claiming, Follow, NewRun, PageRequest, Settlement, Store};

/// When the tests take place.
pub const NOW: Timestamp = Timestamp::from_millis(1_762_000_000_000);

/// How long the tests' leases live.
pub const LEASE: Duration = Duration::from_secs(30);

/// `NOW` and some milliseconds.
pub fn later(millis: u64) -> Timestamp {
    NOW.plus(Duration::from_millis(millis))
}

pub fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

/// A claim at `now`, for [`LEASE`].
pub fn claim_at(now: Timestamp) -> Claim {
    Claim { now, until: now.plus(LEASE) }
}

pub fn page(limit: u32, after: Option<String>) -> PageRequest {
    PageRequest { limit, after }
}

fn dice() -> &'static dyn Dice {
    static DICE: LazyLock<SeededDice> = LazyLock::new(|| SeededDice::new(7));
    &*DICE
}

pub fn delivery_id() -> DeliveryId {
    DeliveryId::new(NOW, dice())
}

pub fn batch_id() -> BatchId {
    BatchId::new(NOW, dice())
}

pub fn token_id() -> TokenId {
    TokenId::new(NOW, dice())
}

pub fn connection(connection: &str, connector: &str) -> Connection {
    let value = json!({ "name": connection, "connector": connector, "settings": { "site": "test" } });
    serde_json::from_value(value).expect("a connection")
}

pub fn flow(flow: &str, title: &str) -> Flow {
    let step = json!({ "name": "create", "connection": "target", "operation": "create-case" });
    let value = json!({ "name": flow, "title": title, "schema": { "type": "object" }, "steps": [step] });
    serde_json::from_value(value).expect("a flow")
}

/// A schedule that polls feed `cases` of connection `target`, every minute.
pub fn poll_schedule(schedule: &str) -> Schedule {
    let value = json!({
        "name": schedule, "every_ms": 60_000, "jitter_ms": 0, "overlap": "skip", "catch_up_ms": 0, "enabled": true,
        "flow": "permit", "connection": "target", "feed": "cases",
    });
    serde_json::from_value(value).expect("a schedule")
}

pub fn tick_id() -> TickId {
    TickId::new(NOW, dice())
}

/// Keeps `text` as a content.
pub async fn content(store: &dyn Store, text: &str) -> Digest {
    let mut writer = store.write_content().await.expect("a writer");
    writer.write(Bytes::copy_from_slice(text.as_bytes())).await.expect("written");
    writer.finish().await.expect("kept").digest
}

/// A revision that is not installed.
pub fn revision(connector: &str, digest: Digest, installed_at: Timestamp) -> Revision {
    let description = Description {
        name: connector.to_owned(),
        version: "1.0.0".to_owned(),
        title: "A target".to_owned(),
        summary: String::new(),
        settings_schema: "{}".to_owned(),
        operations: Vec::new(),
        feeds: Vec::new(),
        endpoints: Vec::new(),
        folders: Vec::new(),
        sequences: Vec::new(),
    };
    let standing = RevisionStanding::Installed;
    Revision { connector: name(connector), digest, size_bytes: 4, description, installed_at, standing }
}

/// Installs a revision whose component is `text`.
pub async fn install(store: &dyn Store, connector: &str, text: &str) -> Digest {
    let digest = content(store, text).await;
    store.install(revision(connector, digest, NOW)).await.expect("installed");
    digest
}

/// Installs and activates a revision whose component is `text`.
pub async fn activate(store: &dyn Store, connector: &str, text: &str) -> Digest {
    let digest = install(store, connector, text).await;
    store.activate(&name(connector), &digest, NOW).await.expect("activated");
    digest
}

/// What most tests need before a submission can come.
#[derive(Debug, Clone, Copy)]
pub struct Prepared {
    /// The active revision of connector `workzone`, which connection `target` uses.
    pub revision: Digest,
    /// The version of flow `permit`.
    pub flow: Digest,
}

/// A store in which runs can be accepted and claimed.
pub async fn prepare(store: &dyn Store) -> Prepared {
    let flow = apply(store).await;
    Prepared { revision: activate(store, "workzone", "component one").await, flow }
}

/// Applies connection `target` and flow `permit`. Gives the flow's version.
pub async fn apply(store: &dyn Store) -> Digest {
    store
        .apply(vec![connection("target", "workzone")], vec![flow("permit", "")], Vec::new(), NOW)
        .await
        .expect("applied");
    store.flow(&name("permit")).await.expect("read").expect("a flow").digest
}

pub fn new_delivery(step_index: u32, due: Timestamp) -> NewDelivery {
    NewDelivery {
        id: delivery_id(),
        step_index,
        step: name(&format!("step-{step_index}")),
        connection: name("target"),
        operation: name("create-case"),
        input: r#"{"title":"Å"}"#.to_owned(),
        ordering_key: None,
        state: DeliveryState::Queued { due },
        accepted_at: NOW,
    }
}

/// A submission without key and files, whose first delivery is due at once.
pub fn new_run(flow: Digest) -> NewRun {
    NewRun {
        id: RunId::new(NOW, dice()),
        flow: name("permit"),
        flow_digest: flow,
        submission: r#"{"applicant":"Bødker"}"#.to_owned(),
        attachments: Vec::new(),
        idempotency_key: None,
        body_digest: Digest::of("body"),
        caused_by: None,
        stands_for: None,
        accepted_at: NOW,
        skipped: Vec::new(),
        first: Some(new_delivery(0, NOW)),
        along: Vec::new(),
    }
}

/// The first delivery of a run that has one.
pub fn first(run: &mut NewRun) -> &mut NewDelivery {
    run.first.as_mut().expect("a step")
}

/// The same, to look at.
pub fn first_of(run: &NewRun) -> &NewDelivery {
    run.first.as_ref().expect("a step")
}

pub fn attachment(file: &str, digest: Digest) -> Attachment {
    Attachment {
        id: AttachmentId::new(NOW, dice()),
        name: file.to_owned(),
        media_type: "application/pdf".to_owned(),
        size_bytes: 3,
        digest,
    }
}

/// Accepts a run for a connection and gives its first delivery, which waits.
pub async fn queued_for(store: &dyn Store, flow: Digest, connection: &str, due: Timestamp) -> DeliveryId {
    let mut run = new_run(flow);
    first(&mut run).connection = name(connection);
    first(&mut run).state = DeliveryState::Queued { due };
    let id = first_of(&run).id;
    assert_eq!(store.accept(run, None).await, Ok(Accepted::New(None)));
    id
}

/// Accepts a run and gives its first delivery, which waits.
pub async fn queued(store: &dyn Store, flow: Digest, due: Timestamp) -> DeliveryId {
    queued_for(store, flow, "target", due).await
}

/// Accepts a run and gives its first delivery, claimed.
pub async fn running(store: &dyn Store, flow: Digest) -> Box<Claimed> {
    match store.accept(new_run(flow), Some(claim_at(NOW))).await {
        Ok(Accepted::New(Some(claimed))) => claimed,
        other => panic!("{other:?}"),
    }
}

pub fn problem() -> Problem {
    Problem::new("busy", "The target is busy.").with_detail("503")
}

pub fn succeeded() -> DeliveryState {
    DeliveryState::Closed { resolution: Resolution::Succeeded, at: later(10) }
}

pub fn failed() -> DeliveryState {
    DeliveryState::Closed { resolution: Resolution::Failed, at: later(10) }
}

pub fn attention() -> DeliveryState {
    DeliveryState::Attention(Attention::new(Reason::OutcomeUnknown, problem(), later(10)))
}

/// How a claimed delivery's attempt ended, ten milliseconds after [`NOW`].
pub fn settlement(claimed: &Claimed, state: DeliveryState, follow: Follow) -> Settlement {
    let done = matches!(state, DeliveryState::Closed { resolution: Resolution::Succeeded, .. });
    let result = AttemptResult {
        ended_at: later(10),
        kind: if done { "done" } else { "unavailable" }.to_owned(),
        problem: (!done).then(problem),
    };
    let number = claimed.attempt;
    Settlement {
        delivery: claimed.delivery.id,
        lease: claimed.lease,
        attempt: Claiming::Ended(Attempt {
            number,
            resumed: claimed.resumption.is_some(),
            revision: claimed.revision,
            began_at: NOW,
            result: Some(result),
        }),
        state,
        output: done.then(|| r#"{"case":"2026-1"}"#.to_owned()),
        left: None,
        timeline: vec![TimelineLine {
            at: later(5),
            attempt: number,
            level: TimelineLevel::Info,
            message: "asked the target".to_owned(),
        }],
        closed: Vec::new(),
        follow,
        along: Vec::new(),
    }
}

/// What closed before this, long after it.
pub fn aged(before: Timestamp) -> Aged {
    Aged { before, now: later(1_000_000_000_000) }
}

/// A run that a delivery causes: a notice of its fate.
pub fn caused_by(delivery: DeliveryId, flow: Digest) -> NewRun {
    let idempotency_key = Some(format!("{delivery}/1"));
    NewRun { caused_by: Some(delivery), idempotency_key, ..new_run(flow) }
}

/// The claim is taken back: the attempt never began.
pub fn taken_back(claimed: &Claimed, state: DeliveryState, follow: Follow) -> Settlement {
    let attempt = Claiming::TakenBack { at: later(10) };
    Settlement { attempt, timeline: Vec::new(), ..settlement(claimed, state, follow) }
}

/// The last step succeeded.
pub fn success(claimed: &Claimed) -> Settlement {
    settlement(claimed, succeeded(), Follow::Close(RunState::Succeeded))
}

/// The target was busy, and the next attempt is due at `due`.
pub fn retry(claimed: &Claimed, due: Timestamp) -> Settlement {
    let state = DeliveryState::Retrying { due, problem: problem() };
    settlement(claimed, state, Follow::Stay(RunState::Running))
}

/// Does `action` `times` times at once.
pub async fn at_once<F, T>(store: &Arc<dyn Store>, times: usize, action: impl Fn(Arc<dyn Store>, usize) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let tasks: Vec<_> = (0..times).map(|number| tokio::spawn(action(store.clone(), number))).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.expect("a task that ended"));
    }
    results
}
