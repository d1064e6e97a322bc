//! What was really done: the one assertion that matters is "acknowledged once, and only when both were delivered".

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What was really done.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ledger {
    /// Deliveries by their id.
    pub deliveries: BTreeMap<String, DeliveryEntry>,
    /// Processes by their public id.
    pub processes: BTreeMap<String, ProcessEntry>,
    /// Requests with a token that is worth nothing.
    pub refused: u32,
}

/// What was done with one delivery.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DeliveryEntry {
    /// How often it was given out.
    pub given: u32,
    /// What has become of it.
    pub state: DeliveryState,
    /// Whether it was acknowledged, as a number: a second request has no effect, and counts in `told` alone.
    pub acknowledged: u32,
    /// Requests to acknowledge or reject it that arrived.
    pub told: u32,
    /// Why it was rejected.
    pub note: Option<String>,
}

/// What has become of a delivery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// It waits, and is given out.
    #[default]
    Waiting,
    /// Both systems have it.
    Acknowledged,
    /// It could not be delivered.
    Rejected,
}

/// What was done with one process.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ProcessEntry {
    /// Times that it was moved on.
    pub advanced: u32,
    /// Times that it was sent back.
    pub sent_back: u32,
    /// The notes with which it was.
    pub notes: Vec<String>,
}
