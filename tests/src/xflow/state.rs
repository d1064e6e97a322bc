//! What the simulation has: deliveries that wait, processes, the token, and the ledger of it all.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Settings;
use super::ledger::{DeliveryState, Ledger};
use super::processes::Process;
use crate::simulated::Faults;

const UNPOISONED: &str = "no route panics while it holds this lock";

/// All that the routes share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: Settings,
    state: Mutex<State>,
    faults: Mutex<Faults>,
}

/// Something that waits for both systems, or one of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// Names it, and the batch of its records.
    pub id: String,
    /// Records for SD Løn, each an object.
    #[serde(default)]
    pub sd: Vec<Value>,
    /// Records for Prisme, each an object.
    #[serde(default)]
    pub prisme: Vec<Value>,
    /// The first record of each is given twice in the same answer.
    #[serde(default)]
    pub twice: bool,
}

/// What there is.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) token: String,
    deliveries: Vec<Delivery>,
    pub(super) processes: BTreeMap<String, Process>,
    pub(super) ledger: Ledger,
}

impl Shared {
    pub(super) fn new(settings: Settings) -> Self {
        let state = State { token: settings.token.clone(), ..State::default() };
        Self { settings, state: Mutex::new(state), faults: Mutex::default() }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect(UNPOISONED)
    }

    pub(super) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().expect(UNPOISONED)
    }

    pub(super) fn reset(&self) {
        *self.state() = State { token: self.settings.token.clone(), ..State::default() };
        *self.faults() = Faults::default();
    }
}

impl State {
    pub(super) fn deliver(&mut self, delivery: Delivery) {
        self.ledger.deliveries.entry(delivery.id.clone()).or_default();
        self.deliveries.push(delivery);
    }

    /// Everything that waits for either system, in one answer. Each record says which delivery it belongs to.
    pub(super) fn give(&mut self) -> Value {
        let (mut sd, mut prisme) = (Vec::new(), Vec::new());
        for delivery in &self.deliveries {
            let entry = self.ledger.deliveries.entry(delivery.id.clone()).or_default();
            if entry.state != DeliveryState::Waiting {
                continue;
            }
            entry.given += 1;
            sd.extend(records(delivery, &delivery.sd));
            prisme.extend(records(delivery, &delivery.prisme));
        }
        json!({ "sd": sd, "prisme": prisme })
    }

    pub(super) fn delivery_state(&self, id: &str) -> Option<DeliveryState> {
        self.ledger.deliveries.get(id).map(|entry| entry.state)
    }

    /// Whether a delivery that waits, or has come to the same before, has come to this now. `None` when there is none.
    pub(super) fn close(&mut self, id: &str, to: DeliveryState, note: Option<String>) -> Option<bool> {
        let entry = self.ledger.deliveries.get_mut(id)?;
        entry.told += 1;
        if entry.state != DeliveryState::Waiting {
            return Some(entry.state == to);
        }
        entry.state = to;
        entry.acknowledged += u32::from(to == DeliveryState::Acknowledged);
        entry.note = note;
        Some(true)
    }
}

fn records<'d>(delivery: &'d Delivery, records: &'d [Value]) -> impl Iterator<Item = Value> + 'd {
    let twice = records.first().filter(|_| delivery.twice);
    twice.into_iter().chain(records).map(|record| {
        let mut record = record.clone();
        if let Some(members) = record.as_object_mut() {
            members.insert("batch".to_owned(), json!(delivery.id));
        }
        record
    })
}
