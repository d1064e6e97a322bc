//! What the simulation has: employments, planted faults, and the ledger of it all.

use std::sync::{Mutex, MutexGuard};

use super::people::Employment;
use super::soap::SoapFault;
use super::{Ledger, Settings};
use crate::simulated::Faults;

const UNPOISONED: &str = "no route panics while it holds this lock";

/// All that the routes share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: Settings,
    state: Mutex<State>,
    faults: Mutex<Faults>,
}

/// What there is.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) employments: Vec<Employment>,
    pub(super) soap_faults: Vec<SoapFault>,
    pub(super) ledger: Ledger,
    registrations: u32,
}

impl Shared {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, state: Mutex::default(), faults: Mutex::default() }
    }

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
    /// The fault that was planted for this claim.
    pub(super) fn soap_fault(&mut self, key: &str) -> Option<SoapFault> {
        let fits = |fault: &SoapFault| fault.key.as_deref().is_none_or(|wanted| wanted == key);
        let at = self.soap_faults.iter().position(fits)?;
        Some(self.soap_faults.remove(at))
    }

    /// Registers a claim, and gives the number of the registration.
    pub(super) fn registered(&mut self, key: &str) -> String {
        self.registrations += 1;
        let id = format!("{}", 88_000 + self.registrations);
        let entry = self.ledger.claims.entry(key.to_owned()).or_default();
        entry.registered += 1;
        entry.registration_ids.push(id.clone());
        id
    }
}
