//! What was really done, by external reference: the one assertion that matters is "exactly one".

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// What was really done.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ledger {
    /// Created records by their external reference; those without one stand under `""`.
    pub records: BTreeMap<String, RecordEntry>,
    /// Requests that arrived, by what they asked for: `token`, `discovery`, `search`, `create`, `execute`, `cache`,
    /// `configurations`, `workflows`.
    pub received: BTreeMap<String, u32>,
    /// Tokens given out for a password.
    pub tokens: u32,
    /// Tokens given out for a refresh token.
    pub refreshes: u32,
    /// Token requests that were refused.
    pub refused_sign_ins: u32,
    /// Requests to the API without a token that is alive.
    pub refused_tokens: u32,
}

/// Records under one external reference.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RecordEntry {
    /// Requests to create one that arrived.
    pub received: u32,
    /// Records that were created; more than one is the fault that tests look for.
    pub created: u32,
    /// Their ids.
    pub ids: Vec<String>,
    /// The input of the last request.
    pub last: Value,
}
