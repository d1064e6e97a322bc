//! Who is let through, and who is told when to come again.

use std::time::Duration;

use sluse_model::{Timestamp, fakes::SimClock};

use super::*;

fn gates(settings: &str) -> (Arc<Gates>, Name) {
    let text = format!(r#"{{"name": "target", "connector": "fake", "gates": {settings}}}"#);
    let connection: Connection = serde_json::from_str(&text).expect("a connection");
    let gates = Gates::new(Arc::new(SimClock::at(Timestamp::from_millis(1000))));
    gates.configure([&connection]);
    (gates, connection.name)
}

/// Whether somebody who waits for a gate would go on now.
async fn is_woken(gates: &Gates) -> bool {
    tokio::time::timeout(Duration::from_millis(10), gates.opened()).await.is_ok()
}

#[tokio::test]
async fn who_leaves_wakes_those_who_wait() {
    let (gates, target) = gates(r#"{"max_concurrent": 1}"#);
    assert!(is_woken(&gates).await, "other settings may have opened it");
    let pass = gates.admit_newcomer(&target).expect("room");
    drop(pass);
    assert!(!is_woken(&gates).await, "nobody waits");
    let pass = gates.admit_newcomer(&target).expect("room");
    assert_eq!(gates.rooms().of(&target), 0);
    drop(pass);
    assert!(is_woken(&gates).await);
}

#[test]
fn newcomers_queue_up_behind_those_who_wait() {
    let (gates, target) = gates(r#"{"max_concurrent": 1}"#);
    let pass = gates.admit_newcomer(&target).expect("room");
    assert!(gates.admit_newcomer(&target).is_none());
    drop(pass);
    assert!(gates.admit_newcomer(&target).is_none(), "the one before waits in the queue");
    assert_eq!(gates.rooms().of(&target), 1);
    gates.note_claim(&gates.rooms(), &[]);
    assert!(gates.admit_newcomer(&target).is_some(), "nobody waited after all");
}

#[test]
fn a_place_is_handed_on_to_what_follows() {
    let (gates, target) = gates(r#"{"max_concurrent": 1, "rate": {"attempts": 2, "per_ms": 1000}}"#);
    let mut first = gates.admit_newcomer(&target).expect("room");
    first.begin();
    let mut second = first.for_next(&target).expect("the same place");
    assert!(gates.admit(&target).is_none());
    drop(first);
    assert!(gates.admit(&target).is_none(), "the place went on");
    second.begin();
    assert!(second.for_next(&target).is_none(), "the rate is used up");
    assert!(gates.admit(&target).is_none(), "and the place is kept until it is settled");
    drop(second);
    assert_eq!(gates.hold(&target).map(|hold| hold.kind.as_str()), Some("rate"));
}

#[tokio::test]
async fn a_paused_start_holds_everything_until_it_is_let_go() {
    let (gates, target) = gates("{}");
    assert!(is_woken(&gates).await, "other settings may have opened it");
    gates.pause_all();
    assert!(is_woken(&gates).await);
    assert!(gates.admit_newcomer(&target).is_none());
    assert_eq!(gates.rooms().of(&target), 0);
    // What is applied meanwhile is held as well.
    let other: Connection = serde_json::from_str(r#"{"name": "other", "connector": "fake"}"#).expect("a connection");
    gates.configure([&other]);
    assert!(gates.hold(&other.name).expect("held").message.contains("sluse resume"));
    assert!(is_woken(&gates).await);
    gates.let_go_of_all();
    assert!(is_woken(&gates).await);
    assert!(gates.admit_newcomer(&target).is_none(), "whoever was held before goes first");
    assert!(gates.admit(&target).is_some() && gates.hold(&other.name).is_none());
}

fn within(millis: u64) -> tokio::time::Instant {
    tokio::time::Instant::now() + Duration::from_millis(millis)
}

#[tokio::test]
async fn a_caller_and_the_queue_take_turns() {
    let (gates, target) = gates(r#"{"max_concurrent": 1}"#);
    let first = gates.admit_newcomer(&target).expect("room");
    assert_eq!(gates.rooms().of(&target), 0, "the queue waits as well");
    let waiting = {
        let (gates, target) = (gates.clone(), target.clone());
        tokio::spawn(async move { gates.admit_caller(&target, within(20_000)).await.expect("its turn") })
    };
    while !gates.kept()[&target].callers.wait() {
        tokio::task::yield_now().await;
    }
    drop(first);
    assert_eq!(gates.rooms().of(&target), 0, "the caller is next");
    let second = waiting.await.expect("no panic");
    drop(second);
    let full = gates.admit_caller(&target, within(5)).await.expect_err("the queue is next");
    assert_eq!(full.map(|hold| hold.kind.as_str()), Some("concurrency"));
    assert_eq!(gates.rooms().of(&target), 1);
    drop(gates.admit(&target).expect("its turn"));
    assert!(gates.admit_caller(&target, within(5)).await.is_ok());
}

#[tokio::test]
async fn a_queue_that_does_not_come_gives_its_turn_away() {
    let (gates, target) = gates(r#"{"max_concurrent": 1}"#);
    let first = gates.admit_newcomer(&target).expect("room");
    assert_eq!(gates.rooms().of(&target), 0);
    drop(first);
    drop(gates.admit_caller(&target, within(5)).await.expect("a caller is next"));
    assert!(gates.admit_caller(&target, within(20_000)).await.is_ok(), "nobody else takes it");
}

#[tokio::test]
async fn a_caller_who_goes_away_keeps_no_place() {
    let (gates, target) = gates(r#"{"max_concurrent": 1}"#);
    assert!(is_woken(&gates).await, "other settings may have opened it");
    let first = gates.admit_newcomer(&target).expect("room");
    assert_eq!(gates.rooms().of(&target), 0);
    let _ = tokio::time::timeout(Duration::from_millis(5), gates.admit_caller(&target, within(20_000))).await;
    assert!(is_woken(&gates).await);
    drop(first);
    assert_eq!(gates.rooms().of(&target), 1);
}

#[tokio::test]
async fn a_caller_hears_of_a_pause_at_once() {
    let (gates, target) = gates(r#"{"max_concurrent": 1}"#);
    let _first = gates.admit_newcomer(&target).expect("room");
    let (paused, ()) = tokio::join!(gates.admit_caller(&target, within(20_000)), async {
        tokio::task::yield_now().await;
        gates.pause_all();
    });
    assert_eq!(paused.expect_err("paused").map(|hold| hold.kind.as_str()), Some("paused"));
}
