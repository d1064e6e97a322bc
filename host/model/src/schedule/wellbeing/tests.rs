//! When somebody has to look, as a table: by what became of the ticks, and by the clock.

use super::*;
use crate::{Overlap, Task};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Saturday, 28 March 2026, noon in UTC.
const NOON: Timestamp = Timestamp::from_millis(1_774_699_200_000);

fn every(every: Duration) -> Schedule {
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).expect("short");
    schedule(Cadence::Every { every_ms: millis(every), jitter_ms: 0 })
}

fn cron(cron: &str) -> Schedule {
    schedule(Cadence::Cron { cron: cron.into(), zone: "Europe/Copenhagen".into() })
}

fn schedule(cadence: Cadence) -> Schedule {
    let name = |text: &str| text.parse().expect("a name");
    Schedule {
        name: name("letters"),
        title: String::new(),
        cadence,
        every_of: None,
        overlap: Overlap::Skip,
        catch_up_ms: 0,
        enabled: true,
        flow: name("filing"),
        task: Task::Poll { connection: name("inbox"), feed: name("letters") },
    }
}

fn succeeded(ago: Duration) -> Past {
    Past { succeeded_at: Some(NOON.minus(ago)), ..Past::default() }
}

fn failed(tries: u32, gave_up: bool) -> Past {
    let (at, since) = (NOON.minus(MINUTE), NOON.minus(5 * MINUTE));
    let failure = Some(LastFailure { at, problem: Problem::new("away", "The target is away.") });
    Past { failure, in_a_row: Some(InARow { tries, since, gave_up }), ..succeeded(6 * MINUTE) }
}

/// At noon, by a host that has watched for a year what was applied a year ago.
#[track_caller]
fn check(schedule: &Schedule, past: &Past, expected: &str) {
    let long_ago = NOON.minus(365 * DAY);
    assert_eq!(schedule.wellbeing(long_ago, past, long_ago, NOON).as_str(), expected, "{past:?}");
}

#[test]
fn a_feed_is_waited_for_two_intervals_and_a_minute() {
    let schedule = every(3 * MINUTE);
    check(&schedule, &succeeded(MINUTE), "well");
    check(&schedule, &succeeded(7 * MINUTE), "well");
    check(&schedule, &succeeded(7 * MINUTE + Duration::from_millis(1)), "not-run");
}

#[test]
fn jitter_is_waited_for_as_well() {
    let schedule = schedule(Cadence::Every { every_ms: 180_000, jitter_ms: 60_000 });
    check(&schedule, &succeeded(8 * MINUTE), "well");
    check(&schedule, &succeeded(9 * MINUTE), "not-run");
}

#[test]
fn a_day_s_feed_that_does_not_come_is_told_after_an_hour() {
    check(&every(DAY), &succeeded(DAY + HOUR), "well");
    check(&every(DAY), &succeeded(DAY + 2 * HOUR), "not-run");
    // 06:00 in Copenhagen is 05:00 in UTC, seven hours ago.
    check(&cron("0 6 * * *"), &succeeded(7 * HOUR), "well");
    check(&cron("0 6 * * *"), &succeeded(8 * HOUR), "not-run");
}

#[test]
fn a_weekend_is_no_reason_to_worry() {
    // Noon on Saturday; the last one was on Friday at 16:55.
    check(&cron("*/5 8-16 * * 1-5"), &succeeded(20 * HOUR + 5 * MINUTE), "well");
    check(&cron("*/5 8-16 * * 1-5"), &succeeded(21 * HOUR), "not-run");
}

#[test]
fn what_never_ran_has_not_run_since_it_was_applied() {
    let applied = NOON.minus(HOUR);
    let of = |past: &Past, changed_at| every(3 * MINUTE).wellbeing(changed_at, past, NOON.minus(DAY), NOON);
    assert_eq!(of(&Past::default(), applied), Wellbeing::NotRun { since: applied });
    assert_eq!(of(&Past::default(), NOON.minus(5 * MINUTE)), Wellbeing::Well);
    // One that is changed begins anew.
    assert_eq!(of(&succeeded(DAY), NOON.minus(MINUTE)), Wellbeing::Well);
    assert_eq!(of(&succeeded(DAY), applied), Wellbeing::NotRun { since: NOON.minus(DAY) });
}

#[test]
fn one_that_is_switched_off_is_neither_well_nor_ill() {
    let off = Schedule { enabled: false, ..every(MINUTE) };
    check(&off, &failed(9, true), "off");
    check(&off, &Past::default(), "off");
}

#[test]
fn three_tries_in_a_row_are_a_failure() {
    check(&every(3 * MINUTE), &failed(2, true), "well");
    check(&every(3 * MINUTE), &failed(3, false), "failing");
    check(&every(3 * MINUTE), &failed(3, true), "failing");
    let told = every(MINUTE).wellbeing(NOON.minus(DAY), &failed(4, true), NOON.minus(DAY), NOON);
    assert_eq!(told.to_string(), "fails since 2026-03-28T11:55:00.000Z, 4 times in a row");
}

#[test]
fn a_nightly_tick_that_comes_to_nothing_is_a_failure_by_itself() {
    check(&cron("55 12 * * *"), &failed(1, true), "failing");
    // It is still tried again.
    check(&cron("55 12 * * *"), &failed(1, false), "well");
    // At five to the hour, with a night between it and the next one.
    check(&cron("*/5 8-12 * * *"), &failed(1, true), "failing");
    check(&cron("*/5 * * * *"), &failed(1, true), "well");
}

#[test]
fn what_failed_before_it_was_changed_says_nothing() {
    let wellbeing = |changed_at| every(3 * MINUTE).wellbeing(changed_at, &failed(9, true), NOON.minus(DAY), NOON);
    assert_eq!(wellbeing(NOON.minus(2 * MINUTE)).as_str(), "failing");
    assert_eq!(wellbeing(NOON.minus(MINUTE)).as_str(), "well");
}

#[test]
fn a_host_that_was_down_has_an_interval_to_make_up_for_it() {
    let schedule = every(3 * MINUTE);
    let started = |ago: Duration| schedule.wellbeing(NOON.minus(9 * DAY), &succeeded(DAY), NOON.minus(ago), NOON);
    assert_eq!(started(Duration::ZERO), Wellbeing::Well);
    assert_eq!(started(4 * MINUTE), Wellbeing::Well);
    assert_eq!(started(5 * MINUTE), Wellbeing::NotRun { since: NOON.minus(DAY) });
    // A night that was missed is told an hour later, not a day.
    let nightly = |ago: Duration| every(DAY).wellbeing(NOON.minus(9 * DAY), &succeeded(2 * DAY), NOON.minus(ago), NOON);
    assert_eq!(nightly(HOUR), Wellbeing::Well);
    assert_eq!(nightly(2 * HOUR), Wellbeing::NotRun { since: NOON.minus(2 * DAY) });
}

#[test]
fn a_clock_that_was_set_back_alarms_nobody() {
    let later = NOON.plus(365 * DAY);
    let past = Past { succeeded_at: Some(later), ..Past::default() };
    assert_eq!(every(MINUTE).wellbeing(later, &past, later, NOON), Wellbeing::Well);
    // What fails is still told.
    assert_eq!(every(MINUTE).wellbeing(later, &failed(3, false), later, NOON).as_str(), "failing");
}

#[test]
fn a_clock_that_was_set_ahead_alarms_nobody_once_it_is_noticed() {
    let schedule = every(3 * MINUTE);
    assert_eq!(schedule.wellbeing(NOON.minus(999 * DAY), &succeeded(365 * DAY), NOON, NOON), Wellbeing::Well);
}
