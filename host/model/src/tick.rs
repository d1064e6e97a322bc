//! One coming of a schedule, and what became of it.

use serde::{Deserialize, Serialize};

use crate::{Actor, Name, Problem, RunId, TickId, TimelineLine, Timestamp};

/// One coming of a schedule: fired, or skipped together with those next to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    pub id: TickId,
    pub schedule: Name,
    /// When it was to be, without jitter.
    pub planned_at: Timestamp,
    /// When the last one of several that were missed was to be.
    pub until: Timestamp,
    /// How many were missed; [`crate::MAX_COUNTED`] stands for as many or more. 1 for one that was fired.
    pub count: u32,
    /// When that was written down: fired, or found to be missed.
    pub at: Timestamp,
    /// It was fired later than it should have been.
    pub is_late: bool,
    /// Who fired it by hand.
    pub by: Option<Actor>,
    pub state: TickState,
    /// How often its poll has begun.
    pub attempts: u32,
    /// What its poll has found so far.
    pub found: Found,
    /// The run that it started, of a schedule that polls no feed.
    pub run: Option<RunId>,
    /// What the latest call of its poll wrote.
    pub timeline: Vec<TimelineLine>,
}

/// Where a tick stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum TickState {
    /// Its poll is to begin, or it waits for the tick before.
    Queued { due: Timestamp },
    /// It is being polled, by whoever holds the lease until then.
    Running { until: Timestamp },
    /// The source was unavailable; it is asked again.
    Retrying { due: Timestamp, problem: Problem },
    /// It has started what it was to start.
    Done { at: Timestamp },
    /// Its poll came to nothing; the next tick asks again.
    Failed { at: Timestamp, problem: Problem },
    /// It was not fired.
    Skipped { why: SkipReason },
}

/// Why a tick was not fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// The host was down, or its clock was set: longer ago than it may be made up for, or not the latest.
    Missed,
    /// The tick before was still at work.
    Overlap,
}

impl SkipReason {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Missed, Self::Overlap];

    /// The name as people see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missed => "missed",
            Self::Overlap => "overlap",
        }
    }
}

/// What a poll has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Found {
    /// Items that started a run.
    pub started: u32,
    /// Items that had started one before.
    pub known: u32,
    /// Of those that started a run, items that do not fit: their run waits for a person.
    pub held: u32,
}

impl Found {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let sum = u32::saturating_add;
        Self {
            started: sum(self.started, other.started),
            known: sum(self.known, other.known),
            held: sum(self.held, other.held),
        }
    }
}

/// Where a run came from that nobody handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub schedule: Name,
    pub tick: TickId,
    /// When the tick was to be.
    pub planned_at: Timestamp,
    /// The item of a feed that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemOrigin>,
}

/// The item of a feed that started a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemOrigin {
    pub connection: Name,
    pub feed: Name,
    pub key: String,
    pub group: String,
}
