//! What the target did, by business key. Nothing is taken back.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::parcels::Parcels;
use crate::torture::flows::FIRST_NUMBER;

/// What was done, and how often.
#[derive(Debug, Default)]
pub(in crate::torture) struct Ledger {
    /// `POST /effects`: each one counts.
    effects: HashMap<String, u32>,
    /// `PUT /places/KEY`: the second leaves what the first has left.
    places: HashMap<String, u32>,
    /// Numbers that messages came under, by key.
    numbers: HashMap<String, u64>,
    /// The same the other way round.
    numbered: HashMap<u64, String>,
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

    /// A message has come under a number: the same whenever it comes, and nobody else's.
    pub(super) fn add_number(&mut self, key: &str, body: &[u8]) {
        let said = serde_json::from_slice::<Value>(body).ok().and_then(|body| body["number"].as_u64());
        let Some(number) = said else { return self.complain(format!("`{key}` came without a number")) };
        let before = *self.numbers.entry(key.to_owned()).or_insert(number);
        if before != number {
            self.complain(format!("`{key}` came under number {before} and then under {number}"));
        }
        let whose = self.numbered.entry(number).or_insert_with(|| key.to_owned()).clone();
        if whose != key {
            self.complain(format!("`{key}` came under number {number}, which is that of `{whose}`"));
        }
    }

    /// Numbers that must have been reserved for what has come, and for what is lost of them.
    pub(in crate::torture) fn numbers_used(&self) -> u64 {
        self.numbered.keys().max().map_or(0, |last| last + 1 - FIRST_NUMBER)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_that_of_one_message() {
        let mut ledger = Ledger::default();
        for (key, number, complaints) in [("a", 1, 0), ("a", 1, 0), ("b", 3, 0), ("c", 1, 1), ("b", 4, 2)] {
            ledger.add_number(key, format!(r#"{{"number": {number}}}"#).as_bytes());
            assert_eq!(ledger.complaints().len(), complaints, "{:?}", ledger.complaints());
        }
        ledger.add_number("d", b"{}");
        assert_eq!((ledger.complaints().len(), ledger.numbers_used()), (3, 4));
    }
}
