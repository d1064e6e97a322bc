//! What happened since the start, by names that people have chosen and never by ids: so there are as many counters as
//! there is configuration, whatever is submitted.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sluse_egress::SendError;
use sluse_model::{DeliveryState, Histogram, Name, NewDelivery, Resolution, TickState};
use sluse_store::{Follow, NewRun, PollSettlement, Settlement};

/// From a read in the same building to a payroll service that thinks for two minutes.
pub const DURATION_SECONDS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];

/// What happened since the start.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub connections: BTreeMap<Name, ConnectionCounts>,
    /// Runs that were accepted, by flow.
    pub runs: BTreeMap<Name, u64>,
    /// By schedule.
    pub polls: BTreeMap<Name, PollCounts>,
}

/// What happened at a connection.
#[derive(Debug, Clone, Default)]
pub struct ConnectionCounts {
    /// Deliveries that were accepted.
    pub accepted: u64,
    pub settled: SettledCounts,
    /// Attempts that have ended, by how.
    pub attempts: BTreeMap<&'static str, u64>,
    /// How long they took, by operation.
    pub durations: BTreeMap<Name, Histogram>,
    /// Requests that went out, or did not, by the class of the answer's status or by what went wrong.
    pub exchanges: BTreeMap<&'static str, u64>,
}

/// Where deliveries went that the host has nothing more to do about by itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct SettledCounts {
    pub succeeded: u64,
    pub failed: u64,
    pub attention: u64,
}

/// What polls came to.
#[derive(Debug, Clone, Copy, Default)]
pub struct PollCounts {
    pub done: u64,
    /// Is tried again.
    pub retrying: u64,
    pub failed: u64,
}

/// Runs and deliveries that are about to be written.
#[derive(Debug, Default)]
pub(crate) struct Newcomers {
    flows: Vec<Name>,
    /// By connection, and whether each begins as a person's work.
    deliveries: Vec<(Name, bool)>,
}

impl Newcomers {
    pub(crate) fn of_run(run: &NewRun) -> Self {
        let mut newcomers = Self::default();
        newcomers.run(run);
        newcomers
    }

    /// What follows a delivery, and what is told of it.
    pub(crate) fn of(follow: &Follow, along: &[NewRun]) -> Self {
        let mut newcomers = Self::default();
        follow.next().into_iter().for_each(|next| newcomers.delivery(next));
        along.iter().for_each(|run| newcomers.run(run));
        newcomers
    }

    fn run(&mut self, run: &NewRun) {
        self.flows.push(run.flow.clone());
        run.first.iter().for_each(|first| self.delivery(first));
        run.along.iter().for_each(|run| self.run(run));
    }

    fn delivery(&mut self, delivery: &NewDelivery) {
        let needs_somebody = matches!(delivery.state, DeliveryState::Attention(_));
        self.deliveries.push((delivery.connection.clone(), needs_somebody));
    }
}

/// Counts as things happen.
#[derive(Debug, Default)]
pub(crate) struct Counting(Mutex<Counts>);

impl Counting {
    pub(crate) fn snapshot(&self) -> Counts {
        self.counts().clone()
    }

    /// Runs and deliveries that were written.
    pub(crate) fn came(&self, newcomers: &Newcomers) {
        let mut counts = self.counts();
        for flow in &newcomers.flows {
            *entry(&mut counts.runs, flow) += 1;
        }
        for (connection, needs_somebody) in &newcomers.deliveries {
            let counts = entry(&mut counts.connections, connection);
            counts.accepted += 1;
            counts.settled.attention += u64::from(*needs_somebody);
        }
    }

    /// A delivery for a connection was written.
    pub(crate) fn accepted_at(&self, connection: &Name) {
        entry(&mut self.counts().connections, connection).accepted += 1;
    }

    /// How an attempt ended was written, with what follows.
    pub(crate) fn was_written(&self, connection: &Name, settlement: &Settlement) {
        self.settled(connection, &settlement.state);
        self.came(&Newcomers::of(&settlement.follow, &settlement.along));
    }

    /// A delivery went to `state`.
    pub(crate) fn settled(&self, connection: &Name, state: &DeliveryState) {
        let mut counts = self.counts();
        let settled = &mut entry(&mut counts.connections, connection).settled;
        match state {
            DeliveryState::Attention(_) => settled.attention += 1,
            DeliveryState::Closed { resolution: Resolution::Succeeded, .. } => settled.succeeded += 1,
            DeliveryState::Closed { resolution: Resolution::Failed, .. } => settled.failed += 1,
            _ => {}
        }
    }

    /// An attempt has ended.
    pub(crate) fn attempted(&self, connection: &Name, operation: &Name, kind: &'static str, took: Duration) {
        let mut counts = self.counts();
        let counts = entry(&mut counts.connections, connection);
        *counts.attempts.entry(kind).or_default() += 1;
        if !counts.durations.contains_key(operation) {
            counts.durations.insert(operation.clone(), Histogram::new(DURATION_SECONDS));
        }
        if let Some(durations) = counts.durations.get_mut(operation) {
            durations.observe(took.as_secs_f64());
        }
    }

    /// A request was answered with this status, or was not.
    pub(crate) fn exchanged(&self, connection: &Name, answer: Result<u16, &SendError>) {
        let outcome = match answer {
            Ok(..200) => "1xx",
            Ok(..300) => "2xx",
            Ok(..400) => "3xx",
            Ok(..500) => "4xx",
            Ok(_) => "5xx",
            Err(SendError::Unreachable(_)) => "unreachable",
            Err(SendError::Interrupted(_)) => "interrupted",
            Err(SendError::Forbidden(_) | SendError::BodyUnreadable(_)) => "refused",
            Err(SendError::NotSignedIn(_)) => "not-signed-in",
            Err(SendError::TooLarge(_) | SendError::AnswerRefused(_)) => "answer-refused",
        };
        *entry(&mut self.counts().connections, connection).exchanges.entry(outcome).or_default() += 1;
    }

    /// What a call of a poll of this schedule came to was written.
    pub(crate) fn polled(&self, schedule: &Name, settlement: &PollSettlement) {
        for item in settlement.page.iter().flat_map(|page| &page.items) {
            self.came(&Newcomers::of_run(&item.run));
        }
        let mut counts = self.counts();
        let polls = entry(&mut counts.polls, schedule);
        match settlement.state {
            Some(TickState::Done { .. }) => polls.done += 1,
            Some(TickState::Retrying { .. }) => polls.retrying += 1,
            Some(TickState::Failed { .. }) => polls.failed += 1,
            _ => {}
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without a copy of the name when it is known.
fn entry<'a, T: Default>(map: &'a mut BTreeMap<Name, T>, name: &Name) -> &'a mut T {
    if !map.contains_key(name) {
        map.insert(name.clone(), T::default());
    }
    map.get_mut(name).expect("it was put there if it was not")
}
