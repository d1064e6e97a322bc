//! Waits, and what is left, attempt by attempt.

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn doubling() -> RetryPolicy {
    let waits = Waits::Doubling { base_ms: 1000, cap_ms: 3000 };
    RetryPolicy { max_attempts: 5, waits, ..RetryPolicy::default() }
}

fn listed() -> RetryPolicy {
    RetryPolicy { waits: Waits::Listed { delays_ms: vec![1000, 5000] }, ..doubling() }
}

fn tried(attempts: u32) -> Tried {
    Tried { attempts, accepted_at: NOW, is_strained: false }
}

#[track_caller]
fn check(policy: &RetryPolicy, tried: Tried, asked_ms: Option<u64>, jitter: f64, expected_ms: Option<u64>) {
    let due = policy.next_due(tried, asked_ms, NOW, jitter);
    assert_eq!(due, expected_ms.map(|wait_ms| NOW.plus(Duration::from_millis(wait_ms))));
}

#[test]
fn the_first_wait_is_at_most_the_base() {
    check(&doubling(), tried(1), None, 0.999_999, Some(999));
}

#[test]
fn full_jitter_may_wait_not_at_all() {
    check(&doubling(), tried(3), None, 0.0, Some(0));
}

#[test]
fn the_wait_stops_growing_at_the_cap() {
    check(&doubling(), tried(4), None, 0.5, Some(1500));
}

#[test]
fn a_list_is_followed_and_its_last_wait_repeated() {
    check(&listed(), tried(1), None, 0.0, Some(1000));
    check(&listed(), tried(2), None, 0.0, Some(5000));
    check(&listed(), tried(4), None, 0.0, Some(5000));
}

#[test]
fn a_listed_wait_is_lengthened_by_a_tenth_at_most() {
    check(&listed(), tried(2), None, 0.999_999, Some(5499));
}

#[test]
fn the_target_s_wish_is_a_floor() {
    check(&doubling(), tried(1), Some(10_000), 0.0, Some(10_000));
    check(&doubling(), tried(1), Some(10_000), 0.5, Some(10_500));
    check(&listed(), tried(2), Some(1000), 0.0, Some(5000));
}

#[test]
fn the_target_s_wish_has_a_bound() {
    check(&doubling(), tried(1), Some(u64::MAX), 0.0, Some(MAX_RETRY_AFTER_MS));
}

#[test]
fn a_strained_target_is_left_alone_for_the_floor() {
    let strained = Tried { is_strained: true, ..tried(1) };
    check(&doubling(), strained, None, 0.0, Some(5000));
    check(&doubling(), strained, Some(1000), 0.0, Some(5000));
    check(&doubling(), strained, Some(6000), 0.0, Some(6000));
}

#[test]
fn the_budget_ends() {
    check(&doubling(), tried(5), None, 0.5, None);
    check(&doubling(), tried(5), Some(1), 0.5, None);
    // Attempts that a person asked for count.
    check(&doubling(), tried(9), None, 0.5, None);
}

#[test]
fn nothing_is_waited_for_that_would_come_too_late() {
    let policy = RetryPolicy { max_age_ms: Some(10_000), ..listed() };
    let accepted_before =
        |age_ms: u64| Tried { accepted_at: Timestamp::from_millis(1_000_000 - age_ms as i64), ..tried(2) };
    check(&policy, accepted_before(5000), None, 0.0, Some(5000));
    check(&policy, accepted_before(5001), None, 0.0, None);
}

#[test]
fn a_first_attempt_begins_whatever_its_age() {
    let policy = RetryPolicy { max_age_ms: Some(1), ..listed() };
    let late = NOW.plus(Duration::from_secs(60));
    assert!(policy.permits(tried(0), late));
    assert!(!policy.permits(tried(1), late));
}

#[test]
fn a_policy_is_kept_as_it_is_written() {
    for policy in [doubling(), RetryPolicy { max_age_ms: Some(7), when_failed: Handling::Close, ..listed() }] {
        let text = serde_json::to_string(&policy).expect("JSON");
        assert_eq!(serde_json::from_str::<RetryPolicy>(&text).expect("a policy"), policy, "{text}");
    }
}
