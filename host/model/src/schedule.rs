//! What happens again and again: a flow that is started, or a feed that is polled.

mod cadence; // when
mod calendar; // which ticks there are
mod look; // which of them are fired now
mod wellbeing; // whether it does what it is for

use serde::{Deserialize, Serialize};

pub use cadence::{Cadence, CadenceFault, zone_names};
pub use calendar::Calendar;
pub use look::{Fire, Look, MAX_COUNTED, PUNCTUAL, Planned, Skipped};
pub use wellbeing::{InARow, LastFailure, Past, Wellbeing};

use crate::Name;

/// What happens again and again, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    pub name: Name,
    /// What people call it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(flatten)]
    pub cadence: Cadence,
    /// Who says how often its feed is polled, when the schedule itself does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_of: Option<IntervalOf>,
    /// What becomes of a tick that comes while the one before is still at work.
    pub overlap: Overlap,
    /// A tick that was missed is made up for when it is no longer ago than this; of several, the latest.
    pub catch_up_ms: u64,
    /// Nothing is fired while it is not.
    pub enabled: bool,
    /// The flow that is started, or that items start which name none.
    pub flow: Name,
    #[serde(flatten)]
    pub task: Task,
}

/// Who says how often a feed is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IntervalOf {
    /// A setting of the connection.
    Settings,
    /// The connector: it suits most uses.
    Feed,
}

impl IntervalOf {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Settings, Self::Feed];

    /// The name as people see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Feed => "feed",
        }
    }
}

/// What a tick does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Task {
    /// Asks a connection's feed for items; each starts a run of its own.
    Poll { connection: Name, feed: Name },
    /// Starts a run with this submission.
    Submit { submission: serde_json::Value },
}

impl Schedule {
    /// The connection and the feed that it polls.
    pub fn feed(&self) -> Option<(&Name, &Name)> {
        match &self.task {
            Task::Poll { connection, feed } => Some((connection, feed)),
            Task::Submit { .. } => None,
        }
    }

    /// What people mean by an interval in the settings of a connection, where their systems say what is usual.
    pub const USUAL: &str = "sources are asked every 60 to 300 seconds";

    /// Whether an interval in the settings of a connection is seldom meant.
    pub fn is_unusual(seconds: u64) -> bool {
        !(60..=300).contains(&seconds)
    }

    /// Its interval, when it does not name one itself and somebody else does.
    pub fn set_interval(&mut self, interval: Option<(u64, IntervalOf)>) {
        if let (Some((millis, of)), Cadence::Every { every_ms, .. }) = (interval, &mut self.cadence) {
            *every_ms = millis;
            self.every_of = Some(of);
        }
    }
}

/// What becomes of a tick that comes while the one before is still at work: its poll has not ended, or its run is not
/// closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    /// It is skipped.
    Skip,
    /// It runs afterwards; of several that come meanwhile, the first.
    Wait,
    /// It starts beside it. Not for polls.
    Allow,
}

/// When a tick has its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    Now,
    Afterwards,
    Never,
}

impl Overlap {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Skip, Self::Wait, Self::Allow];

    /// The name as people see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Wait => "wait",
            Self::Allow => "allow",
        }
    }

    /// The turn of a tick that comes while another one is at work, or waits already.
    pub fn turn(self, is_at_work: bool, one_waits: bool) -> Turn {
        match (self, is_at_work, one_waits) {
            (Self::Allow, ..) | (_, false, false) => Turn::Now,
            (Self::Wait, true, false) => Turn::Afterwards,
            _ => Turn::Never,
        }
    }
}

#[cfg(test)]
mod tests;
