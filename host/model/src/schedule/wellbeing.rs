//! Whether a schedule does what it is for. The one definition of it: readiness, metrics, `sluse doctor` and lists all ask
//! here.

use std::{fmt, time::Duration};

use serde::Serialize;

use super::{Cadence, Calendar, PUNCTUAL, Schedule};
use crate::{Problem, Timestamp};

/// A single poll that fails is a bad moment of a target; so many in a row are not.
const TRIES: u32 = 3;

/// A tick that comes to nothing is the next one's to make up for, when that comes within this time. When it comes later,
/// somebody has to know at once: nobody looks at three nights.
const SOON: Duration = Duration::from_secs(10 * 60);

/// A tick that has not come is waited for as long as it takes to the one after it, and no longer than this.
const LONGEST_PATIENCE: Duration = Duration::from_secs(60 * 60);

/// What has become of a schedule's ticks lately.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Past {
    /// When a tick last did what it was to do.
    pub succeeded_at: Option<Timestamp>,
    /// The latest try that came to nothing and that is still known; a later one may have succeeded.
    pub failure: Option<LastFailure>,
    /// Tries that came to nothing since a tick last did what it was to do. Absent when there are none.
    pub in_a_row: Option<InARow>,
}

/// A try that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastFailure {
    pub at: Timestamp,
    pub problem: Problem,
}

/// Tries that came to nothing, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InARow {
    /// A hundred, or more.
    pub tries: u32,
    pub since: Timestamp,
    /// A tick is not tried again: the next one is the next try.
    pub gave_up: bool,
}

/// Whether a schedule does what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Wellbeing {
    Well,
    /// It is switched off, and nothing is expected of it.
    Off,
    /// Nothing that it was to do was done since then, though it was time.
    NotRun {
        since: Timestamp,
    },
    /// So many tries in a row came to nothing, the first of them then.
    Failing {
        since: Timestamp,
        tries: u32,
    },
}

impl Wellbeing {
    /// The names of all there are.
    pub const NAMES: [&'static str; 4] = ["well", "off", "not-run", "failing"];

    /// The name as people see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Off => "off",
            Self::NotRun { .. } => "not-run",
            Self::Failing { .. } => "failing",
        }
    }

    /// Somebody has to look.
    pub fn is_ill(self) -> bool {
        matches!(self, Self::NotRun { .. } | Self::Failing { .. })
    }
}

impl fmt::Display for Wellbeing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Well => f.write_str("is well"),
            Self::Off => f.write_str("is switched off"),
            Self::NotRun { since } => write!(f, "has not run since {since}"),
            Self::Failing { since, tries: 1 } => write!(f, "fails since {since}"),
            Self::Failing { since, tries } => write!(f, "fails since {since}, {tries} times in a row"),
        }
    }
}

impl Schedule {
    /// Whether it does what it is for, by what has become of its ticks. `watched_since` is when the host began to look,
    /// by a clock that has not been set since: what should have come before that is given its time again.
    pub fn wellbeing(&self, changed_at: Timestamp, past: &Past, watched_since: Timestamp, now: Timestamp) -> Wellbeing {
        if !self.enabled {
            return Wellbeing::Off;
        }
        let since = past.succeeded_at.map_or(changed_at, |succeeded_at| succeeded_at.max(changed_at)).min(now);
        let Ok(calendar) = self.cadence.calendar() else { return Wellbeing::NotRun { since } };
        // What failed before it was changed says nothing of it as it is, unless the clock cannot tell.
        let is_of_now = |failure: &&LastFailure| failure.at > changed_at || changed_at > now;
        if let (Some(in_a_row), Some(failure)) = (past.in_a_row, past.failure.as_ref().filter(is_of_now)) {
            let InARow { tries, since, gave_up } = in_a_row;
            if tries >= TRIES || (gave_up && gap(&calendar, failure.at) > SOON) {
                return Wellbeing::Failing { since, tries };
            }
        }
        let Some(due) = calendar.after(since, since) else { return Wellbeing::Well };
        let patience = gap(&calendar, due).min(LONGEST_PATIENCE) + self.jitter() + PUNCTUAL;
        if now <= due.max(watched_since.min(now)).plus(patience) {
            return Wellbeing::Well;
        }
        Wellbeing::NotRun { since: past.succeeded_at.unwrap_or(changed_at) }
    }

    fn jitter(&self) -> Duration {
        match self.cadence {
            Cadence::Every { jitter_ms, .. } => Duration::from_millis(jitter_ms),
            Cadence::Cron { .. } => Duration::ZERO,
        }
    }
}

/// How long it takes from `at` to the next tick, of a schedule that might have had one then.
fn gap(calendar: &Calendar, at: Timestamp) -> Duration {
    calendar.after(at, at).map_or(Duration::MAX, |next| next.since(at))
}

#[cfg(test)]
mod tests;
