//! What those see who watch a host: what it has counted since it started, and how things stand. How that is written down
//! is the API's business.

mod counts; // what happened since the start
mod watch; // since when the clock can be believed

use std::time::Duration;

use sluse_model::{Name, Timestamp, Wellbeing};
use sluse_store::{Backlog, Commits, StoreError, StoredSchedule};
use tokio::time::Instant;

use crate::Engine;

pub use counts::{ConnectionCounts, Counts, DURATION_SECONDS, PollCounts, SettledCounts};
pub(crate) use counts::{Counting, Newcomers};
pub(crate) use watch::Watch;

/// What waits is counted this often at most, however many ask.
const BACKLOGS_FRESH_FOR: Duration = Duration::from_secs(5);

/// How a host does.
#[derive(Debug, Clone)]
pub struct Figures {
    pub started_at: Timestamp,
    pub now: Timestamp,
    /// Since the start; with every connection and schedule that there is.
    pub counts: Counts,
    /// Attempts under way.
    pub in_flight: u32,
    pub commits: Commits,
    /// By connection.
    pub backlogs: Vec<Backlog>,
    /// By connection: which gates somebody or something keeps closed.
    pub gates: Vec<GateFigures>,
    pub schedules: Vec<ScheduleFigures>,
}

/// What keeps the gates of a connection closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateFigures {
    pub connection: Name,
    pub is_paused: bool,
    /// Its breaker leaves the target alone, or finds out whether it can be reached again.
    pub is_left_alone: bool,
}

/// How a schedule fares.
#[derive(Debug, Clone)]
pub struct ScheduleFigures {
    pub stored: StoredSchedule,
    pub wellbeing: Wellbeing,
}

/// What waited when somebody last asked.
#[derive(Debug, Default)]
pub(crate) struct Backlogs(tokio::sync::Mutex<Option<(Instant, Vec<Backlog>)>>);

impl Engine {
    /// How the host does.
    pub async fn figures(&self) -> Result<Figures, StoreError> {
        let (backlogs, schedules) = (self.backlogs().await?, self.schedule_figures().await?);
        let mut counts = self.counts.snapshot();
        let gates = self.gate_figures();
        for gate in &gates {
            counts.connections.entry(gate.connection.clone()).or_default();
        }
        for one in schedules.iter().filter(|one| one.stored.schedule.feed().is_some()) {
            counts.polls.entry(one.stored.schedule.name.clone()).or_default();
        }
        Ok(Figures {
            started_at: self.started_at,
            now: self.clock.now(),
            counts,
            in_flight: self.in_flight(),
            commits: self.store.commits(),
            backlogs,
            gates,
            schedules,
        })
    }

    /// How each schedule fares, by name.
    pub async fn schedule_figures(&self) -> Result<Vec<ScheduleFigures>, StoreError> {
        let stored = self.store.schedules().await?;
        Ok(stored.into_iter().map(|stored| ScheduleFigures { wellbeing: self.wellbeing(&stored), stored }).collect())
    }

    /// Whether a schedule does what it is for.
    pub fn wellbeing(&self, stored: &StoredSchedule) -> Wellbeing {
        let now = self.clock.now();
        stored.wellbeing(self.watch.since(now, Instant::now()), now)
    }

    /// What keeps the gates of each connection closed, by name.
    pub fn gate_figures(&self) -> Vec<GateFigures> {
        let mut figures = self.gates.figures();
        figures.sort_by(|one, other| one.connection.cmp(&other.connection));
        figures
    }

    /// Who asks while others are asking is told the same.
    async fn backlogs(&self) -> Result<Vec<Backlog>, StoreError> {
        let mut kept = self.backlogs.0.lock().await;
        if let Some((read_at, backlogs)) = kept.as_ref()
            && read_at.elapsed() < BACKLOGS_FRESH_FOR
        {
            return Ok(backlogs.clone());
        }
        let backlogs = self.store.backlogs(self.clock.now()).await?;
        *kept = Some((Instant::now(), backlogs.clone()));
        Ok(backlogs)
    }
}
