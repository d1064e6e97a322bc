//! What happens to a delivery next: a function of how its attempt ended, the policy, now and the jitter.

use super::{AttemptEnd, Attention, DeliveryState, Reason, Resolution};
use crate::{Failure, Handling, Problem, RetryPolicy, Timestamp, Tried};

/// What becomes of a delivery whose latest attempt has ended.
///
/// `in_doubt` says that its journal has a request which must happen once and may have happened. That holds up no
/// further attempt, because the journal lets none out before the connector has looked; but when no attempt is left, a
/// person has to say what became of it, whatever the policy says. `jitter` is from 0 (included) to 1 (excluded).
pub fn after_attempt(
    end: &AttemptEnd,
    in_doubt: bool,
    tried: Tried,
    policy: &RetryPolicy,
    now: Timestamp,
    jitter: f64,
) -> DeliveryState {
    let attention = |reason, problem: &Problem| DeliveryState::Attention(Attention::new(reason, problem.clone(), now));
    let handling = if in_doubt { Handling::Attention } else { policy.when_failed };
    let failed = |reason, problem: &Problem| handled(handling, reason, problem, now);
    match end {
        AttemptEnd::Done { .. } => DeliveryState::Closed { resolution: Resolution::Succeeded, at: now },
        AttemptEnd::Waiting { until, .. } => DeliveryState::Waiting { until: *until },
        AttemptEnd::TimedOut(problem) => attention(Reason::TimedOut, problem),
        AttemptEnd::Misconfigured(problem) => attention(Reason::Misconfigured, problem),
        AttemptEnd::Broken(problem) if in_doubt => attention(Reason::OutcomeUnknown, problem),
        AttemptEnd::Broken(problem) => attention(Reason::ConnectorBroken, problem),
        AttemptEnd::Failed(failure) => match failure {
            Failure::Invalid { problem } => failed(Reason::Invalid, problem),
            Failure::Rejected { problem } => failed(Reason::Rejected, problem),
            Failure::Denied { problem } => failed(Reason::Denied, problem),
            Failure::Unknown { problem } => attention(Reason::OutcomeUnknown, problem),
            Failure::Unavailable { problem, retry_after_ms } => {
                match policy.next_due(tried, *retry_after_ms, now, jitter) {
                    Some(due) => DeliveryState::Retrying { due, problem: problem.clone() },
                    None => when_exhausted(policy, in_doubt, problem, now),
                }
            }
        },
    }
}

/// What becomes of a delivery that nothing is left for: `problem` is what the last attempt met.
pub fn when_exhausted(policy: &RetryPolicy, in_doubt: bool, problem: &Problem, now: Timestamp) -> DeliveryState {
    if in_doubt {
        return handled(Handling::Attention, Reason::OutcomeUnknown, problem, now);
    }
    handled(policy.when_exhausted, Reason::AttemptsExhausted, problem, now)
}

fn handled(handling: Handling, reason: Reason, problem: &Problem, now: Timestamp) -> DeliveryState {
    match handling {
        Handling::Attention => DeliveryState::Attention(Attention::new(reason, problem.clone(), now)),
        Handling::Close => DeliveryState::Closed { resolution: Resolution::Failed, at: now },
    }
}

/// What becomes of a delivery whose attempt never ended: the host stopped in the middle, or its lease lapsed.
///
/// It is tried again as if the target had been unavailable. It may be what stopped the host, so it waits like any
/// other, and its attempts end.
pub fn after_lost_attempt(
    in_doubt: bool,
    tried: Tried,
    policy: &RetryPolicy,
    now: Timestamp,
    jitter: f64,
) -> DeliveryState {
    let problem = lost_attempt(in_doubt);
    let end = AttemptEnd::Failed(Failure::Unavailable { problem, retry_after_ms: None });
    after_attempt(&end, in_doubt, tried, policy, now, jitter)
}

/// What an attempt met that never ended.
pub fn lost_attempt(in_doubt: bool) -> Problem {
    let message = if in_doubt {
        "The host stopped while this was under way. It may have happened: look at the target."
    } else {
        "The host stopped while this was under way."
    };
    Problem::new("attempt-lost", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Waits;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn unavailable() -> AttemptEnd {
        AttemptEnd::Failed(Failure::Unavailable { problem: Problem::new("busy", "Busy."), retry_after_ms: None })
    }

    fn broken() -> AttemptEnd {
        AttemptEnd::Broken(Problem::new("trap", "The connector trapped."))
    }

    fn policy() -> RetryPolicy {
        let waits = Waits::Doubling { base_ms: 1000, cap_ms: 1000 };
        RetryPolicy { max_attempts: 3, waits, ..RetryPolicy::default() }
    }

    fn tried(attempts: u32) -> Tried {
        Tried { attempts, accepted_at: NOW, is_strained: false }
    }

    /// The reason of a person's work; `None` when it is tried again, half a second later.
    #[track_caller]
    fn reason(state: &DeliveryState) -> Option<Reason> {
        match state {
            DeliveryState::Attention(attention) => Some(attention.reason),
            DeliveryState::Retrying { due, .. } => {
                assert_eq!(*due, Timestamp::from_millis(1_000_500));
                None
            }
            state => panic!("{state:?}"),
        }
    }

    #[track_caller]
    fn check(end: &AttemptEnd, in_doubt: bool, attempts: u32, expected: Option<Reason>) {
        assert_eq!(reason(&after_attempt(end, in_doubt, tried(attempts), &policy(), NOW, 0.5)), expected);
    }

    #[test]
    fn an_unavailable_target_is_tried_again() {
        check(&unavailable(), false, 1, None);
    }

    #[test]
    fn what_is_in_doubt_is_looked_at_by_the_next_attempt() {
        check(&unavailable(), true, 1, None);
    }

    #[test]
    fn attempts_end() {
        check(&unavailable(), false, 3, Some(Reason::AttemptsExhausted));
    }

    #[test]
    fn what_is_in_doubt_at_the_end_is_a_person_s_to_find_out() {
        check(&unavailable(), true, 3, Some(Reason::OutcomeUnknown));
        check(&broken(), true, 1, Some(Reason::OutcomeUnknown));
    }

    #[test]
    fn a_broken_connector_is_a_person_s_work() {
        check(&broken(), false, 1, Some(Reason::ConnectorBroken));
    }

    #[test]
    fn what_waits_waits_as_long_as_it_was_told() {
        let until = Timestamp::from_millis(7_000_000);
        let waiting = AttemptEnd::Waiting { state: "{}".into(), until };
        for in_doubt in [false, true] {
            let state = after_attempt(&waiting, in_doubt, tried(3), &policy(), NOW, 0.5);
            assert_eq!(state, DeliveryState::Waiting { until });
        }
    }

    #[test]
    fn a_target_that_never_answered_is_a_person_s_work_whatever_the_policy_says() {
        let close = RetryPolicy { when_failed: Handling::Close, when_exhausted: Handling::Close, ..policy() };
        let timed_out = AttemptEnd::TimedOut(Problem::new("no-answer", "No answer."));
        let state = after_attempt(&timed_out, false, tried(1), &close, NOW, 0.5);
        assert_eq!(reason(&state), Some(Reason::TimedOut));
    }

    #[test]
    fn done_is_done_whatever_was_in_doubt_on_the_way() {
        let done = AttemptEnd::Done { output: "{}".into() };
        let state = after_attempt(&done, true, tried(1), &RetryPolicy::default(), NOW, 0.0);
        assert_eq!(state, DeliveryState::Closed { resolution: Resolution::Succeeded, at: NOW });
    }

    #[test]
    fn a_lost_attempt_is_repeated_as_long_as_there_are_any() {
        let lost = |in_doubt, attempts| reason(&after_lost_attempt(in_doubt, tried(attempts), &policy(), NOW, 0.5));
        assert_eq!((lost(false, 1), lost(true, 1)), (None, None));
        // What stops the host each time must not do so for ever.
        assert_eq!(lost(false, 3), Some(Reason::AttemptsExhausted));
        assert_eq!(lost(true, 3), Some(Reason::OutcomeUnknown));
    }

    #[test]
    fn the_policy_may_close_what_is_over() {
        let closed = DeliveryState::Closed { resolution: Resolution::Failed, at: NOW };
        let close = RetryPolicy { when_exhausted: Handling::Close, ..policy() };
        let after = |end: &AttemptEnd, policy: &RetryPolicy| after_attempt(end, false, tried(3), policy, NOW, 0.5);
        assert_eq!(after(&unavailable(), &close), closed);
        let rejected = AttemptEnd::Failed(Failure::Rejected { problem: Problem::new("no", "No.") });
        assert_ne!(after(&rejected, &close), closed);
        assert_eq!(after(&rejected, &RetryPolicy { when_failed: Handling::Close, ..policy() }), closed);
        // What is not known waits for a person, whatever the policy says.
        let close_all = RetryPolicy { when_failed: Handling::Close, ..close };
        for (end, expected) in [(unavailable(), Reason::OutcomeUnknown), (rejected, Reason::Rejected)] {
            let doubtful = after_attempt(&end, true, tried(3), &close_all, NOW, 0.5);
            assert!(matches!(doubtful, DeliveryState::Attention(attention) if attention.reason == expected));
        }
    }
}
