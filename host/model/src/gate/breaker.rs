//! Leaving a target alone that cannot be reached: after some failures in a row nobody passes for a while, then one, to
//! see. Only what was *unreachable* counts: nothing was sent, so nothing is in doubt and nothing was refused.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{GateHold, GateKind};
use crate::Timestamp;

/// The longest that a target is left alone before somebody looks: five minutes.
pub const MAX_COOL_DOWN_MS: u64 = 5 * 60 * 1000;

/// When to leave the target alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerSettings {
    /// So many exchanges in a row that did not reach the target.
    pub failures: u32,
    /// How long it is left alone at first. Doubles with each look in vain, up to [`MAX_COOL_DOWN_MS`].
    pub open_ms: u64,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { failures: 5, open_ms: 30_000 }
    }
}

/// What an exchange says of the target. One that broke off in the middle says neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchanged {
    /// It answered, whatever it said.
    Reached,
    /// Nothing was sent, because it could not be reached.
    Unreachable,
}

/// Whether deliveries pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaker {
    Closed {
        failures: u32,
    },
    /// Nobody passes until `until`; then one does, to see.
    Open {
        since: Timestamp,
        until: Timestamp,
        cool_down_ms: u64,
    },
    /// One is on the way to see.
    Probing {
        since: Timestamp,
        cool_down_ms: u64,
    },
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    pub(super) fn after(self, exchanged: Exchanged, settings: BreakerSettings, now: Timestamp) -> Self {
        match (exchanged, self) {
            (Exchanged::Reached, _) => Self::default(),
            (Exchanged::Unreachable, Self::Closed { failures }) if failures + 1 < settings.failures => {
                Self::Closed { failures: failures + 1 }
            }
            (Exchanged::Unreachable, Self::Closed { .. }) => Self::open(now, settings.open_ms, now),
            // Attempts that began before it opened say nothing new.
            (Exchanged::Unreachable, Self::Open { .. }) => self,
            (Exchanged::Unreachable, Self::Probing { since, cool_down_ms }) => {
                Self::open(since, cool_down_ms.saturating_mul(2), now)
            }
        }
    }

    fn open(since: Timestamp, cool_down_ms: u64, now: Timestamp) -> Self {
        let cool_down_ms = cool_down_ms.min(MAX_COOL_DOWN_MS);
        Self::Open { since, until: now.plus(Duration::from_millis(cool_down_ms)), cool_down_ms }
    }

    /// The same breaker at `now`: a clock that stepped back keeps it open no longer than it was to be.
    pub(super) fn observed(self, now: Timestamp) -> Self {
        match self {
            Self::Closed { .. } => self,
            Self::Open { since, until, cool_down_ms } => {
                let latest = now.plus(Duration::from_millis(cool_down_ms));
                Self::Open { since: since.min(now), until: until.min(latest), cool_down_ms }
            }
            Self::Probing { since, cool_down_ms } => Self::Probing { since: since.min(now), cool_down_ms },
        }
    }

    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Open { .. })
    }

    /// Open, or one is on the way to see.
    pub(super) fn has_tripped(self) -> bool {
        !matches!(self, Self::Closed { .. })
    }

    /// How many may pass now.
    pub(super) fn room(self, now: Timestamp) -> u32 {
        match self {
            Self::Closed { .. } => u32::MAX,
            Self::Open { until, .. } => u32::from(until <= now),
            Self::Probing { .. } => 0,
        }
    }

    /// One is on the way to see.
    pub(super) fn probed(self) -> Self {
        match self {
            Self::Open { since, cool_down_ms, .. } => Self::Probing { since, cool_down_ms },
            other => other,
        }
    }

    /// Who was to see has come back, and may have seen nothing: then the next one may go.
    pub(super) fn probe_ended(self, now: Timestamp) -> Self {
        match self {
            Self::Probing { since, cool_down_ms } => Self::Open { since, until: now, cool_down_ms },
            other => other,
        }
    }

    pub(super) fn hold(self, now: Timestamp) -> Option<GateHold> {
        let hold = |since, until, next: &str| {
            let message = format!("the target could not be reached; {next}");
            Some(GateHold { kind: GateKind::Breaker, since, until, message })
        };
        match self {
            Self::Open { since, until, .. } if until > now => {
                hold(since, Some(until), "it is left alone, and then one delivery finds out")
            }
            Self::Probing { since, .. } => hold(since, None, "one delivery is finding out whether it can be again"),
            Self::Closed { .. } | Self::Open { .. } => None,
        }
    }
}
