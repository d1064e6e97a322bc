//! What is given up once it has been closed for long enough.

use async_trait::async_trait;
use sluse_model::Timestamp;

use crate::{PageRequest, StoreError};

/// What can be given up by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiring {
    /// What attempts have sent and targets have answered: journals, recorded answers, callbacks. Of deliveries that
    /// are closed.
    Journal,
    /// The files of runs that are closed, their names included. A content goes with the last that refers to it.
    Files,
    /// Runs that are closed, with everything that belongs to them. Their idempotency keys are free again.
    Runs,
    /// Ticks of schedules that have ended, with the runs that they started. That an item has started a run stays known for good.
    Ticks,
    /// Acts on many deliveries that have ended. Those that were done stay with their deliveries.
    Batches,
}

/// A page of what could be given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    /// How many deliveries, files, runs, ticks or batches were given up.
    pub given_up: u64,
    /// Where the next page begins. Absent when nothing that is left is old enough.
    pub next: Option<String>,
}

/// How old something has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aged {
    /// What closed before this is old enough.
    pub before: Timestamp,
    /// What came after this, a clock that was ahead has written.
    pub now: Timestamp,
}

/// What is given up once it has been closed for long enough.
#[async_trait]
pub trait Retention: Send + Sync {
    /// Looks at a page of the oldest that there are, and gives up what is old enough. What is not closed stays, however
    /// old it is, and so does a run, with its files and journals, while another one that stands for it is not closed. One transaction for each page, so that others are not kept waiting.
    async fn expire(&self, what: Expiring, aged: Aged, page: PageRequest) -> Result<Expired, StoreError>;

    /// Notes what the clock says, for whichever process comes next.
    async fn note_time(&self, now: Timestamp) -> Result<(), StoreError>;

    /// What the clock said when that was noted last.
    async fn noted_time(&self) -> Result<Option<Timestamp>, StoreError>;
}
