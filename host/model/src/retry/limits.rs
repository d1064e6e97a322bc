//! How often a delivery is tried, as people see it: a limit that was raised is shown, one that was lowered only
//! decides.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Name, Timestamp};

/// How often the deliveries of a connection are tried, the first time included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptLimits {
    pub max_attempts: u32,
    /// Operations with a limit of their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub operations: BTreeMap<Name, u32>,
}

impl AttemptLimits {
    /// The limit of an operation.
    pub fn of(&self, operation: &Name) -> u32 {
        self.operations.get(operation).copied().unwrap_or(self.max_attempts)
    }
}

/// Limits, and since when they hold: until the next ones, or still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsSince {
    pub limits: AttemptLimits,
    pub since: Timestamp,
}

/// The number of attempts that people are shown as the most: the largest limit that held at any time since the
/// delivery was accepted. `history` is in the order in which it was written. `None` when that is empty.
pub fn displayed_limit(history: &[LimitsSince], operation: &Name, accepted_at: Timestamp) -> Option<u32> {
    let ended_before = |index: usize| history.get(index + 1).is_some_and(|next| next.since <= accepted_at);
    let held = history.iter().enumerate().filter(|(index, _)| !ended_before(*index));
    held.map(|(_, held)| held.limits.of(operation)).max()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{RetryPolicy, Tried};

    const ACCEPTED_AT: Timestamp = Timestamp::from_millis(1000);

    fn name(text: &str) -> Name {
        text.parse().expect("a name")
    }

    fn since(millis: i64, max_attempts: u32) -> LimitsSince {
        let limits = AttemptLimits { max_attempts, operations: BTreeMap::new() };
        LimitsSince { limits, since: Timestamp::from_millis(millis) }
    }

    /// What is shown of a delivery with so many attempts, and whether one more begins by itself.
    #[track_caller]
    fn check(attempts: u32, history: &[LimitsSince], shown: &str, goes_on: bool) {
        let displayed = displayed_limit(history, &name("trigger"), ACCEPTED_AT).expect("a limit");
        assert_eq!(format!("{attempts} of {displayed}"), shown);
        let live = history.last().expect("a limit").limits.max_attempts;
        let policy = RetryPolicy { max_attempts: live, ..RetryPolicy::default() };
        let tried = Tried { attempts, accepted_at: ACCEPTED_AT, is_strained: false };
        assert_eq!(policy.permits(tried, ACCEPTED_AT), goes_on);
    }

    #[test]
    fn a_limit_that_was_raised_is_shown_also_where_it_came_too_late() {
        // Whether it goes on is not asked of one that is closed.
        check(5, &[since(0, 5), since(2000, 7)], "5 of 7", true);
    }

    #[test]
    fn a_limit_that_was_raised_in_time_is_used() {
        check(4, &[since(0, 5), since(2000, 7)], "4 of 7", true);
        check(6, &[since(0, 5), since(2000, 7)], "6 of 7", true);
        check(7, &[since(0, 5), since(2000, 7)], "7 of 7", false);
    }

    #[test]
    fn a_limit_that_was_lowered_decides_and_is_not_shown() {
        check(4, &[since(0, 10), since(2000, 4)], "4 of 10", false);
        check(3, &[since(0, 10), since(2000, 4)], "3 of 10", true);
    }

    #[test]
    fn what_was_over_before_it_was_accepted_is_not_shown() {
        check(1, &[since(0, 10), since(500, 4)], "1 of 4", true);
        check(1, &[since(0, 10), since(1000, 4)], "1 of 4", true);
        check(1, &[since(0, 10), since(1001, 4)], "1 of 10", true);
    }

    #[test]
    fn an_operation_may_have_a_limit_of_its_own() {
        let mut history = [since(0, 5), since(2000, 5)];
        history[1].limits.operations.insert(name("trigger"), 2);
        assert_eq!(displayed_limit(&history, &name("trigger"), ACCEPTED_AT), Some(5));
        assert_eq!(displayed_limit(&history, &name("trigger"), Timestamp::from_millis(2000)), Some(2));
        assert_eq!(displayed_limit(&history, &name("look"), Timestamp::from_millis(2000)), Some(5));
        assert_eq!(displayed_limit(&[], &name("look"), ACCEPTED_AT), None);
    }

    proptest! {
        /// Whoever looks after every change is shown the limit of then, or what was shown before when that was more.
        #[test]
        fn what_is_shown_never_shrinks(changes in proptest::collection::vec((0..4_i64, 1..20_u32), 1..12)) {
            let (mut history, mut at, mut shown) = (Vec::new(), 0, None);
            for (quarters, live) in changes {
                at += quarters * 250;
                history.push(since(at, live));
                let has_come = Timestamp::from_millis(at) > ACCEPTED_AT;
                shown = if has_come { shown.max(Some(live)) } else { Some(live) };
                prop_assert_eq!(displayed_limit(&history, &name("trigger"), ACCEPTED_AT), shown, "{:?}", history);
            }
        }
    }
}
