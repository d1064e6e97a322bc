//! What the simulation has: submissions in the order in which they came in, and the ledger of it all.

use std::sync::{Mutex, MutexGuard};

use serde_json::{Value, json};

use super::forms::Submission;
use super::ledger::Ledger;
use crate::simulated::Faults;

const UNPOISONED: &str = "no route panics while it holds this lock";

/// A status that waits, and one that is final.
const DELIVERED: &str = "Delivered";
const BLOCKED: &str = "Temporary blocked";
const IMPORTED: &str = "Imported";

/// All that the routes share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    faults: Mutex<Faults>,
}

/// What there is.
#[derive(Debug, Default)]
pub(super) struct State {
    submissions: Vec<Submission>,
    /// Lists the newest first, and each twice.
    pub(super) disorder: bool,
    pub(super) ledger: Ledger,
}

/// What is listed.
pub(super) struct Wanted {
    pub(super) form_id: Option<String>,
    pub(super) status: Option<String>,
    pub(super) page_size: usize,
    pub(super) page: usize,
}

/// What became of a new status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Taken,
    NoSubmission,
    NoStatus,
    AlreadyImported,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect(UNPOISONED)
    }

    pub(super) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().expect(UNPOISONED)
    }

    pub(super) fn reset(&self) {
        *self.state() = State::default();
        *self.faults() = Faults::default();
    }
}

impl State {
    pub(super) fn submit(&mut self, submission: Submission) {
        self.ledger.submissions.entry(submission.id.clone()).or_default().status = DELIVERED.to_owned();
        self.submissions.push(submission);
    }

    pub(super) fn find(&self, id: &str) -> Option<&Submission> {
        self.submissions.iter().find(|submission| submission.id == id)
    }

    pub(super) fn status(&self, id: &str) -> &str {
        self.ledger.submissions.get(id).map_or("", |entry| &entry.status)
    }

    /// A page of what has a status. A form that nobody has ever submitted is not known.
    pub(super) fn list(&mut self, wanted: &Wanted) -> Option<Value> {
        self.ledger.lists += 1;
        let of_form = |submission: &&Submission| wanted.form_id.as_ref().is_none_or(|form| submission.form_id == *form);
        if wanted.form_id.is_some() && !self.submissions.iter().any(|submission| of_form(&submission)) {
            return None;
        }
        let fits = |submission: &&Submission| {
            of_form(submission) && wanted.status.as_deref().is_none_or(|status| self.status(&submission.id) == status)
        };
        let mut listed: Vec<_> = self.submissions.iter().filter(fits).collect();
        if self.disorder {
            listed = listed.into_iter().rev().flat_map(|submission| [submission; 2]).collect();
        }
        let size = wanted.page_size.max(1);
        let next = (listed.len() > (wanted.page + 1) * size).then_some(wanted.page + 1);
        let shown: Vec<_> = listed.into_iter().skip(wanted.page * size).take(size).collect();
        let entry = |submission: &&Submission| json!({ "id": submission.id, "formId": submission.form_id, "receivedAt": submission.received_at });
        let page = json!({ "submissions": shown.iter().map(entry).collect::<Vec<_>>(), "next": next.map(|next| next.to_string()) });
        let ids: Vec<_> = shown.iter().map(|submission| submission.id.clone()).collect();
        ids.into_iter().for_each(|id| self.ledger.submissions.entry(id).or_default().listed += 1);
        Some(page)
    }

    pub(super) fn fetched(&mut self, id: &str) {
        self.ledger.submissions.entry(id.to_owned()).or_default().files += 1;
    }

    /// The connector says what became of a submission. What is imported stays so.
    pub(super) fn tell(&mut self, id: &str, status: &str, message: Option<String>) -> Told {
        let Some(entry) = self.ledger.submissions.get_mut(id) else { return Told::NoSubmission };
        if ![BLOCKED, IMPORTED].contains(&status) {
            return Told::NoStatus;
        }
        entry.told.push((status.to_owned(), message));
        if entry.status == IMPORTED {
            return Told::AlreadyImported;
        }
        entry.status = status.to_owned();
        entry.imported += u32::from(status == IMPORTED);
        Told::Taken
    }

    /// A person at Interact does.
    pub(super) fn set_status(&mut self, id: &str, status: &str) {
        if let Some(entry) = self.ledger.submissions.get_mut(id) {
            entry.status = status.to_owned();
        }
    }
}
