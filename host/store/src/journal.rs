//! The effect journal: what the attempts of a delivery have sent that must happen once.

use async_trait::async_trait;
use sluse_model::{DeliveryId, Digest, Intent, Lease, Standing, Timestamp};

use crate::StoreError;

/// A request that is about to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIntent {
    /// Its place in the journal, from 1.
    pub number: u32,
    /// Names what must happen once, the same on every attempt.
    pub identity: Digest,
    /// Names where it goes: method, endpoint and path.
    pub destination: Digest,
    /// As people see it: method and path.
    pub request: String,
}

/// What became of a request that was noted before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedIntent {
    pub number: u32,
    pub standing: Standing,
    /// The answer, sealed, to be given back to later attempts.
    pub answer: Option<Vec<u8>>,
}

/// What is written into a journal at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    pub delivery: DeliveryId,
    /// The lease that the attempt is worked on under.
    pub lease: Lease,
    /// The attempt, from 1.
    pub attempt: u32,
    pub now: Timestamp,
    pub closed: Vec<ClosedIntent>,
    pub opened: Vec<NewIntent>,
}

/// A request of an earlier attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotedIntent {
    pub intent: Intent,
    pub identity: Digest,
    pub destination: Digest,
    /// The answer, sealed, when it happened and the answer was kept.
    pub answer: Option<Vec<u8>>,
}

/// The effect journal of deliveries.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Notes requests that are about to be sent, each as open, and what became of earlier ones. Durable when it
    /// returns: only then may the first byte leave. `Stale` when the lease is no longer held; then nothing is written,
    /// and nothing may leave.
    async fn note(&self, entry: JournalEntry) -> Result<(), StoreError>;

    /// What the attempts of a delivery have noted, by number.
    async fn journal(&self, delivery: DeliveryId) -> Result<Vec<NotedIntent>, StoreError>;
}
