//! What was really done: the one assertion that matters is what a submission was told last, and that it was told.

use std::collections::BTreeMap;

use serde::Serialize;

/// What was really done.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ledger {
    /// Submissions by their id.
    pub submissions: BTreeMap<String, SubmissionEntry>,
    /// Requests for the list.
    pub lists: u32,
}

/// What was done with one submission.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SubmissionEntry {
    /// As it is now.
    pub status: String,
    /// How often it was listed.
    pub listed: u32,
    /// How often one of its files was fetched.
    pub files: u32,
    /// Each status that it was given, with the message, in order; those without effect among them.
    pub told: Vec<(String, Option<String>)>,
    /// Times that its status has become `Imported`. It stays so unless a person puts it back: what comes again is in `told`.
    pub imported: u32,
}
