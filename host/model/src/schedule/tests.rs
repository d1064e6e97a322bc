//! Both nights on which clocks change, missed ticks, and clocks that are set.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::Timestamp;

const HOUR: Duration = Duration::from_secs(3600);
const YEAR_MS: i64 = 365 * 24 * 3_600_000;

fn at(text: &str) -> Timestamp {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).expect("a time")
}

fn by_cron(cron: &str, zone: &str) -> Calendar {
    Cadence::Cron { cron: cron.into(), zone: zone.into() }.calendar().expect("a cadence")
}

fn every(every: Duration, jitter: Duration) -> Calendar {
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).expect("short");
    Cadence::Every { every_ms: millis(every), jitter_ms: millis(jitter) }.calendar().expect("a cadence")
}

/// The ticks after `from`, in UTC.
#[track_caller]
fn check(cron: &str, zone: &str, from: &str, expected: &[&str]) {
    let calendar = by_cron(cron, zone);
    let mut tick = at(from);
    for expected in expected {
        tick = calendar.after(tick, tick).expect("another tick");
        assert_eq!(tick, at(expected), "{cron} in {zone}");
        assert_eq!(calendar.before(tick, tick, true), Some(tick), "{cron} in {zone}");
    }
}

#[test]
fn a_time_that_does_not_exist_is_fired_once_after_the_gap() {
    // 02:00 to 03:00 does not exist in Copenhagen on 29 March 2026.
    let days = ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"];
    check("30 2 * * *", "Europe/Copenhagen", "2026-03-28T00:00:00Z", &days);
    let new_york = ["2026-03-07T07:30:00Z", "2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"];
    check("30 2 * * *", "America/New_York", "2026-03-07T00:00:00Z", &new_york);
}

#[test]
fn a_time_that_comes_twice_is_fired_at_its_first_coming() {
    // 02:00 to 03:00 comes twice in Copenhagen on 25 October 2026.
    let days = ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"];
    check("30 2 * * *", "Europe/Copenhagen", "2026-10-23T12:00:00Z", &days);
    let new_york = ["2026-10-31T05:30:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"];
    check("30 1 * * *", "America/New_York", "2026-10-31T00:00:00Z", &new_york);
}

#[test]
fn what_recurs_within_the_day_goes_on_through_both_nights() {
    let spring = ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"];
    check("*/30 * * * *", "Europe/Copenhagen", "2026-03-29T00:00:00Z", &spring);
    let autumn = ["2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"];
    check("*/30 * * * *", "Europe/Copenhagen", "2026-10-25T00:00:00Z", &autumn);
}

#[test]
fn an_interval_knows_nothing_of_local_time() {
    let calendar = every(HOUR, Duration::ZERO);
    let first = at("2026-03-29T00:10:00Z");
    assert_eq!(calendar.after(first, first), Some(at("2026-03-29T01:10:00Z")));
    assert_eq!(calendar.before(first, at("2026-03-29T05:10:00Z"), false), Some(at("2026-03-29T04:10:00Z")));
    assert_eq!(calendar.before(first, at("2026-03-29T05:10:00Z"), true), Some(at("2026-03-29T05:10:00Z")));
}

#[test]
fn a_cadence_that_cannot_be_kept_says_what_to_write() {
    let key = |cadence: Cadence| cadence.calendar().expect_err("refused").key;
    let cron = |cron: &str, zone: &str| Cadence::Cron { cron: cron.into(), zone: zone.into() };
    assert_eq!(key(cron("0 0 30 2 *", "Europe/Copenhagen")), "cron");
    assert_eq!(key(cron("0 6 * *", "Europe/Copenhagen")), "cron");
    assert_eq!(key(cron("0 0 6 * * *", "Europe/Copenhagen")), "cron");
    assert_eq!(key(cron("61 6 * * *", "Europe/Copenhagen")), "cron");
    assert_eq!(key(cron("0 6 * * *", "Europe/Kobenhavn")), "zone");
    assert_eq!(key(Cadence::Every { every_ms: 999, jitter_ms: 0 }), "every");
    assert_eq!(key(Cadence::Every { every_ms: 1000, jitter_ms: 501 }), "jitter");
    assert!(zone_names().contains(&"Europe/Copenhagen".to_owned()));
}

/// What is done `late` after the first of hourly ticks, with a catch-up window of two hours: the hours after the first
/// tick of what is fired, whether that is late, and of what is missed, with its count.
#[track_caller]
fn check_look(late: Duration, fired: Option<(i64, bool)>, missed: Option<(i64, i64, u32)>, next: i64) {
    let calendar = every(HOUR, Duration::ZERO);
    let first = at("2026-01-01T00:00:00Z");
    let hours = |at: Timestamp| (at.as_millis() - first.as_millis()) / 3_600_000;
    let look =
        calendar.look(calendar.planned(first, 0.0), 2 * HOUR, first.plus(late), &[], 0.0).expect("something to do");
    assert_eq!(look.fire.map(|fire| (hours(fire.planned_at), fire.is_late)), fired);
    assert_eq!(look.missed.map(|missed| (hours(missed.from), hours(missed.until), missed.count)), missed);
    assert_eq!(look.next.map(|next| hours(next.at)), Some(next));
}

#[test]
fn of_missed_ticks_the_latest_is_made_up_for() {
    check_look(Duration::from_secs(1), Some((0, false)), None, 1);
    check_look(Duration::from_secs(90), Some((0, true)), None, 1);
    check_look(5 * HOUR + Duration::from_secs(90), Some((5, true)), Some((0, 4, 5)), 6);
    check_look(24 * 365 * HOUR, Some((8760, false)), Some((0, 8759, MAX_COUNTED)), 8761);
}

#[test]
fn what_was_missed_too_long_ago_is_not_made_up_for() {
    let calendar = by_cron("0 6 * * *", "Europe/Copenhagen");
    let tick = at("2026-01-05T05:00:00Z");
    let late =
        |hours| calendar.look(calendar.planned(tick, 0.0), HOUR, tick.plus(hours * HOUR), &[], 0.0).expect("due");
    assert!(late(1).fire.is_some_and(|fire| fire.is_late));
    let look = late(2);
    assert_eq!((look.fire, look.missed), (None, Some(Skipped { from: tick, until: tick, count: 1 })));
    assert_eq!(look.next.map(|next| next.at), Some(at("2026-01-06T05:00:00Z")));
}

#[test]
fn jitter_moves_a_tick_and_not_the_next_one() {
    let calendar = every(HOUR, HOUR / 2);
    let planned = calendar.planned(at("2026-01-01T00:00:00Z"), 0.5);
    assert_eq!(planned.fires_at, at("2026-01-01T00:15:00Z"));
    assert_eq!(calendar.look(planned, HOUR, at("2026-01-01T00:14:59Z"), &[], 0.9), None);
    let look = calendar.look(planned, HOUR, at("2026-01-01T00:15:00Z"), &[], 0.9).expect("due");
    assert_eq!(look.fire, Some(Fire { planned_at: planned.at, is_late: false }));
    assert_eq!(look.next.map(|next| next.at), Some(at("2026-01-01T01:00:00Z")));
}

#[test]
fn who_comes_while_another_is_at_work_has_the_turn_that_was_said() {
    for (overlap, turns) in [
        (Overlap::Skip, [Turn::Now, Turn::Never, Turn::Never]),
        (Overlap::Wait, [Turn::Now, Turn::Afterwards, Turn::Never]),
        (Overlap::Allow, [Turn::Now, Turn::Now, Turn::Now]),
    ] {
        assert_eq!([overlap.turn(false, false), overlap.turn(true, false), overlap.turn(true, true)], turns);
    }
}

/// A schedule that somebody keeps looking at.
struct Kept {
    calendar: Calendar,
    planned: Planned,
    fired: Vec<Timestamp>,
    rows: usize,
}

impl Kept {
    fn look(&mut self, now: Timestamp) {
        if self.calendar.was_set_back(self.planned, now) {
            let ahead: Vec<_> = self.fired.iter().copied().filter(|at| *at > now).collect();
            self.planned = self.calendar.after_set_back(now, &ahead, 0.5).expect("another tick");
        }
        let Some(look) = self.calendar.look(self.planned, HOUR, now, &self.fired, 0.5) else { return };
        self.rows += usize::from(look.missed.is_some());
        if let Some(fire) = look.fire {
            assert!(fire.planned_at <= now, "fired before it comes");
            self.rows += 1;
            self.fired.push(fire.planned_at);
        }
        let next = look.next.expect("another tick");
        assert!(next.at > now, "the next tick is behind us");
        self.planned = next;
    }
}

fn calendars() -> impl Strategy<Value = Calendar> {
    prop_oneof![
        Just(every(Duration::from_secs(900), Duration::from_secs(60))),
        Just(every(7 * HOUR, Duration::ZERO)),
        Just(by_cron("*/15 * * * *", "Europe/Copenhagen")),
        Just(by_cron("30 2 * * *", "Europe/Copenhagen")),
        Just(by_cron("0 9 * * 1-5", "Australia/Lord_Howe")),
    ]
}

fn steps() -> impl Strategy<Value = i64> {
    let minutes = |minutes: i64| minutes * 60_000;
    prop_oneof![
        4 => 0..minutes(40),
        2 => 0..minutes(60 * 30),
        1 => minutes(-300)..0,
        1 => Just(YEAR_MS),
        1 => Just(-YEAR_MS),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// However the clock is set, no tick is fired twice, what is written is bounded, and the next tick is near.
    #[test]
    fn a_clock_that_is_set_causes_neither_a_storm_nor_a_stall(calendar in calendars(), steps in prop::collection::vec(steps(), 1..40)) {
        let mut now = at("2026-10-24T20:00:00Z");
        let first = calendar.first(now).expect("a first tick");
        let mut kept = Kept { planned: calendar.planned(first, 0.5), calendar, fired: Vec::new(), rows: 0 };
        for step in &steps {
            now = Timestamp::from_millis(now.as_millis() + step);
            kept.look(now);
            let away = kept.planned.at.as_millis() - now.as_millis();
            prop_assert!(away < 8 * 24 * 3_600_000, "the next tick is {away} ms away");
        }
        let mut fired = kept.fired.clone();
        fired.sort();
        fired.dedup();
        prop_assert_eq!(fired.len(), kept.fired.len(), "a tick was fired twice");
        prop_assert!(kept.rows <= 2 * steps.len());
    }

    #[test]
    fn ticks_only_go_forward(calendar in calendars(), from in 1_600_000_000_000_i64..2_000_000_000_000) {
        let mut tick = Timestamp::from_millis(from);
        for _ in 0..20 {
            let next = calendar.after(tick, tick).expect("another tick");
            prop_assert!(next > tick);
            prop_assert_eq!(calendar.before(tick, next, false).map(|before| before <= tick), Some(true));
            tick = next;
        }
    }
}
