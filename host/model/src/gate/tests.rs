//! Gates through any history of attempts.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn after(millis: u64) -> Timestamp {
    NOW.plus(Duration::from_millis(millis))
}

fn settings(max_concurrent: u32, rate: Option<(u32, u64)>) -> GateSettings {
    let rate = rate.map(|(attempts, per_ms)| Rate { attempts, per_ms });
    GateSettings { max_concurrent, rate, breaker: BreakerSettings { failures: 2, open_ms: 1000 } }
}

fn gate(max_concurrent: u32, rate: Option<(u32, u64)>) -> Gate {
    Gate::new(settings(max_concurrent, rate), NOW)
}

fn unreachable(gate: &mut Gate, now: Timestamp) {
    let entry = gate.enter(now).expect("room");
    gate.exchanged(Exchanged::Unreachable, now);
    gate.leave(entry, true, now);
}

/// The first closed gate, since when and until when, in milliseconds from [`NOW`].
#[track_caller]
fn check(gate: &mut Gate, at: u64, expected: Option<(GateKind, u64, Option<u64>)>) {
    let hold = gate.hold(after(at));
    assert_eq!(
        hold.as_ref().map(|hold| (hold.kind, hold.since, hold.until)),
        expected.map(|(kind, since, until)| { (kind, after(since), until.map(after)) })
    );
    assert_eq!(gate.room(after(at)) == 0, hold.is_some());
}

#[test]
fn no_more_are_through_at_once_than_may_be() {
    let mut gate = gate(2, None);
    let first = gate.enter(after(1)).expect("room");
    check(&mut gate, 2, None);
    gate.enter(after(3)).expect("room");
    check(&mut gate, 4, Some((GateKind::Concurrency, 3, None)));
    assert_eq!(gate.enter(after(4)), None);
    gate.leave(first, true, after(5));
    check(&mut gate, 5, None);
}

#[test]
fn a_rate_is_kept_and_says_when_it_goes_on() {
    let mut gate = gate(9, Some((2, 1000)));
    gate.enter(after(0)).expect("room");
    gate.enter(after(100)).expect("room");
    check(&mut gate, 150, Some((GateKind::Rate, 100, Some(500))));
    check(&mut gate, 499, Some((GateKind::Rate, 100, Some(500))));
    check(&mut gate, 500, None);
}

#[test]
fn what_did_not_begin_costs_nothing_of_the_rate() {
    let mut gate = gate(9, Some((1, 1000)));
    let entry = gate.enter(after(0)).expect("room");
    assert_eq!(gate.enter(after(0)), None);
    gate.leave(entry, false, after(0));
    gate.enter(after(0)).expect("room");
}

#[test]
fn the_breaker_opens_after_failures_in_a_row_and_lets_one_through_to_see() {
    let mut gate = gate(9, None);
    unreachable(&mut gate, after(0));
    gate.exchanged(Exchanged::Reached, after(1));
    unreachable(&mut gate, after(2));
    check(&mut gate, 2, None);
    unreachable(&mut gate, after(3));
    check(&mut gate, 3, Some((GateKind::Breaker, 3, Some(1003))));
    assert_eq!(gate.room(after(1003)), 1);
    let probe = gate.enter(after(1003)).expect("room");
    check(&mut gate, 1004, Some((GateKind::Breaker, 3, None)));
    gate.exchanged(Exchanged::Reached, after(1005));
    gate.leave(probe, true, after(1005));
    assert!(gate.room(after(1005)) > 1);
}

#[test]
fn a_look_in_vain_doubles_the_wait_up_to_five_minutes() {
    let mut gate = gate(9, None);
    unreachable(&mut gate, after(0));
    unreachable(&mut gate, after(0));
    let (mut now, mut waits) = (1000, Vec::new());
    for _ in 0..10 {
        unreachable(&mut gate, after(now));
        let until = gate.hold(after(now)).and_then(|hold| hold.until).expect("open");
        waits.push(until.since(after(now)).as_millis());
        now += u64::try_from(until.since(after(now)).as_millis()).expect("small");
    }
    assert_eq!(waits[..3], [2000, 4000, 8000]);
    assert_eq!(waits.last(), Some(&300_000));
}

#[test]
fn who_looked_and_saw_nothing_makes_way_for_the_next() {
    let mut gate = gate(9, None);
    unreachable(&mut gate, after(0));
    unreachable(&mut gate, after(0));
    let probe = gate.enter(after(1000)).expect("room");
    gate.leave(probe, true, after(1500));
    assert_eq!(gate.room(after(1500)), 1);
}

#[test]
fn gates_are_told_in_their_order() {
    let mut gate = gate(2, Some((2, 1000)));
    let entries = [gate.enter(after(0)), gate.enter(after(0))];
    gate.exchanged(Exchanged::Unreachable, after(0));
    gate.exchanged(Exchanged::Unreachable, after(0));
    let kind = |gate: &mut Gate, at| gate.hold(after(at)).map(|hold| hold.kind);
    assert_eq!(kind(&mut gate, 1), Some(GateKind::Concurrency));
    entries.into_iter().flatten().for_each(|entry| gate.leave(entry, true, after(1)));
    assert_eq!(kind(&mut gate, 1), Some(GateKind::Rate));
    assert_eq!(kind(&mut gate, 600), Some(GateKind::Breaker));
    assert_eq!(kind(&mut gate, 1000), None);
}

#[test]
fn other_settings_hold_for_those_who_come() {
    let mut gate = gate(2, None);
    gate.enter(after(0)).expect("room");
    gate.set(settings(1, None), after(1));
    check(&mut gate, 2, Some((GateKind::Concurrency, 1, None)));
    gate.set(settings(3, Some((1, 50))), after(2));
    assert_eq!(gate.room(after(2)), 1);
}

/// What happens at a gate, in any order, while the clock goes either way.
#[derive(Debug, Clone, Copy)]
enum Event {
    Enter,
    Leave { began: bool },
    Reached,
    Unreachable,
    Clock(i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Enter),
        3 => any::<bool>().prop_map(|began| Event::Leave { began }),
        1 => Just(Event::Reached),
        3 => Just(Event::Unreachable),
        3 => (0..2_000_i64).prop_map(Event::Clock),
        1 => (-40_000_000_000..40_000_000_000_i64).prop_map(Event::Clock),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_the_limits_hold_and_the_breaker_is_that_of_the_book(
        events in proptest::collection::vec(event(), 1..200)
    ) {
        let mut gate = gate(3, None);
        let (mut now_ms, mut through, mut in_a_row, mut is_open) = (NOW.as_millis(), Vec::new(), 0, false);
        for event in events {
            let now = Timestamp::from_millis(now_ms);
            match event {
                Event::Enter => match gate.enter(now) {
                    Some(entry) => {
                        prop_assert_eq!(entry.is_probe, is_open);
                        through.push(entry);
                    }
                    None => prop_assert!(through.len() == 3 || is_open, "closed for nothing"),
                },
                Event::Leave { began } => if let Some(entry) = through.pop() {
                    gate.leave(entry, began, now);
                },
                Event::Reached => {
                    gate.exchanged(Exchanged::Reached, now);
                    (in_a_row, is_open) = (0, false);
                }
                Event::Unreachable => {
                    gate.exchanged(Exchanged::Unreachable, now);
                    in_a_row += 1;
                    is_open |= in_a_row >= 2;
                }
                Event::Clock(step_ms) => now_ms += step_ms,
            }
            let now = Timestamp::from_millis(now_ms);
            prop_assert!(through.len() <= 3);
            prop_assert!(!is_open || gate.room(now) <= 1, "more than one to see");
            if let Some(hold) = gate.hold(now) {
                prop_assert!(hold.since <= now);
                let longest = now.plus(Duration::from_millis(MAX_COOL_DOWN_MS));
                prop_assert!(hold.until.is_none_or(|until| until > now && until <= longest));
            }
        }
    }

    #[test]
    fn over_any_time_no_more_begin_than_the_rate_says(
        attempts in 1..20_u32, per_ms in 1..5_000_u64, steps in proptest::collection::vec(0..3_000_u64, 1..100)
    ) {
        let mut gate = gate(u32::MAX, Some((attempts, per_ms)));
        let (mut now_ms, mut begun_ms) = (0, Vec::new());
        for step_ms in steps {
            now_ms += step_ms;
            while gate.enter(after(now_ms)).is_some() {
                begun_ms.push(now_ms);
            }
            // It says itself when it goes on, and keeps to it.
            let until = gate.hold(after(now_ms)).and_then(|hold| hold.until).expect("an empty bucket");
            let mut later = gate.clone();
            prop_assert_eq!(later.room(Timestamp::from_millis(until.as_millis() - 1)), 0);
            prop_assert!(later.room(until) > 0);
        }
        for (index, first_ms) in begun_ms.iter().enumerate() {
            for (more, last_ms) in begun_ms[index..].iter().enumerate() {
                let most = u64::from(attempts) + (last_ms - first_ms) * u64::from(attempts) / per_ms;
                prop_assert!((more as u64) < most, "{} within {} ms", more + 1, last_ms - first_ms);
            }
        }
    }
}
