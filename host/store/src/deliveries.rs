//! Work that waits, and who is doing it.

use std::collections::HashMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sluse_model::{
    Attempt, Delivery, DeliveryId, DeliveryState, Digest, Lease, Name, NewDelivery, Reason, RunId, RunState,
    SkippedStep, TimelineLine, Timestamp,
};

use crate::{ClosedIntent, DeliveryDetail, NewRun, Page, PageRequest, Resumption, StoreError};

/// On which terms deliveries are claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub now: Timestamp,
    /// When the lease lapses, unless it is renewed.
    pub until: Timestamp,
}

/// How many deliveries of each connection may be claimed. Where there is no room, nothing is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rooms {
    /// Of each connection that is not named.
    pub others: u32,
    pub named: HashMap<Name, u32>,
}

impl Rooms {
    /// As much as there is, of every connection.
    pub fn everywhere() -> Self {
        Self { others: u32::MAX, named: HashMap::new() }
    }

    /// How many of this connection.
    pub fn of(&self, connection: &Name) -> u32 {
        self.named.get(connection).copied().unwrap_or(self.others)
    }
}

/// A delivery with the right to work on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    pub delivery: Delivery,
    /// The flow of the delivery's run.
    pub flow: Name,
    /// The version of the flow that the run keeps to.
    pub flow_digest: Digest,
    pub lease: Lease,
    /// The number of the attempt that the claim began, from 1. Already kept.
    pub attempt: u32,
    /// The active revision of the connection's connector at the moment of the claim. Kept with the attempt.
    pub revision: Digest,
    /// Where it stood before it was claimed: it goes back there when its attempt cannot begin after all. Absent when
    /// it is given as lapsed: its attempt may have begun.
    pub waited: Option<DeliveryState>,
    /// How many of its waits for an answer have ended, the one that this claim ended included.
    pub phase: u32,
    /// It goes on with what it left when it began to wait, rather than from its beginning.
    pub resumption: Option<Resumption>,
}

/// What goes on with the run, in the same transaction as the delivery that it waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Follow {
    /// The delivery is not closed; the run's state follows it.
    Stay(RunState),
    /// The next step.
    Next(Box<NewDelivery>),
    /// Steps whose condition is false, in their order, and the one after them; the run has succeeded when none is left.
    Skip(Vec<SkippedStep>, Option<Box<NewDelivery>>),
    /// No step is left, or none will come.
    Close(RunState),
}

impl Follow {
    /// The step that begins.
    pub fn next(&self) -> Option<&NewDelivery> {
        match self {
            Self::Next(next) => Some(next),
            Self::Skip(_, next) => next.as_deref(),
            Self::Stay(_) | Self::Close(_) => None,
        }
    }
}

/// How an attempt ended, and what follows. Written whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    pub delivery: DeliveryId,
    /// The lease that it was worked on under.
    pub lease: Lease,
    pub attempt: Claiming,
    pub state: DeliveryState,
    /// JSON text, when it succeeded.
    pub output: Option<String>,
    /// What the connector left for when it goes on, when it begins to wait for an answer.
    pub left: Option<String>,
    pub timeline: Vec<TimelineLine>,
    /// What became of requests that were noted in the journal.
    pub closed: Vec<ClosedIntent>,
    pub follow: Follow,
    /// Runs that it causes, with no files but those of its own run.
    pub along: Vec<NewRun>,
}

/// What became of the attempt that a claim began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claiming {
    /// It ended. Kept, with its result.
    Ended(Attempt),
    /// It never began. The claim is taken back: the attempt is not counted, and nothing is kept of it. What goes back to
    /// wait for an answer goes back into its phase.
    TakenBack { at: Timestamp },
}

/// A delivery as lists have it: without its texts, which may be large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDelivery {
    pub id: DeliveryId,
    pub run: RunId,
    /// Its place in the run's flow, from 0.
    pub step_index: u32,
    pub step: Name,
    pub connection: Name,
    pub operation: Name,
    pub state: DeliveryState,
    /// How many attempts have begun.
    pub attempts: u32,
    pub accepted_at: Timestamp,
    pub changed_at: Timestamp,
}

impl From<Delivery> for ListedDelivery {
    fn from(delivery: Delivery) -> Self {
        let Delivery { id, run, step_index, step, connection, operation, state, .. } = delivery;
        let Delivery { attempts, accepted_at, changed_at, .. } = delivery;
        Self { id, run, step_index, step, connection, operation, state, attempts, accepted_at, changed_at }
    }
}

/// Which deliveries are wanted: all that is named has to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeliveryFilter {
    /// The name of a state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow: Option<Name>,
    /// Accepted then or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Accepted before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Waits for a person, for this reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Waits for those who work on this queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<Name>,
    /// Stands in the problem that it met: in code, message or detail, whatever the case of ASCII letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl DeliveryFilter {
    /// The same, where an empty text is none: it stands in every problem.
    pub fn meant(mut self) -> Self {
        self.text = self.text.filter(|text| !text.trim().is_empty());
        self
    }
}

/// What waits at a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    pub connection: Name,
    /// Deliveries that are due and have not begun; [`MAX_BACKLOG`] stands for as many or more.
    pub due: u64,
    /// When the one that waits longest was due.
    pub oldest_due: Option<Timestamp>,
    /// Deliveries that wait for a person; [`MAX_BACKLOG`] stands for as many or more.
    pub attention: u64,
}

/// What waits is counted so far: who watches a queue need not know how far beyond that it is, and counting a million
/// rows every few seconds is work.
pub const MAX_BACKLOG: u32 = 10_000;

/// Work that waits, and who is doing it.
#[async_trait]
pub trait Deliveries: Send + Sync {
    /// Gives up to `limit` due deliveries, each with a lease and a begun attempt: of each connection no more than there
    /// is room for, the longest due first, and what the limit allows is shared among the connections. What a
    /// connection has waiting costs the others nothing, however much it is.
    /// A delivery whose wait for an answer has ended goes on with the attempt that began to wait: none is counted.
    /// Deliveries whose connector has no active revision wait until it has one. A clock that stepped back stalls
    /// nothing: what began to wait at a time that is still to come waits anew from `claim.now`, as long as it was to.
    /// Two claimers never receive the same delivery while its lease lives. Durable when it returns: an attempt
    /// that nobody ever settles is seen by [`Deliveries::lapsed`].
    async fn claim(&self, claim: Claim, limit: u32, rooms: Rooms) -> Result<Vec<Claimed>, StoreError>;

    /// Moves the end of leases that are still held, lapsed or not. Gives those that are not: settled meanwhile,
    /// or unknown.
    async fn renew(&self, leases: Vec<(DeliveryId, Lease)>, until: Timestamp) -> Result<Vec<DeliveryId>, StoreError>;

    /// Writes how an attempt ended and what follows. `Stale` when the lease is no longer held; then nothing is
    /// written. A lease that lapsed is held until somebody settles under it: the first who does wins. With `claim`, a
    /// following delivery is claimed in the same transaction and given back. The runs that it causes are accepted in the
    /// same transaction as well, as by [`Runs::accept`](crate::Runs::accept); one whose key came before is left as it is,
    /// and so is one that would stand for a run for which another was started before.
    async fn settle(&self, settlement: Settlement, claim: Option<Claim>) -> Result<Option<Box<Claimed>>, StoreError>;

    /// Running deliveries whose lease has lapsed at `now`, with the attempt that was lost. They stay as they
    /// are until they are settled under that lease.
    async fn lapsed(&self, now: Timestamp, limit: u32) -> Result<Vec<Claimed>, StoreError>;

    /// When the next delivery that can be claimed is due; `None` when none waits. Those whose connector has no
    /// active revision do not count: activation wakes. Nor do those of connections without room.
    async fn next_due(&self, rooms: Rooms) -> Result<Option<Timestamp>, StoreError>;

    /// The delivery of this id.
    async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryDetail>, StoreError>;

    /// Deliveries without their texts, the latest first. What waits for a person is found by an index. A look through
    /// all that there are is bounded: then a page may have fewer than asked for, or none, and still be followed by
    /// another.
    async fn deliveries(&self, filter: DeliveryFilter, page: PageRequest) -> Result<Page<ListedDelivery>, StoreError>;

    /// How many there are, however many.
    async fn count_deliveries(&self, filter: DeliveryFilter) -> Result<u64, StoreError>;

    /// What waits at each connection now, by name. Costs a look into an index for each, however much waits.
    async fn backlogs(&self, now: Timestamp) -> Result<Vec<Backlog>, StoreError>;
}
