//! Schedules, and what became of their ticks.

use async_trait::async_trait;
use sluse_model::{Actor, Name, Past, Planned, Schedule, Skipped, Tick, TickId, Timestamp, Wellbeing};

use crate::{NewRun, Page, PageRequest, StoreError};

/// A schedule as it is kept, with what the next tick is decided on.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSchedule {
    pub schedule: Schedule,
    pub changed_at: Timestamp,
    /// The tick that is to come. Absent until somebody has planned it: at first, and after its cadence has changed, or
    /// it was switched on or off.
    pub next: Option<Planned>,
    /// A tick whose poll has not ended, or whose run is not closed.
    pub at_work: Option<TickId>,
    /// A tick that is queued: for its poll to begin, or behind the tick that is at work.
    pub waiting: Option<TickId>,
    /// What was written down last.
    pub latest: Option<Tick>,
    /// What has become of its ticks lately. When one last succeeded outlives retention.
    pub past: Past,
}

impl StoredSchedule {
    /// Whether it does what it is for: see [`Schedule::wellbeing`].
    pub fn wellbeing(&self, watched_since: Timestamp, now: Timestamp) -> Wellbeing {
        self.schedule.wellbeing(self.changed_at, &self.past, watched_since, now)
    }
}

/// What is done about ticks that have come. Written whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    pub schedule: Name,
    /// The tick that was to come when this was decided.
    pub planned: Option<Planned>,
    /// Those that were at work and waited then.
    pub seen: (Option<TickId>, Option<TickId>),
    /// The tick that is to come from now on.
    pub next: Option<Planned>,
    pub at: Timestamp,
    /// Ticks that nobody makes up for.
    pub missed: Option<(TickId, Skipped)>,
    pub fired: Option<NewTick>,
}

/// A tick that has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTick {
    pub id: TickId,
    pub planned_at: Timestamp,
    pub is_late: bool,
    /// Who fires it by hand.
    pub by: Option<Actor>,
    pub turn: NewTurn,
}

/// What a tick begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewTurn {
    /// It is queued: its poll, or what is before it, comes first.
    Queue,
    /// This run, and so it is done.
    Start(Box<NewRun>),
    /// Nothing: the tick before is still at work.
    Overlapped,
}

/// Schedules, and what became of their ticks.
#[async_trait]
pub trait Schedules: Send + Sync {
    /// All schedules, by name.
    async fn schedules(&self) -> Result<Vec<StoredSchedule>, StoreError>;

    /// The schedule of this name.
    async fn schedule(&self, name: &Name) -> Result<Option<StoredSchedule>, StoreError>;

    /// Its ticks, the latest first.
    async fn ticks(&self, schedule: &Name, page: PageRequest) -> Result<Page<Tick>, StoreError>;

    /// Which of its ticks from `from` on have had their turn by themselves: fired, or skipped for another one.
    async fn handled(&self, schedule: &Name, from: Timestamp) -> Result<Vec<Timestamp>, StoreError>;

    /// Writes down what is done about ticks, the runs that they start, and the tick that is to come, in one transaction.
    /// `Stale` when another tick is to come, or something is fired that others were at work or waited for, than this was
    /// decided on; then nothing is written.
    async fn fire(&self, firing: Firing) -> Result<(), StoreError>;

    /// Starts the run of a tick that was queued, in one transaction; it is done then. `Stale` when it is not queued.
    async fn start(&self, tick: TickId, run: NewRun) -> Result<(), StoreError>;
}
