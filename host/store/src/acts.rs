//! What people do about deliveries, kept with who did it and why.

use async_trait::async_trait;
use sluse_model::{Act, Actor, BatchId, DeliveryId, DeliveryState, Timestamp};

use crate::{Follow, NewRun, StoreError};

/// What somebody does about a delivery, as it was decided on what it was seen to be. Written whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAct {
    pub delivery: DeliveryId,
    pub act: Act,
    pub by: Actor,
    pub why: Option<String>,
    pub at: Timestamp,
    /// Where it stood when that was decided. Not running.
    pub before: DeliveryState,
    /// How many attempts had begun then.
    pub attempts: u32,
    /// Where the act leads it. Not running.
    pub after: DeliveryState,
    pub follow: Follow,
    /// The act on many of which this is one: it goes on behind this delivery.
    pub batch: Option<BatchId>,
    /// Runs that it causes, with no files but those of its own run.
    pub along: Vec<NewRun>,
}

/// What people do about deliveries.
#[async_trait]
pub trait Acts: Send + Sync {
    /// Does what was decided, and keeps who did it and why, in one transaction: the state and what follows for the run;
    /// another input, or an output; what is said of requests that were open (none happened, or with an output all
    /// did); whoever waited for it as the head of its ordering key goes on once it is closed or skipped; the runs that it
    /// causes are accepted.
    /// `Stale` when the delivery no longer stands where it was seen, or the batch has ended or has been there; `NotFound` when there is none; then nothing is
    /// written.
    async fn act(&self, act: NewAct) -> Result<(), StoreError>;
}
