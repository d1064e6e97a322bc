//! How much at once, how fast, and whether at all: what a delivery passes before its attempt begins. In this order:
//! pause, concurrency, rate, breaker.

mod breaker; // leaving a target alone that cannot be reached
mod bucket; // how fast

use std::fmt;

use serde::{Deserialize, Serialize};

pub use breaker::{BreakerSettings, Exchanged, MAX_COOL_DOWN_MS};
pub use bucket::Rate;

use self::{breaker::Breaker, bucket::Bucket};
use crate::{Actor, Timestamp};

/// How much at once, how fast, and when to leave the target alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GateSettings {
    /// Attempts under way at the same time.
    pub max_concurrent: u32,
    /// Absent: as fast as may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    pub breaker: BreakerSettings,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self { max_concurrent: 32, rate: None, breaker: BreakerSettings::default() }
    }
}

/// What holds a delivery that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateKind {
    /// Somebody has paused it.
    Paused,
    Concurrency,
    Rate,
    Breaker,
    /// One that shares its ordering key came before.
    Order,
}

impl GateKind {
    /// Every one, in the order in which they are passed.
    pub const ALL: [Self; 5] = [Self::Paused, Self::Concurrency, Self::Rate, Self::Breaker, Self::Order];

    /// The name as people see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Concurrency => "concurrency",
            Self::Rate => "rate",
            Self::Breaker => "breaker",
            Self::Order => "order",
        }
    }
}

impl fmt::Display for GateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The first gate that is closed, since when, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateHold {
    pub kind: GateKind,
    pub since: Timestamp,
    /// Absent when it opens with something that happens, not with time.
    pub until: Option<Timestamp>,
    /// Why, for people.
    pub message: String,
}

/// That somebody lets nothing begin at a connection: since when, who and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    pub since: Timestamp,
    pub by: Actor,
    pub why: String,
}

/// That an attempt was let through. It leaves again, once: see [`Gate::leave`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// It is the one that is to find out whether the target can be reached again.
    is_probe: bool,
}

/// The gates of one connection, and who is through.
#[derive(Debug, Clone)]
pub struct Gate {
    settings: GateSettings,
    /// Present while it is paused.
    paused: Option<GateHold>,
    under_way: u32,
    /// Present while no place is free.
    full_since: Option<Timestamp>,
    bucket: Bucket,
    breaker: Breaker,
}

impl Gate {
    /// Open gates.
    pub fn new(settings: GateSettings, now: Timestamp) -> Self {
        let bucket = Bucket::full(settings.rate, now);
        Self { settings, paused: None, under_way: 0, full_since: None, bucket, breaker: Breaker::default() }
    }

    /// Goes on under other settings. Who is through stays; a rate that changed begins anew.
    pub fn set(&mut self, settings: GateSettings, now: Timestamp) {
        if self.settings.rate != settings.rate {
            self.bucket = Bucket::full(settings.rate, now);
        }
        self.settings = settings;
        self.note_fullness(now);
    }

    /// Lets nothing begin, since then and for this reason, until it is let go. What is through stays.
    pub fn pause(&mut self, since: Timestamp, message: String) {
        self.paused = Some(GateHold { kind: GateKind::Paused, since, until: None, message });
    }

    /// Is paused no longer.
    pub fn let_go(&mut self) {
        self.paused = None;
    }

    /// How many may enter now.
    pub fn room(&mut self, now: Timestamp) -> u32 {
        self.observe(now);
        if self.paused.is_some() {
            return 0;
        }
        let places = self.settings.max_concurrent.saturating_sub(self.under_way);
        places.min(self.bucket.room(self.settings.rate, now)).min(self.breaker.room(now))
    }

    /// Lets one through, if there is room.
    pub fn enter(&mut self, now: Timestamp) -> Option<Entry> {
        if self.room(now) == 0 {
            return None;
        }
        self.under_way += 1;
        self.bucket = self.bucket.taken(self.settings.rate, now);
        let is_probe = self.breaker.is_open();
        if is_probe {
            self.breaker = self.breaker.probed();
        }
        self.note_fullness(now);
        Some(Entry { is_probe })
    }

    /// One is through. An attempt that did not begin after all gives back its share of the rate.
    pub fn leave(&mut self, entry: Entry, began: bool, now: Timestamp) {
        self.under_way = self.under_way.saturating_sub(1);
        if !began {
            self.bucket = self.bucket.given_back(self.settings.rate);
        }
        if entry.is_probe {
            self.breaker = self.breaker.probe_ended(now);
        }
        self.note_fullness(now);
    }

    /// Notes what became of an exchange with the target.
    pub fn exchanged(&mut self, exchanged: Exchanged, now: Timestamp) {
        self.breaker = self.breaker.after(exchanged, self.settings.breaker, now);
    }

    /// The first gate that is closed; `None` when one may enter.
    pub fn hold(&mut self, now: Timestamp) -> Option<GateHold> {
        self.observe(now);
        if self.paused.is_some() {
            return self.paused.clone();
        }
        if let Some(since) = self.full_since {
            let most = self.settings.max_concurrent;
            let message =
                format!("{most} of {most} attempts are under way at this connection (`gates.max_concurrent`)");
            return Some(GateHold { kind: GateKind::Concurrency, since, until: None, message });
        }
        if let Some(rate) = self.settings.rate
            && self.bucket.room(Some(rate), now) == 0
        {
            let Rate { attempts, per_ms } = rate;
            let message =
                format!("{attempts} attempts in {per_ms} ms is all that this connection may do (`gates.rate`)");
            let until = Some(self.bucket.opens_at(rate, now));
            return Some(GateHold { kind: GateKind::Rate, since: self.bucket.since(), until, message });
        }
        self.breaker.hold(now)
    }

    /// Somebody has paused it.
    pub fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// The target could not be reached, and is left alone until one attempt has found out that it can be again.
    pub fn leaves_alone(&self) -> bool {
        self.breaker.has_tripped()
    }

    fn observe(&mut self, now: Timestamp) {
        self.bucket = self.bucket.observed(self.settings.rate, now);
        self.breaker = self.breaker.observed(now);
        self.full_since = self.full_since.map(|since| since.min(now));
    }

    fn note_fullness(&mut self, now: Timestamp) {
        let is_full = self.under_way >= self.settings.max_concurrent;
        self.full_since = is_full.then(|| self.full_since.unwrap_or(now));
    }
}

#[cfg(test)]
mod tests;
