//! When to try again, and what becomes of what does not succeed.

mod limits; // how often, as people see it

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use limits::{AttemptLimits, LimitsSince, displayed_limit};

use crate::Timestamp;

/// The longest wait that a target's `Retry-After` is honoured for: a day.
pub const MAX_RETRY_AFTER_MS: u64 = 24 * 60 * 60 * 1000;

/// When to try again, and what becomes of what does not succeed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// How often a delivery is tried, the first time included. Attempts that a person asked for count as well.
    pub max_attempts: u32,
    /// Nothing is tried again once so much time has passed since it was accepted. A first attempt always begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_ms: Option<u64>,
    #[serde(flatten)]
    pub waits: Waits,
    /// The least wait after an answer 429 and after a timeout: such a target has too much to do already.
    pub floor_ms: u64,
    /// What becomes of a delivery when no attempt is left.
    pub when_exhausted: Handling,
    /// What becomes of a delivery that trying again would not help: invalid, rejected or denied.
    pub when_failed: Handling,
}

/// How long to wait between attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Waits {
    /// Between nothing and a bound that begins at `base_ms` and doubles up to `cap_ms`.
    Doubling { base_ms: u64, cap_ms: u64 },
    /// One after the other, the last one again and again; each is lengthened by at most a tenth.
    Listed { delays_ms: Vec<u64> },
}

/// Who looks after a delivery that did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Handling {
    /// It waits for a person.
    Attention,
    /// It is closed as failed.
    Close,
}

impl Handling {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Attention, Self::Close];

    /// The name as people see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Attention => "attention",
            Self::Close => "close",
        }
    }
}

/// What a policy decides upon: how often it was tried, since when, and what is known of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// How many attempts have begun.
    pub attempts: u32,
    pub accepted_at: Timestamp,
    /// The target answered 429, or not in time.
    pub is_strained: bool,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 8,
            max_age_ms: None,
            waits: Waits::Doubling { base_ms: 2_000, cap_ms: 15 * 60 * 1000 },
            floor_ms: 5_000,
            when_exhausted: Handling::Attention,
            when_failed: Handling::Attention,
        }
    }
}

impl RetryPolicy {
    /// When the next attempt is due, after one that ended at `now` and found the target unavailable.
    ///
    /// `jitter` is from 0 (included) to 1 (excluded). A target that asked for patience gets at least that much, up to
    /// [`MAX_RETRY_AFTER_MS`]. `None` when nothing is left.
    pub fn next_due(
        &self,
        tried: Tried,
        retry_after_ms: Option<u64>,
        now: Timestamp,
        jitter: f64,
    ) -> Option<Timestamp> {
        let own_ms = self.waits.own_ms(tried.attempts, jitter);
        let floor_ms = if tried.is_strained { self.floor_ms } else { 0 };
        let asked_ms = retry_after_ms.unwrap_or(0).min(MAX_RETRY_AFTER_MS).max(floor_ms);
        // Those who were asked to wait the same time should not come back at the same moment.
        let patient_ms = asked_ms.saturating_add(own_ms.min(asked_ms / 4));
        let due = now.plus(Duration::from_millis(own_ms.max(patient_ms)));
        self.permits(tried, due).then_some(due)
    }

    /// Whether an attempt that nobody asked for may begin at `at`, after those that have begun.
    pub fn permits(&self, tried: Tried, at: Timestamp) -> bool {
        let age = at.since(tried.accepted_at);
        let is_young = self.max_age_ms.is_none_or(|max_age_ms| age <= Duration::from_millis(max_age_ms));
        tried.attempts < self.max_attempts && (is_young || tried.attempts == 0)
    }
}

impl Waits {
    /// The longest wait before the second attempt.
    pub fn first_ms(&self) -> u64 {
        match self {
            Self::Doubling { base_ms, .. } => *base_ms,
            Self::Listed { delays_ms } => delays_ms.first().copied().unwrap_or(0),
        }
    }

    fn own_ms(&self, attempts: u32, jitter: f64) -> u64 {
        let earlier = attempts.saturating_sub(1);
        match self {
            Self::Doubling { base_ms, cap_ms } => {
                let doubled = base_ms.saturating_mul(2_u64.saturating_pow(earlier));
                (doubled.min(*cap_ms) as f64 * jitter) as u64
            }
            Self::Listed { delays_ms } => {
                let index = usize::try_from(earlier).unwrap_or(usize::MAX).min(delays_ms.len().saturating_sub(1));
                let listed_ms = delays_ms.get(index).copied().unwrap_or(0);
                listed_ms.saturating_add((listed_ms as f64 / 10.0 * jitter) as u64)
            }
        }
    }
}

#[cfg(test)]
mod tests;
