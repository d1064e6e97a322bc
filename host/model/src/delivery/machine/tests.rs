//! Any history of events, held against what must be true whatever happens.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::{Failure, Handling, Problem, Waits, when_exhausted};

const START: Timestamp = Timestamp::from_millis(1_762_000_000_000);

/// Something that happens some time after the thing before. The lease number is an offset to the present one, so that
/// old and made-up leases are tried too.
#[derive(Debug, Clone)]
struct Step {
    after_ms: u64,
    jitter: f64,
    /// The policy from then on, where somebody changes it.
    policy: Option<RetryPolicy>,
    what: What,
}

/// What happens. Whether a claim is in doubt counts only where nothing is left for it, and its attempt does not begin.
#[derive(Debug, Clone)]
enum What {
    Claim { in_doubt: bool },
    Renew { lease: i64 },
    End { lease: i64, end: AttemptEnd, in_doubt: bool },
    Lose { lease: i64, in_doubt: bool },
    TakeBack { lease: i64 },
    Answer,
    Act { act: Act, in_doubt: bool, leads_its_key: bool },
    Handle { in_doubt: bool },
}

fn ends() -> impl Strategy<Value = AttemptEnd> {
    let problem = || Problem::new("code", "Message.");
    let unavailable =
        move |retry_after_ms| AttemptEnd::Failed(Failure::Unavailable { problem: problem(), retry_after_ms });
    prop_oneof![
        1 => Just(AttemptEnd::Done { output: "{}".into() }),
        2 => (0..200_000_000_i64).prop_map(|wait_ms| {
            AttemptEnd::Waiting { state: "{}".into(), until: Timestamp::from_millis(START.as_millis() + wait_ms) }
        }),
        1 => Just(AttemptEnd::TimedOut(problem())),
        1 => Just(AttemptEnd::Broken(problem())),
        1 => Just(AttemptEnd::Misconfigured(problem())),
        1 => Just(AttemptEnd::Failed(Failure::Invalid { problem: problem() })),
        1 => Just(AttemptEnd::Failed(Failure::Rejected { problem: problem() })),
        1 => Just(AttemptEnd::Failed(Failure::Denied { problem: problem() })),
        1 => Just(AttemptEnd::Failed(Failure::Unknown { problem: problem() })),
        4 => proptest::option::of(any::<u64>()).prop_map(unavailable),
    ]
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => any::<bool>().prop_map(|did_not_happen| Act::Retry { did_not_happen }),
        1 => any::<bool>().prop_map(|did_not_happen| Act::Edit { input: "{}".into(), did_not_happen }),
        1 => Just(Act::Resolve { output: "{}".into() }),
        1 => Just(Act::Close),
        1 => Just(Act::Skip),
        1 => Just(Act::Assign { queue: None }),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let lease = || prop_oneof![8 => Just(0_i64), 1 => Just(-1), 1 => Just(1)];
    let what = prop_oneof![
        4 => any::<bool>().prop_map(|in_doubt| What::Claim { in_doubt }),
        1 => lease().prop_map(|lease| What::Renew { lease }),
        4 => (lease(), ends(), any::<bool>()).prop_map(|(lease, end, in_doubt)| What::End { lease, end, in_doubt }),
        2 => (lease(), any::<bool>()).prop_map(|(lease, in_doubt)| What::Lose { lease, in_doubt }),
        1 => lease().prop_map(|lease| What::TakeBack { lease }),
        2 => Just(What::Answer),
        1 => any::<bool>().prop_map(|in_doubt| What::Handle { in_doubt }),
        1 => (acts(), any::<bool>(), any::<bool>())
            .prop_map(|(act, in_doubt, leads_its_key)| What::Act { act, in_doubt, leads_its_key }),
    ];
    let policy = proptest::option::weighted(0.2, policies());
    let step = (0..200_000_000_u64, 0.0..1.0, policy, what).prop_map(|(after_ms, jitter, policy, what)| Step {
        after_ms,
        jitter,
        policy,
        what,
    });
    proptest::collection::vec(step, 0..40)
}

fn policies() -> impl Strategy<Value = RetryPolicy> {
    let handling = || prop_oneof![Just(Handling::Attention), Just(Handling::Close)];
    let waits = prop_oneof![
        (1..10_000_u64, 1..100_000_u64).prop_map(|(base_ms, cap_ms)| Waits::Doubling { base_ms, cap_ms }),
        proptest::collection::vec(1..100_000_u64, 1..4).prop_map(|delays_ms| Waits::Listed { delays_ms }),
    ];
    let max_age_ms = proptest::option::of(1..2_000_000_000_u64);
    (1..6_u32, max_age_ms, waits, handling(), handling()).prop_map(
        |(max_attempts, max_age_ms, waits, when_exhausted, when_failed)| {
            let usual = RetryPolicy::default();
            RetryPolicy { max_attempts, max_age_ms, waits, when_exhausted, when_failed, ..usual }
        },
    )
}

fn event(position: &Position, waited: &DeliveryState, what: &What, now: Timestamp) -> Event {
    let number = |offset: &i64| position.lease_number.saturating_add_signed(*offset);
    match what {
        What::Claim { .. } => Event::Claimed { until: now.plus(Duration::from_secs(60)) },
        What::Renew { lease } => {
            Event::Renewed { lease_number: number(lease), until: now.plus(Duration::from_secs(60)) }
        }
        What::End { lease, end, in_doubt } => {
            Event::Ended { lease_number: number(lease), end: end.clone(), in_doubt: *in_doubt }
        }
        What::TakeBack { lease } => Event::TakenBack { lease_number: number(lease), to: waited.clone() },
        What::Answer => Event::Answered,
        What::Handle { in_doubt } => Event::Handled { in_doubt: *in_doubt },
        What::Act { act, in_doubt, leads_its_key } => {
            Event::Acted { act: act.clone(), in_doubt: *in_doubt, leads_its_key: *leads_its_key }
        }
        What::Lose { lease, in_doubt } => Event::Lost { lease_number: number(lease), in_doubt: *in_doubt },
    }
}

/// The lease that an event was read under; none when it takes a new one.
fn lease_of(event: &Event) -> Option<u64> {
    match event {
        Event::Claimed { .. } | Event::Answered | Event::Acted { .. } | Event::Handled { .. } => None,
        Event::Renewed { lease_number, .. }
        | Event::Ended { lease_number, .. }
        | Event::TakenBack { lease_number, .. }
        | Event::Lost { lease_number, .. } => Some(*lease_number),
    }
}

/// Whether an attempt that nobody asked for may begin at `at`, after those that have begun.
fn is_within(policy: &RetryPolicy, attempts: u32, at: Timestamp) -> bool {
    let is_young = policy.max_age_ms.is_none_or(|max_age_ms| at.since(START) <= Duration::from_millis(max_age_ms));
    attempts < policy.max_attempts && is_young
}

proptest! {
    #[test]
    fn whatever_happens(policy in policies(), steps in steps()) {
        let (mut now, mut asked_for) = (START, 0);
        // The policy of now, and the most attempts that any has had until now.
        let (mut displayed, mut policy) = (policy.max_attempts, policy);
        let mut position = Position::new(DeliveryState::Queued { due: START }, START);
        // Where it stood before its latest claim.
        let mut waited = position.state.clone();
        for step in steps {
            now = now.plus(Duration::from_millis(step.after_ms));
            policy = step.policy.unwrap_or(policy);
            displayed = displayed.max(policy.max_attempts);
            let event = event(&position, &waited, &step.what, now);
            let Ok(mut next) = position.after(&event, &policy, now, step.jitter) else { continue };
            // Terminal states never change.
            prop_assert!(!matches!(position.state, DeliveryState::Closed { .. }), "{position:?} {event:?}");
            // No transition without the lease that it was read under.
            if let Some(lease_number) = lease_of(&event) {
                let held = matches!(&position.state, DeliveryState::Running { lease } if lease.number == lease_number);
                prop_assert!(held, "{position:?} {event:?}");
            }
            // Leases only grow, and only with a claim; so do attempts, but for a claim that is taken back, and for one
            // that ends a wait.
            let claimed = matches!(event, Event::Claimed { .. });
            let taken_back = matches!(event, Event::TakenBack { .. });
            if claimed {
                waited = position.state.clone();
            }
            let counts = |happened: bool| u32::from(happened && !matches!(waited, DeliveryState::Waiting { .. }));
            prop_assert_eq!(next.lease_number, position.lease_number + u64::from(claimed));
            prop_assert_eq!(next.attempts + counts(taken_back), position.attempts + counts(claimed));
            // An answer only ever ends a wait, and never puts it off.
            if matches!(event, Event::Answered) {
                let (DeliveryState::Waiting { until: before }, DeliveryState::Waiting { until }) =
                    (&position.state, &next.state)
                else {
                    return Err(TestCaseError::fail(format!("{position:?} {next:?}")));
                };
                prop_assert!(*until <= now && until <= before, "{next:?}");
            }
            // What the policy has in mind is within its limits, and not in the past.
            let has_ended = matches!(event, Event::Ended { .. } | Event::Lost { .. });
            if let DeliveryState::Retrying { due, .. } = &next.state && has_ended {
                prop_assert!(*due >= now && is_within(&policy, next.attempts, *due), "{policy:?} {next:?}");
            }
            // No automatic attempt starts at or above the limits of now, which may have been lowered since it was to
            // wait: whoever claimed it asks again, and takes the claim back.
            if let (What::Claim { in_doubt }, DeliveryState::Retrying { problem, .. }) = (&step.what, &waited) {
                let (attempts, accepted_at) = (position.attempts, position.accepted_at);
                let begins = policy.permits(Tried { attempts, accepted_at, is_strained: false }, now);
                prop_assert_eq!(begins, is_within(&policy, attempts, now), "{:?} {:?}", policy, position);
                if !begins {
                    let to = when_exhausted(&policy, *in_doubt, problem, now);
                    let taken_back = Event::TakenBack { lease_number: next.lease_number, to };
                    let back = next.after(&taken_back, &policy, now, step.jitter);
                    next = back.map_err(|refused| TestCaseError::fail(format!("{refused:?} {next:?}")))?;
                    prop_assert_eq!(next.attempts, attempts);
                    let is_closed = matches!(next.state, DeliveryState::Closed { .. });
                    prop_assert!(is_closed || matches!(next.state, DeliveryState::Attention(_)), "{next:?}");
                    // What is in doubt at the end is never closed by itself.
                    prop_assert!(!(is_closed && *in_doubt), "{next:?}");
                }
            }
            // Beyond the most that people are shown there is only what somebody asked for.
            asked_for += u32::from(matches!(&event, Event::Acted { act: Act::Retry { .. } | Act::Edit { .. }, .. }));
            prop_assert!(next.attempts <= displayed + asked_for, "{next:?}");
            // What is in doubt at the end is never closed by itself as failed.
            if let Event::Ended { end, in_doubt: true, .. } = &event && !matches!(end, AttemptEnd::Done { .. }) {
                prop_assert!(!matches!(next.state, DeliveryState::Closed { .. }), "{next:?}");
            }
            if let Event::Acted { act, in_doubt, .. } = &event {
                // Nobody acts while an attempt is under way, and what is tried again is due at once.
                prop_assert!(!matches!(position.state, DeliveryState::Running { .. }), "{position:?} {event:?}");
                let is_tried = matches!(act.kind(), ActKind::Retry | ActKind::Edit);
                prop_assert!(!is_tried || next.state == DeliveryState::Queued { due: now }, "{next:?}");
                // Another input never goes out beside a request that may have happened.
                prop_assert!(act.kind() != ActKind::Edit || !in_doubt || act.says_did_not_happen(), "{event:?}");
            }
            if let Event::Handled { in_doubt } = &event {
                let DeliveryState::Attention(before) = &position.state else {
                    return Err(TestCaseError::fail(format!("only a person's work needs nobody any more: {position:?}")));
                };
                prop_assert!(!in_doubt && !before.reason.leaves_doubt(), "{before:?}");
                let failed = DeliveryState::Closed { resolution: Resolution::Failed, at: now };
                prop_assert_eq!(&next.state, &failed);
            }
            position = next;
        }
    }
}
