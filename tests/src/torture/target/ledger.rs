//! What the target did, by business key. Nothing is taken back.

use std::collections::{HashMap, HashSet};

use super::parcels::Parcels;

/// What was done, and how often.
#[derive(Debug, Default)]
pub(in crate::torture) struct Ledger {
    /// `POST /effects`: each one counts.
    effects: HashMap<String, u32>,
    /// `PUT /places/KEY`: the second leaves what the first has left.
    places: HashMap<String, u32>,
    /// Requests that came in, by method and key.
    asked: HashMap<String, u64>,
    /// What somebody who asked for it was sent elsewhere for.
    redirected: HashSet<String>,
    /// What the host must not have said or sent.
    complaints: Vec<String>,
    pub(in crate::torture) parcels: Parcels,
}

impl Ledger {
    /// The number of this request among those of its kind, from 0.
    pub(super) fn number(&mut self, kind: &str) -> u64 {
        let asked = self.asked.entry(kind.to_owned()).or_default();
        *asked += 1;
        *asked - 1
    }

    pub(super) fn add_effect(&mut self, key: &str) {
        *self.effects.entry(key.to_owned()).or_default() += 1;
    }

    pub(super) fn add_place(&mut self, key: &str) {
        *self.places.entry(key.to_owned()).or_default() += 1;
    }

    pub(in crate::torture) fn add_redirect(&mut self, key: String) {
        self.redirected.insert(key);
    }

    pub(super) fn complain(&mut self, complaint: String) {
        self.complaints.push(complaint);
    }

    /// What the host must not have said or sent.
    pub(in crate::torture) fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// How often it happened, in whatever way.
    pub(in crate::torture) fn count(&self, key: &str) -> u32 {
        self.effects.get(key).or_else(|| self.places.get(key)).copied().unwrap_or(0)
    }

    pub(in crate::torture) fn has_effect(&self, key: &str) -> bool {
        self.effects.contains_key(key)
    }

    /// Whether somebody who asked for it was sent elsewhere.
    pub(in crate::torture) fn has_redirected(&self, key: &str) -> bool {
        self.redirected.contains(key)
    }

    /// All keys that something was done for.
    pub(in crate::torture) fn keys(&self) -> impl Iterator<Item = &str> {
        self.effects.keys().chain(self.places.keys()).map(String::as_str)
    }
}
