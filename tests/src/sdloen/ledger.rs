//! What was really registered: the one assertion that matters is "each claim once, or it is paid twice".

use std::collections::BTreeMap;

use serde::Serialize;

/// What was really registered.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ledger {
    /// Claims by employment, day and distance: `00123 2026-03-21 12.50`.
    pub claims: BTreeMap<String, ClaimEntry>,
    /// Look-ups of employments that were answered.
    pub looked_up: u32,
    /// Requests of somebody who may not come in.
    pub refused: u32,
}

/// What was done about one claim.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ClaimEntry {
    /// Requests that arrived.
    pub received: u32,
    /// Registrations that there are, and that will be paid; more than one is the fault that tests look for.
    pub registered: u32,
    /// Their numbers.
    pub registration_ids: Vec<String>,
    /// The last request's fields.
    pub last: BTreeMap<String, String>,
}
