//! Polls of feeds, and the items that they find.

use async_trait::async_trait;
use sluse_model::{Digest, Found, Lease, Name, Origin, RunId, Schedule, TickId, TickState, TimelineLine, Timestamp};

use crate::{Claim, NewRun, StoreError};

/// A tick that has a feed polled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuePoll {
    pub tick: TickId,
    pub connection: Name,
    pub due: Timestamp,
}

/// A tick with the right to poll its feed.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedPoll {
    pub tick: TickId,
    /// As it is now.
    pub schedule: Schedule,
    pub lease: Lease,
    /// The number of the attempt that the claim began, from 1. Already kept.
    pub attempt: u32,
    /// When the tick was written down.
    pub accepted_at: Timestamp,
    /// Where the poll before ended.
    pub cursor: Option<String>,
    /// The active revision of the connection's connector.
    pub revision: Digest,
}

/// What a call of a poll came to. Written whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollSettlement {
    pub tick: TickId,
    /// The lease that it was polled under.
    pub lease: Lease,
    pub at: Timestamp,
    /// What was found; nothing is known when absent.
    pub page: Option<NewPage>,
    pub timeline: Vec<TimelineLine>,
    /// The claim is taken back: its attempt never began.
    pub is_taken_back: bool,
    /// Where the tick goes. Absent when it goes on under the same lease.
    pub state: Option<TickState>,
}

/// What was found behind the cursor of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPage {
    pub connection: Name,
    pub feed: Name,
    /// In the order in which their runs are to start.
    pub items: Vec<NewItem>,
    /// How many others were found that are known already.
    pub known: u32,
    pub cursor: Option<String>,
}

/// An item with the run that it starts, unless it has started one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewItem {
    pub key: String,
    pub group: String,
    pub run: NewRun,
}

/// Polls of feeds, and the items that they find.
#[async_trait]
pub trait Feeds: Send + Sync {
    /// The next poll of each connection, also those that are still to come. None where somebody polls, or where the
    /// connector has no active revision.
    async fn next_polls(&self) -> Result<Vec<DuePoll>, StoreError>;

    /// Gives a poll that is due, with a lease and a begun attempt. `None` when it is not due any more, or somebody else
    /// polls at its connection: one at a time, over all hosts. Durable when it returns.
    async fn begin_poll(&self, tick: TickId, claim: Claim) -> Result<Option<ClaimedPoll>, StoreError>;

    /// Moves the end of a lease; `false` when it is not held.
    async fn renew_poll(&self, tick: TickId, lease: Lease, until: Timestamp) -> Result<bool, StoreError>;

    /// Which of these keys have started a run at this feed.
    async fn known_items(&self, connection: &Name, feed: &Name, keys: Vec<String>) -> Result<Vec<String>, StoreError>;

    /// Writes what a call of a poll came to, in one transaction: the cursor, the items with their runs, and where the tick
    /// goes. An item whose key is known starts nothing, whatever else it says: a key starts one run ever, also when
    /// nothing else is kept of that. Gives what was found. `Stale` when the lease is not held; then nothing is written.
    async fn settle_poll(&self, settlement: PollSettlement) -> Result<Found, StoreError>;

    /// Polls whose lease has lapsed are due again, but for those that are named. What was to wait by a clock that was
    /// ahead waits for as long from now on. Gives how many were moved.
    async fn release_polls(&self, now: Timestamp, held: Vec<TickId>) -> Result<u32, StoreError>;

    /// Where a run came from, when nobody handed it in.
    async fn origin(&self, run: RunId) -> Result<Option<Origin>, StoreError>;
}
