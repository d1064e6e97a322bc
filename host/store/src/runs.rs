//! Submissions and what became of them.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sluse_model::{
    Attachment, Attempt, Callback, Delivery, DeliveryId, Digest, DoneAct, Intent, Name, NewDelivery, Run, RunId,
    RunState, SkippedStep, StandsFor, TimelineLine, Timestamp,
};

use crate::{Claim, Claimed, StoreError};

/// A submission that is about to be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    pub id: RunId,
    pub flow: Name,
    pub flow_digest: Digest,
    /// JSON text.
    pub submission: String,
    /// The files, in the order of submission. Their contents are kept already.
    pub attachments: Vec<Attachment>,
    pub idempotency_key: Option<String>,
    /// What the submission's body amounts to: the same key with another digest is a conflict.
    pub body_digest: Digest,
    /// The delivery whose fate it tells of, when the host itself handed it in.
    pub caused_by: Option<DeliveryId>,
    /// The failed run that it is started for.
    pub stands_for: Option<StandsFor>,
    pub accepted_at: Timestamp,
    /// The steps before the first delivery, whose condition is false.
    pub skipped: Vec<SkippedStep>,
    /// The first delivery. Without one, every step is skipped: it has succeeded from the beginning.
    pub first: Option<NewDelivery>,
    /// Runs that its first step causes when that waits for a person from the beginning, with no files but its own.
    pub along: Vec<NewRun>,
}

/// What became of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It is a new run; durable. The first delivery comes with a lease when one was asked for.
    New(Option<Box<Claimed>>),
    /// The same submission came before, under the same key, and is this run.
    Before(RunId),
    /// Another submission came before under the same key.
    Conflict(RunId),
}

/// Which runs are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    pub flow: Option<Name>,
    pub state: Option<RunState>,
}

/// How many, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// At most this many.
    pub limit: u32,
    /// Where the page before ended: its [`Page::next`]. Anything else is `NoSuchPage`.
    pub after: Option<String>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins; absent on the last one.
    pub next: Option<String>,
}

/// A run with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDetail {
    pub run: Run,
    /// JSON text.
    pub submission: String,
    pub attachments: Vec<Attachment>,
    /// By step.
    pub deliveries: Vec<Delivery>,
    /// The steps that were passed by, in their order.
    pub skipped: Vec<SkippedStep>,
}

/// A delivery with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryDetail {
    pub delivery: Delivery,
    /// In the order in which they began.
    pub attempts: Vec<Attempt>,
    /// By time.
    pub timeline: Vec<TimelineLine>,
    /// By number.
    pub journal: Vec<Intent>,
    /// By number.
    pub callbacks: Vec<Callback>,
    /// The delivery that it waits for because they share an ordering key, and that one came before.
    pub behind: Option<DeliveryId>,
    /// Others that share its ordering key wait for it, or would.
    pub leads_its_key: bool,
    /// What people did about it, by time.
    pub acts: Vec<DoneAct>,
}

/// Submissions and what became of them.
#[async_trait]
pub trait Runs: Send + Sync {
    /// Accepts a submission: the run, its attachments and its first delivery in one transaction. Durable when
    /// it returns. With `claim`, the first delivery is claimed in the same transaction. `NotFound` when the
    /// flow's version, the first delivery's connection or an attachment's content is not kept.
    ///
    /// For a failed run one other is started, ever: a second one that is to stand for it is `Before`. When the one that
    /// stands for it succeeds and was to close it, the delivery that caused it is closed as failed in the same
    /// transaction, if that has waited for a person ever since and leaves no doubt of what happened; whoever waits
    /// behind it goes on. An item's source is told what becomes of both (see
    /// [`ItemStanding::of_runs`](sluse_model::ItemStanding::of_runs)).
    async fn accept(&self, run: NewRun, claim: Option<Claim>) -> Result<Accepted, StoreError>;

    /// The run of this id.
    async fn run(&self, id: RunId) -> Result<Option<RunDetail>, StoreError>;

    /// Runs, the latest first.
    async fn runs(&self, filter: RunFilter, page: PageRequest) -> Result<Page<Run>, StoreError>;

    /// Adds a file to a run: one that a connector created or kept. Durable when it returns. Adding the same file
    /// again changes nothing; `NotFound` when there is no such run or no such content.
    async fn add_attachment(&self, run: RunId, attachment: Attachment) -> Result<(), StoreError>;

    /// The files of a run, submitted ones first.
    async fn attachments(&self, run: RunId) -> Result<Vec<Attachment>, StoreError>;
}
