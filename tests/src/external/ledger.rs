//! What was really done, by reference: the one assertion that matters is "exactly one".

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

/// What was really done.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ledger {
    /// Actions by their reference.
    pub actions: BTreeMap<String, ActionEntry>,
    /// Notices by their `webhook-id`.
    pub notices: BTreeMap<String, NoticeEntry>,
}

/// What was done for one reference.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ActionEntry {
    /// Triggers that arrived.
    pub received: u32,
    /// Triggers that had their effect; more than one is the fault that tests look for.
    pub committed: u32,
    /// The ids of the actions.
    pub guids: BTreeSet<String>,
    /// The values of `Idempotency-Key`.
    pub keys: BTreeSet<String>,
    /// The addresses for callbacks, as they were given.
    pub callback_urls: BTreeSet<String>,
    /// The last request's body.
    pub last: Value,
    /// What the API called back with, in the order of the answers.
    pub callbacks: Vec<CallbackEntry>,
}

/// A callback that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallbackEntry {
    /// Tries until it was answered, or given up.
    pub tries: u32,
    /// The host's last answer; none when nobody answered.
    pub status: Option<u16>,
    /// Went to an altered address.
    pub wrong_token: bool,
}

/// A notice that arrived.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NoticeEntry {
    /// How often it arrived.
    pub received: u32,
    /// Whether the last one was signed with the API's secret; none when the API has no secret.
    pub signed: Option<bool>,
    /// The last one.
    pub last: Value,
}
