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
    /// Its run; of a call its delivery.
    pub(super) run: String,
    /// Whoever called was told that it is done.
    pub(super) is_done: bool,
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
                self.entries.insert(key.to_owned(), Entry { flow, run, is_done: false });
            }
        }
    }

    /// Writes down that somebody who called was told that it is done.
    pub(super) fn note_done(&mut self, key: &str) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.is_done = true;
        }
    }

    /// Writes down what was said that cannot be true.
    pub(super) fn contradict(&mut self, contradiction: String) {
        self.contradictions.push(contradiction);
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
