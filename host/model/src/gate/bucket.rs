//! How fast: a bucket of tokens that fills evenly. A full one may be emptied at once, so that after a pause a target
//! sees up to `attempts` together; over any longer time it sees no more than the rate says.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// At most so many attempts in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    pub attempts: u32,
    pub per_ms: u64,
}

impl Rate {
    /// What a full bucket holds. A millisecond adds `attempts`, an attempt costs `per_ms`: no fraction is ever lost.
    fn capacity(self) -> u64 {
        u64::from(self.attempts).saturating_mul(self.per_ms)
    }
}

/// What is left of a rate. Without one, there is always enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bucket {
    credit: u64,
    at: Timestamp,
    /// The latest attempt that was let through.
    taken_at: Timestamp,
}

impl Bucket {
    pub(super) fn full(rate: Option<Rate>, now: Timestamp) -> Self {
        Self { credit: rate.map_or(0, Rate::capacity), at: now, taken_at: now }
    }

    /// The same bucket at `now`. A clock that stepped back adds nothing and takes nothing.
    pub(super) fn observed(self, rate: Option<Rate>, now: Timestamp) -> Self {
        let Some(rate) = rate else { return self };
        let elapsed_ms = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        let added = elapsed_ms.saturating_mul(u64::from(rate.attempts));
        let credit = self.credit.saturating_add(added).min(rate.capacity());
        Self { credit, at: now, taken_at: self.taken_at.min(now) }
    }

    /// How many may go now.
    pub(super) fn room(self, rate: Option<Rate>, now: Timestamp) -> u32 {
        let Some(rate) = rate else { return u32::MAX };
        let credit = self.observed(Some(rate), now).credit;
        u32::try_from(credit / rate.per_ms.max(1)).unwrap_or(u32::MAX)
    }

    /// One goes.
    pub(super) fn taken(self, rate: Option<Rate>, now: Timestamp) -> Self {
        let Some(rate) = rate else { return self };
        let bucket = self.observed(Some(rate), now);
        Self { credit: bucket.credit.saturating_sub(rate.per_ms), taken_at: now, ..bucket }
    }

    /// One that was let through did not go.
    pub(super) fn given_back(self, rate: Option<Rate>) -> Self {
        let Some(rate) = rate else { return self };
        Self { credit: self.credit.saturating_add(rate.per_ms).min(rate.capacity()), ..self }
    }

    /// When the next one may go.
    pub(super) fn opens_at(self, rate: Rate, now: Timestamp) -> Timestamp {
        let missing = rate.per_ms.saturating_sub(self.observed(Some(rate), now).credit);
        now.plus(Duration::from_millis(missing.div_ceil(u64::from(rate.attempts.max(1)))))
    }

    /// Since when it is empty, when it is.
    pub(super) fn since(self) -> Timestamp {
        self.taken_at
    }
}
