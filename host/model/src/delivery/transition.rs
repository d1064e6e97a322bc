//! What happens to a delivery next: a function of how its attempt ended, the policy, now and the jitter.

use super::{AttemptEnd, Attention, DeliveryState, Doubt, Reason, Resolution};
use crate::{Failure, Handling, Problem, RetryPolicy, Timestamp, Tried};

/// What becomes of a delivery whose latest attempt has ended.
///
/// `jitter` is from 0 (included) to 1 (excluded). A delivery is tried again only when the target was
/// unavailable, the policy has an attempt left, and no request that must happen once is in doubt.
pub fn after_attempt(
    end: &AttemptEnd,
    doubt: Doubt,
    tried: Tried,
    policy: &RetryPolicy,
    now: Timestamp,
    jitter: f64,
) -> DeliveryState {
    let attention = |reason, problem: &Problem| {
        DeliveryState::Attention(Attention { reason, problem: problem.clone(), since: now })
    };
    let failed = |reason, problem: &Problem| handled(policy.when_failed, reason, problem, now);
    match end {
        AttemptEnd::Done { .. } => DeliveryState::Closed { resolution: Resolution::Succeeded, at: now },
        AttemptEnd::Misconfigured(problem) => attention(Reason::Misconfigured, problem),
        AttemptEnd::Broken(problem) if doubt == Doubt::None => attention(Reason::ConnectorBroken, problem),
        AttemptEnd::Broken(problem) => attention(Reason::OutcomeUnknown, problem),
        AttemptEnd::Failed(failure) => match failure {
            Failure::Invalid { problem } => failed(Reason::Invalid, problem),
            Failure::Rejected { problem } => failed(Reason::Rejected, problem),
            Failure::Denied { problem } => failed(Reason::Denied, problem),
            Failure::Unknown { problem } => attention(Reason::OutcomeUnknown, problem),
            Failure::Unavailable { problem, .. } if doubt > Doubt::None => attention(Reason::OutcomeUnknown, problem),
            Failure::Unavailable { problem, retry_after_ms } => {
                match policy.next_due(tried, *retry_after_ms, now, jitter) {
                    Some(due) => DeliveryState::Retrying { due, problem: problem.clone() },
                    None => when_exhausted(policy, problem, now),
                }
            }
        },
    }
}

/// What becomes of a delivery that nothing is left for: `problem` is what the last attempt met.
pub fn when_exhausted(policy: &RetryPolicy, problem: &Problem, now: Timestamp) -> DeliveryState {
    handled(policy.when_exhausted, Reason::AttemptsExhausted, problem, now)
}

fn handled(handling: Handling, reason: Reason, problem: &Problem, now: Timestamp) -> DeliveryState {
    match handling {
        Handling::Attention => DeliveryState::Attention(Attention { reason, problem: problem.clone(), since: now }),
        Handling::Close => DeliveryState::Closed { resolution: Resolution::Failed, at: now },
    }
}

/// What becomes of a delivery whose attempt never ended: the host stopped in the middle, or its lease lapsed.
///
/// An operation that only reads is tried again at once, as long as an attempt is left: it may be what stopped the
/// host. Anything else may have happened.
pub fn after_lost_attempt(reads_only: bool, tried: Tried, policy: &RetryPolicy, now: Timestamp) -> DeliveryState {
    let (reason, message) = match reads_only {
        true if policy.permits(tried, now) => return DeliveryState::Queued { due: now },
        true => (Reason::AttemptsExhausted, "The host stopped each time while this was under way."),
        false => (
            Reason::OutcomeUnknown,
            "The host stopped while this was under way. Look at the target whether it happened.",
        ),
    };
    let problem = Problem::new("attempt-lost", message);
    DeliveryState::Attention(Attention { reason, problem, since: now })
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

    #[track_caller]
    fn check(end: &AttemptEnd, doubt: Doubt, attempts: u32, expected: Option<Reason>) {
        match after_attempt(end, doubt, tried(attempts), &policy(), NOW, 0.5) {
            DeliveryState::Attention(attention) => assert_eq!(Some(attention.reason), expected),
            DeliveryState::Retrying { due, .. } => {
                assert_eq!(expected, None);
                assert_eq!(due, Timestamp::from_millis(1_000_500));
            }
            state => panic!("{state:?}"),
        }
    }

    #[test]
    fn an_unavailable_target_is_tried_again() {
        check(&unavailable(), Doubt::None, 1, None);
    }

    #[test]
    fn attempts_end() {
        check(&unavailable(), Doubt::None, 3, Some(Reason::AttemptsExhausted));
    }

    #[test]
    fn what_may_have_happened_is_never_sent_again_by_itself() {
        check(&unavailable(), Doubt::Open, 1, Some(Reason::OutcomeUnknown));
        check(&unavailable(), Doubt::Happened, 1, Some(Reason::OutcomeUnknown));
        check(&broken(), Doubt::Open, 1, Some(Reason::OutcomeUnknown));
    }

    #[test]
    fn a_broken_connector_is_a_person_s_work() {
        check(&broken(), Doubt::None, 1, Some(Reason::ConnectorBroken));
    }

    #[test]
    fn done_is_done_whatever_was_in_doubt_on_the_way() {
        let done = AttemptEnd::Done { output: "{}".into() };
        let state = after_attempt(&done, Doubt::Open, tried(1), &RetryPolicy::default(), NOW, 0.0);
        assert_eq!(state, DeliveryState::Closed { resolution: Resolution::Succeeded, at: NOW });
    }

    #[test]
    fn a_lost_read_is_repeated_and_a_lost_write_is_not() {
        let reason = |reads_only, attempts| match after_lost_attempt(reads_only, tried(attempts), &policy(), NOW) {
            DeliveryState::Attention(attention) => Some(attention.reason),
            state => {
                assert_eq!(state, DeliveryState::Queued { due: NOW });
                None
            }
        };
        assert_eq!(reason(true, 1), None);
        assert_eq!(reason(false, 1), Some(Reason::OutcomeUnknown));
        // What stops the host each time must not do so for ever.
        assert_eq!(reason(true, 3), Some(Reason::AttemptsExhausted));
    }

    #[test]
    fn the_policy_may_close_what_is_over() {
        let closed = DeliveryState::Closed { resolution: Resolution::Failed, at: NOW };
        let close = RetryPolicy { when_exhausted: Handling::Close, ..policy() };
        let after =
            |end: &AttemptEnd, policy: &RetryPolicy| after_attempt(end, Doubt::None, tried(3), policy, NOW, 0.5);
        assert_eq!(after(&unavailable(), &close), closed);
        let rejected = AttemptEnd::Failed(Failure::Rejected { problem: Problem::new("no", "No.") });
        assert_ne!(after(&rejected, &close), closed);
        assert_eq!(after(&rejected, &RetryPolicy { when_failed: Handling::Close, ..policy() }), closed);
        // What is not known waits for a person, whatever the policy says.
        let close_all = RetryPolicy { when_failed: Handling::Close, ..close };
        let doubtful = after_attempt(&unavailable(), Doubt::Open, tried(3), &close_all, NOW, 0.5);
        assert!(matches!(doubtful, DeliveryState::Attention(attention) if attention.reason == Reason::OutcomeUnknown));
    }
}
