//! Numbers that are handed out once.

use async_trait::async_trait;
use sluse_model::{DeliveryId, Lease, Name, Sequence};

use crate::StoreError;

/// Numbers that an attempt asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    pub delivery: DeliveryId,
    /// The lease that the attempt is worked on under.
    pub lease: Lease,
    /// The sequence, of the delivery's connection.
    pub name: Name,
    /// The numbers that there are.
    pub sequence: Sequence,
    /// What they are for, within the delivery.
    pub purpose: String,
    /// How many, at least one.
    pub count: u32,
}

/// What became of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// Consecutive numbers from this one on.
    From(u64),
    /// There are only so many left.
    TooFew(u64),
}

/// Numbers that are handed out once.
#[async_trait]
pub trait Numbers: Send + Sync {
    /// Hands out numbers that nobody was given before. Durable when it returns. Asked again for as many for the same
    /// purpose, the delivery is given the same ones. `Stale` when the lease is no longer held; then nothing is handed
    /// out.
    ///
    /// Numbers below the first of the sequence, and those above its last, are not handed out any more once that was
    /// changed; those that were stay with their delivery.
    async fn reserve(&self, reservation: Reservation) -> Result<Reserved, StoreError>;
}
