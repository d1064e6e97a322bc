//! What happens to a delivery next: a function of how its attempt ended, the policy, now and the jitter.

use super::{AttemptEnd, Attention, DeliveryState, Reason, Resolution};
use crate::{Failure, Problem, RetryPolicy, Timestamp};

/// What becomes of a delivery whose attempt number `attempt` (from 1) has ended.
///
/// `in_doubt` says that its journal has a request which must happen once and may have happened. That holds up no
/// further attempt, because the journal lets none out before the connector has looked; but when no attempt is left, a
/// person has to say what became of it. `jitter` is from 0 (included) to 1 (excluded).
pub fn after_attempt(
    end: &AttemptEnd,
    in_doubt: bool,
    attempt: u32,
    policy: &RetryPolicy,
    now: Timestamp,
    jitter: f64,
) -> DeliveryState {
    let attention = |reason, problem: &Problem| {
        DeliveryState::Attention(Attention { reason, problem: problem.clone(), since: now })
    };
    match end {
        AttemptEnd::Done { .. } => DeliveryState::Closed { resolution: Resolution::Succeeded, at: now },
        AttemptEnd::Misconfigured(problem) => attention(Reason::Misconfigured, problem),
        AttemptEnd::Broken(problem) if in_doubt => attention(Reason::OutcomeUnknown, problem),
        AttemptEnd::Broken(problem) => attention(Reason::ConnectorBroken, problem),
        AttemptEnd::Failed(failure) => match failure {
            Failure::Invalid { problem } => attention(Reason::Invalid, problem),
            Failure::Rejected { problem } => attention(Reason::Rejected, problem),
            Failure::Denied { problem } => attention(Reason::Denied, problem),
            Failure::Unknown { problem } => attention(Reason::OutcomeUnknown, problem),
            Failure::Unavailable { problem, retry_after_ms } => match policy.delay(attempt, *retry_after_ms, jitter) {
                Some(delay) => DeliveryState::Retrying { due: now.plus(delay), problem: problem.clone() },
                None if in_doubt => attention(Reason::OutcomeUnknown, problem),
                None => attention(Reason::AttemptsExhausted, problem),
            },
        },
    }
}

/// What becomes of a delivery whose attempt never ended: the host stopped in the middle, or its lease lapsed.
///
/// It is tried again as if the target had been unavailable. It may be what stopped the host, so it waits like any
/// other, and its attempts end.
pub fn after_lost_attempt(
    in_doubt: bool,
    attempt: u32,
    policy: &RetryPolicy,
    now: Timestamp,
    jitter: f64,
) -> DeliveryState {
    let message = if in_doubt {
        "The host stopped while this was under way. It may have happened: look at the target."
    } else {
        "The host stopped while this was under way."
    };
    let problem = Problem::new("attempt-lost", message);
    let end = AttemptEnd::Failed(Failure::Unavailable { problem, retry_after_ms: None });
    after_attempt(&end, in_doubt, attempt, policy, now, jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn policy() -> RetryPolicy {
        RetryPolicy { max_attempts: 3, base_ms: 1000, cap_ms: 1000 }
    }

    fn unavailable() -> AttemptEnd {
        AttemptEnd::Failed(Failure::Unavailable { problem: Problem::new("busy", "Busy."), retry_after_ms: None })
    }

    fn broken() -> AttemptEnd {
        AttemptEnd::Broken(Problem::new("trap", "The connector trapped."))
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
    fn check(end: &AttemptEnd, in_doubt: bool, attempt: u32, expected: Option<Reason>) {
        assert_eq!(reason(&after_attempt(end, in_doubt, attempt, &policy(), NOW, 0.5)), expected);
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
    fn done_is_done_whatever_was_in_doubt_on_the_way() {
        let done = AttemptEnd::Done { output: "{}".into() };
        let state = after_attempt(&done, true, 1, &RetryPolicy::default(), NOW, 0.0);
        assert_eq!(state, DeliveryState::Closed { resolution: Resolution::Succeeded, at: NOW });
    }

    #[test]
    fn a_lost_attempt_is_repeated_as_long_as_there_are_any() {
        let lost = |in_doubt, attempt| reason(&after_lost_attempt(in_doubt, attempt, &policy(), NOW, 0.5));
        assert_eq!((lost(false, 1), lost(true, 1)), (None, None));
        // What stops the host each time must not do so for ever.
        assert_eq!(lost(false, 3), Some(Reason::AttemptsExhausted));
        assert_eq!(lost(true, 3), Some(Reason::OutcomeUnknown));
    }
}
