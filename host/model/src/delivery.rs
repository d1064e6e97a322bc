//! One durable call of an operation, and what may become of it.

mod act; // what people do about it
mod attempt; // one try, and how it ended
mod callback; // answers at its addresses
mod intent; // what is known of requests that must happen once
mod machine; // every transition
mod state; // where a delivery stands
mod transition; // what happens next

use serde::{Deserialize, Serialize};

pub use act::{Act, ActKind, Actor, DoneAct};
pub use attempt::{Attempt, AttemptEnd, AttemptResult, TimelineLevel, TimelineLine};
pub use callback::{Callback, CallbackStanding, MAX_ADDRESSES, address_number, phase_of};
pub use intent::{Intent, Standing};
pub use machine::{Event, Position, Refused};
pub use state::{Attention, DeliveryState, Lease, Reason, Resolution};
pub use transition::{after_attempt, after_lost_attempt, lost_attempt, when_exhausted};

use crate::{DeliveryId, Digest, Name, RunId, Timestamp};

/// One durable call of an operation of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub id: DeliveryId,
    pub run: RunId,
    /// Its place in the run's flow, from 0.
    pub step_index: u32,
    pub step: Name,
    pub connection: Name,
    pub operation: Name,
    /// JSON text.
    pub input: String,
    /// JSON text, once it has succeeded.
    pub output: Option<String>,
    pub state: DeliveryState,
    /// How many attempts have begun.
    pub attempts: u32,
    pub accepted_at: Timestamp,
    pub changed_at: Timestamp,
}

/// A delivery that comes into being with the fact that caused it: a submission, or the step before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    pub id: DeliveryId,
    pub step_index: u32,
    pub step: Name,
    pub connection: Name,
    pub operation: Name,
    /// JSON text.
    pub input: String,
    /// What it shares with those that it must not overtake: see [`ordering_key`].
    pub ordering_key: Option<Digest>,
    /// `Queued`, or `Attention` when its input could not be mapped.
    pub state: DeliveryState,
    pub accepted_at: Timestamp,
}

/// The ordering key that a text amounts to; none for an empty one. It says nothing of the text, which may be somebody's
/// number.
pub fn ordering_key(text: &str) -> Option<Digest> {
    (!text.is_empty()).then(|| Digest::of(["ordering key\0", text].concat()))
}
