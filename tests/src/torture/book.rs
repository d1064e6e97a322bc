//! What was acknowledged: written down by those who were told, and by nobody else.

use std::collections::HashMap;

use super::flows::Flow;

/// Everything that was acknowledged, by business key.
#[derive(Debug, Default)]
pub(super) struct Book {
    entries: HashMap<String, Entry>,
    /// What was said that contradicts what was said before.
    contradictions: Vec<String>,
    /// Answers that refused for now, by status.
    pub(super) refusals: u64,
}

/// A submission that was acknowledged.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) flow: &'static Flow,
    pub(super) run: String,
}

impl Book {
    /// Writes down what somebody was told.
    pub(super) fn note(&mut self, key: &str, flow: &'static Flow, run: String) {
        match self.entries.get(key) {
            Some(entry) if entry.run == run => {}
            Some(entry) => {
                self.contradictions.push(format!("submission `{key}` is {} and then {run}", entry.run));
            }
            None => {
                self.entries.insert(key.to_owned(), Entry { flow, run });
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(key, entry)| (key.as_str(), entry))
    }

    pub(super) fn contradictions(&self) -> &[String] {
        &self.contradictions
    }
}
