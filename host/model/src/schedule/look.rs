//! Which ticks are fired at a moment, and which are not any more. A function of what was planned and of now: however far
//! the clock went, at most one tick is fired, and the others are summed up.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Calendar;
use crate::Timestamp;

/// What is fired no later than this after it was planned is in time: a host that was busy, or that noticed late that its
/// clock was set.
pub const PUNCTUAL: Duration = Duration::from_secs(60);

/// Ticks that were missed are counted so far: a thousand, or more.
pub const MAX_COUNTED: u32 = 1000;

/// A tick that is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Names the tick.
    pub at: Timestamp,
    /// With its jitter.
    pub fires_at: Timestamp,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Of all that have come, the latest, unless it was too long ago.
    pub fire: Option<Fire>,
    /// Those that nobody makes up for.
    pub missed: Option<Skipped>,
    /// Absent when there is no other tick.
    pub next: Option<Planned>,
}

/// A tick that is fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fire {
    pub planned_at: Timestamp,
    /// Fired more than [`PUNCTUAL`] after it was to be.
    pub is_late: bool,
}

/// Ticks that were not fired, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skipped {
    pub from: Timestamp,
    pub until: Timestamp,
    /// At most [`MAX_COUNTED`], which stands for as many or more.
    pub count: u32,
}

impl Calendar {
    /// What is to be done about ticks that have come since `planned`; `None` when that one is still to come. `fired` are
    /// those of them that were fired already, while the clock was ahead. `jitter` is from 0 (included) to 1 (excluded),
    /// for the next one.
    pub fn look(
        &self,
        planned: Planned,
        catch_up: Duration,
        now: Timestamp,
        fired: &[Timestamp],
        jitter: f64,
    ) -> Option<Look> {
        if now < planned.fires_at {
            return None;
        }
        let latest = self.before(planned.at, now, true).unwrap_or(planned.at).max(planned.at);
        let was_to_fire = if latest == planned.at { planned.fires_at } else { latest };
        let late = now.since(was_to_fire);
        let is_in_time = late <= catch_up.max(PUNCTUAL);
        let is_fired = fired.contains(&latest);
        let fire = Fire { planned_at: latest, is_late: late > PUNCTUAL };
        let fire = (is_in_time && !is_fired).then_some(fire);
        let last_missed = if is_in_time || is_fired { self.before(planned.at, latest, false) } else { Some(latest) };
        let missed = last_missed.filter(|last| *last >= planned.at).map(|last| self.between(planned.at, last));
        let next = self.after(planned.at, now.max(latest)).map(|at| self.planned(at, jitter));
        Some(Look { fire, missed, next })
    }
}
