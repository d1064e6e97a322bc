//! What the consumer has: its folder, what it took, what it refuses, and whether it goes on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::receipt::Refusal;
use super::{Ledger, Settings, Share};

const UNPOISONED: &str = "nobody panics while they hold this lock";

/// All that the routes and the loop share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) share: Share,
    ledger: Mutex<Ledger>,
    /// The bytes of each file, by its name, as they were when it was taken last.
    latest: Mutex<BTreeMap<String, Vec<u8>>>,
    refusals: Mutex<Vec<Refusal>>,
    takes: AtomicBool,
    stopped: AtomicBool,
}

impl Shared {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            share: Share::new(settings.folder.clone()),
            settings,
            ledger: Mutex::default(),
            latest: Mutex::default(),
            refusals: Mutex::default(),
            takes: AtomicBool::new(true),
            stopped: AtomicBool::new(false),
        }
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect(UNPOISONED)
    }

    pub(super) fn latest(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.latest.lock().expect(UNPOISONED)
    }

    pub(super) fn refusals(&self) -> MutexGuard<'_, Vec<Refusal>> {
        self.refusals.lock().expect(UNPOISONED)
    }

    pub(super) fn takes(&self, takes: bool) {
        self.takes.store(takes, Ordering::Relaxed);
    }

    pub(super) fn is_taking(&self) -> bool {
        self.takes.load(Ordering::Relaxed)
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub(super) fn reset(&self) {
        *self.ledger() = Ledger::default();
        self.latest().clear();
        self.refusals().clear();
    }
}
