//! Answers that targets give at the addresses of deliveries.

use async_trait::async_trait;
use sluse_model::{DeliveryId, Timestamp};

use crate::StoreError;

/// An answer that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub delivery: DeliveryId,
    /// The address that it came to, as [`sluse_model::address_number`] has it.
    pub number: u32,
    pub arrived_at: Timestamp,
    /// What its sender calls it, when it was signed.
    pub message: Option<String>,
    pub media_type: String,
    /// Sealed, for this delivery and number.
    pub body: Vec<u8>,
}

/// What became of an answer that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrived {
    /// The delivery waited for it, and is due.
    Taken,
    /// The delivery does not wait yet. It is kept until it does.
    Kept,
    /// This message was taken before at one of the connection's addresses. Nothing was written.
    Again,
    /// This address has had an answer, with this body: who can open it says whether it is the same. Nothing was written.
    Before(Vec<u8>),
    /// Nothing waits for it any more: the delivery has gone on, is closed, or waits for a person. That it came is
    /// kept, what it said is not.
    Late,
    /// There is no such delivery, or it has not come so far.
    Unknown,
}

/// A wait that has ended, or whose ending is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumption {
    /// What the connector left when it began to wait.
    pub state: String,
    /// The answer that ended the wait; none came in time when absent.
    pub answer: Option<Answer>,
}

/// Answers that targets give at the addresses of deliveries.
#[async_trait]
pub trait Callbacks: Send + Sync {
    /// Takes in an answer: in one transaction with what it does to the delivery, durable when it returns. The first one
    /// at any address of a phase ends the wait of that phase, whether it comes before the wait or during it. One that came
    /// late is taken when it comes again and the delivery waits again.
    async fn arrive(&self, answer: Answer) -> Result<Arrived, StoreError>;
}
