//! When to try again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The longest wait that a target's `Retry-After` is honoured for: a day.
pub const MAX_RETRY_AFTER_MS: u64 = 24 * 60 * 60 * 1000;

/// Exponential waiting with a cap and full jitter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetryPolicy {
    /// How often a delivery is tried, the first time included.
    pub max_attempts: u32,
    /// The longest wait before the second attempt; it doubles with each further one.
    pub base_ms: u64,
    /// No wait is longer, but for one that the target asked for.
    pub cap_ms: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_attempts: 8, base_ms: 2_000, cap_ms: 15 * 60 * 1000 }
    }
}

impl RetryPolicy {
    /// How long to wait after attempt number `attempt` (from 1) found the target unavailable.
    ///
    /// `jitter` is from 0 (included) to 1 (excluded). A target that asked for patience gets at least that
    /// much, up to [`MAX_RETRY_AFTER_MS`]. `None` when no attempt is left.
    pub fn delay(&self, attempt: u32, retry_after_ms: Option<u64>, jitter: f64) -> Option<Duration> {
        if attempt >= self.max_attempts {
            return None;
        }
        let doubled = self.base_ms.saturating_mul(2_u64.saturating_pow(attempt.saturating_sub(1)));
        let jittered = (doubled.min(self.cap_ms) as f64 * jitter) as u64;
        let asked = retry_after_ms.unwrap_or(0).min(MAX_RETRY_AFTER_MS);
        // Those who were asked to wait the same time should not come back at the same moment.
        let spread = if asked > 0 { jittered.min(asked / 4) } else { jittered };
        Some(Duration::from_millis(asked.saturating_add(spread)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy { max_attempts: 5, base_ms: 1000, cap_ms: 3000 };

    #[track_caller]
    fn check(attempt: u32, asked_ms: Option<u64>, jitter: f64, expected_ms: Option<u64>) {
        assert_eq!(POLICY.delay(attempt, asked_ms, jitter), expected_ms.map(Duration::from_millis));
    }

    #[test]
    fn the_first_wait_is_at_most_the_base() {
        check(1, None, 0.999_999, Some(999));
    }

    #[test]
    fn full_jitter_may_wait_not_at_all() {
        check(3, None, 0.0, Some(0));
    }

    #[test]
    fn the_wait_stops_growing_at_the_cap() {
        check(4, None, 0.5, Some(1500));
    }

    #[test]
    fn the_target_s_wish_is_a_floor() {
        check(1, Some(10_000), 0.0, Some(10_000));
        check(1, Some(10_000), 0.5, Some(10_500));
    }

    #[test]
    fn the_target_s_wish_has_a_bound() {
        check(1, Some(u64::MAX), 0.0, Some(MAX_RETRY_AFTER_MS));
    }

    #[test]
    fn the_budget_ends() {
        check(5, None, 0.5, None);
        check(5, Some(1), 0.5, None);
    }
}
