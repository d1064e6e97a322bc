//! What was counted, in one round or in many.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::strike::Struck;

/// What was counted.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Report {
    /// Lives that were ended by force, or by a fault.
    pub kills: u64,
    /// The same, by what they were aimed at.
    pub aims: BTreeMap<String, u64>,
    /// Faults that ended a life themselves.
    pub ended_by_fault: u64,
    /// Faults that came to pass, by what they were aimed at: a life may end without having come so far.
    #[serde(default)]
    pub met: BTreeMap<String, u64>,
    /// Submissions that were acknowledged.
    pub acknowledged: u64,
    /// Answers that refused a submission for now: stopping, disk full.
    pub refused: u64,
    /// Runs that have succeeded.
    pub succeeded: u64,
    /// Runs that were refused, and another one has succeeded instead.
    #[serde(default)]
    pub stood_for: u64,
    /// What must happen once, and happened.
    pub effects: u64,
    /// Acknowledged and not there; succeeded and never happened.
    pub lost: u64,
    /// What must happen once and happened more often, and what happened to nobody's knowledge.
    pub duplicated: u64,
    /// Runs and deliveries that are neither final nor in attention after everything had time to drain.
    pub stuck: u64,
    /// What waits for a person, or was closed as failed, for a reason that does not arise here; too few that succeeded.
    #[serde(default)]
    pub unfounded: u64,
    /// Hosts that went on after the disk had failed to make something durable.
    #[serde(default)]
    pub survived: u64,
    /// What a feed has found, by what its source heard of it last.
    #[serde(default)]
    pub parcels: BTreeMap<String, u64>,
    /// Deliveries that wait for a person, by reason.
    pub attention: BTreeMap<String, u64>,
    /// From the start of a process until it served, in milliseconds.
    pub restarts_ms: Vec<u32>,
    /// The longest time that it took to drain, in milliseconds.
    pub drained_in_ms: u64,
    /// Why the kills at system calls were left out.
    pub without_strace: Option<String>,
    /// The first findings in full.
    pub findings: Vec<String>,
    /// Seeds of the rounds.
    pub seeds: Vec<u64>,
    pub wall_ms: u64,
}

/// Findings and seeds that are kept, of many rounds.
const KEPT: usize = 50;

impl Report {
    /// Nothing is lost, doubled or stuck, and nothing else was found.
    pub fn is_clean(&self) -> bool {
        [self.lost, self.duplicated, self.stuck, self.unfounded, self.survived].iter().all(|count| *count == 0)
    }

    pub(super) fn struck(&mut self, aim: &str, struck: Struck) {
        let Struck { started_in, ended_by_fault, met, survived } = struck;
        self.kills += 1;
        *self.aims.entry(aim.to_owned()).or_default() += 1;
        self.ended_by_fault += u64::from(ended_by_fault);
        self.restarts_ms.extend(started_in.map(|time| u32::try_from(time.as_millis()).unwrap_or(u32::MAX)));
        if let Some(what) = met {
            *self.met.entry(format!("{aim} {what}")).or_default() += 1;
        }
        if let Some(file) = survived {
            self.survived += 1;
            self.findings
                .push(format!("kill {}: `{file}` could not be made durable, and the host went on", self.kills - 1));
        }
    }

    /// Adds what another round counted.
    pub fn add(&mut self, other: Self) {
        self.kills += other.kills;
        self.ended_by_fault += other.ended_by_fault;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.succeeded += other.succeeded;
        self.stood_for += other.stood_for;
        self.effects += other.effects;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.stuck += other.stuck;
        self.unfounded += other.unfounded;
        self.survived += other.survived;
        self.wall_ms += other.wall_ms;
        self.drained_in_ms = self.drained_in_ms.max(other.drained_in_ms);
        add_up(&mut self.aims, other.aims);
        add_up(&mut self.met, other.met);
        add_up(&mut self.attention, other.attention);
        add_up(&mut self.parcels, other.parcels);
        self.restarts_ms.extend(other.restarts_ms);
        self.without_strace = other.without_strace;
        self.findings.extend(other.findings);
        self.findings.truncate(KEPT);
        self.seeds.extend(other.seeds);
        self.seeds.drain(..self.seeds.len().saturating_sub(KEPT));
    }

    /// As one line of JSON.
    pub fn told(&self) -> Value {
        let mut sorted = self.restarts_ms.clone();
        sorted.sort_unstable();
        let mut told = json!(self);
        told["restarts_ms"] = json!({
            "count": sorted.len(),
            "p50": sorted.get(sorted.len() / 2),
            "max": sorted.last(),
        });
        told
    }
}

fn add_up(sums: &mut BTreeMap<String, u64>, others: BTreeMap<String, u64>) {
    for (name, count) in others {
        *sums.entry(name).or_default() += count;
    }
}
