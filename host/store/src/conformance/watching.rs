//! What those see who watch a host: how schedules fare, and what waits.

use std::sync::Arc;

use sluse_model::{Digest, InARow, LastFailure, Past, Task, TickState};

use super::{
    feeds::{found, polling},
    fixtures::{
        NOW, aged, attention, claim_at, later, name, new_run, page, poll_schedule, prepare, problem, queued, retry,
        running, settlement,
    },
    schedules::{applied, firing, schedule},
};
use crate::{ClaimedPoll, Expiring, Follow, NewTurn, PollSettlement, Rooms, Store};

async fn past(store: &dyn Store) -> Past {
    schedule(store).await.past
}

/// The poll comes to nothing.
async fn ends(store: &dyn Store, poll: &ClaimedPoll, at: u64, state: TickState) {
    let ended =
        PollSettlement { page: None, at: later(at), state: Some(state), ..found(poll, Digest::of(""), &[], "") };
    store.settle_poll(ended).await.expect("settled");
}

fn failed(at: u64) -> TickState {
    TickState::Failed { at: later(at), problem: problem() }
}

fn failure(at: u64) -> Option<LastFailure> {
    Some(LastFailure { at: later(at), problem: problem() })
}

fn in_a_row(tries: u32, since: u64, gave_up: bool) -> Option<InARow> {
    Some(InARow { tries, since: later(since), gave_up })
}

pub async fn a_success_is_known_and_ends_what_failed(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    applied(&*store, poll_schedule("often")).await;
    assert_eq!(past(&*store).await, Past::default());
    let poll = polling(&*store).await;
    assert_eq!(past(&*store).await, Past::default());
    ends(&*store, &poll, 20, failed(20)).await;
    let expected = Past { succeeded_at: None, failure: failure(20), in_a_row: in_a_row(1, 20, true) };
    assert_eq!(past(&*store).await, expected);
    let poll = polling(&*store).await;
    store.settle_poll(found(&poll, prepared.flow, &["a"], "1")).await.expect("settled");
    let well = Past { succeeded_at: Some(later(10)), failure: failure(20), in_a_row: None };
    assert_eq!(past(&*store).await, well);
    let stored = store.schedules().await.expect("read").remove(0);
    assert_eq!(stored.past, well);
}

pub async fn tries_in_a_row_are_counted_over_ticks(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let poll = polling(&*store).await;
    let retrying = |due| TickState::Retrying { due: later(due), problem: problem() };
    ends(&*store, &poll, 20, retrying(30)).await;
    let expected = Past { succeeded_at: None, failure: failure(20), in_a_row: in_a_row(1, 0, false) };
    assert_eq!(past(&*store).await, expected);
    // What is under way again has not come to nothing, and what was wrong before still stands.
    let again = store.begin_poll(poll.tick, claim_at(later(30))).await.expect("asked").expect("a poll");
    assert_eq!(past(&*store).await, expected);
    ends(&*store, &again, 40, failed(40)).await;
    assert_eq!(past(&*store).await.in_a_row, in_a_row(2, 40, true));
    let next = polling(&*store).await;
    ends(&*store, &next, 50, retrying(60)).await;
    let expected = Past { succeeded_at: None, failure: failure(50), in_a_row: in_a_row(3, 40, true) };
    assert_eq!(past(&*store).await, expected);
}

pub async fn a_success_is_known_for_longer_than_its_tick(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let poll = polling(&*store).await;
    store.settle_poll(found(&poll, prepared.flow, &[], "1")).await.expect("settled");
    let expired = store.expire(Expiring::Ticks, aged(later(1_000_000)), page(100, None)).await.expect("looked through");
    assert_eq!(expired.given_up, 1);
    assert_eq!(past(&*store).await.succeeded_at, Some(later(10)));
}

pub async fn a_tick_that_starts_a_run_has_succeeded(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let mut submits = poll_schedule("often");
    submits.task = Task::Submit { submission: serde_json::json!({}) };
    applied(&*store, submits).await;
    store.fire(firing(NewTurn::Queue)).await.expect("fired");
    assert_eq!(past(&*store).await, Past::default());
    let waiting = schedule(&*store).await.waiting.expect("a tick that waits");
    store.start(waiting, new_run(prepared.flow)).await.expect("started");
    assert_eq!(past(&*store).await.succeeded_at, Some(NOW));
    let stored = schedule(&*store).await;
    let mut another = firing(NewTurn::Start(Box::new(new_run(prepared.flow))));
    (another.planned, another.seen, another.at) = (stored.next, (stored.at_work, stored.waiting), later(70));
    store.fire(another).await.expect("fired");
    assert_eq!(past(&*store).await.succeeded_at, Some(later(70)));
}

pub async fn what_waits_is_counted_by_connection(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let other = super::fixtures::connection("other", "workzone");
    store.apply(vec![other], Vec::new(), Vec::new(), NOW).await.expect("applied");
    for state in [attention(), attention()] {
        let claimed = running(&*store, prepared.flow).await;
        let follow = Follow::Stay(sluse_model::RunState::Attention);
        store.settle(settlement(&claimed, state, follow), None).await.expect("settled");
    }
    // One is under way, one is tried again later, three are due, one of them for the longest.
    running(&*store, prepared.flow).await;
    let again = running(&*store, prepared.flow).await;
    store.settle(retry(&again, later(5000)), None).await.expect("settled");
    for due in [30, 10, 20] {
        queued(&*store, prepared.flow, later(due)).await;
    }
    let backlogs = store.backlogs(later(50)).await.expect("read");
    let seen: Vec<_> =
        backlogs.iter().map(|one| (one.connection.as_str(), one.due, one.oldest_due, one.attention)).collect();
    assert_eq!(seen, [("other", 0, None, 0), ("target", 3, Some(later(10)), 2)]);
    let target = store.backlogs(later(5000)).await.expect("read").remove(1);
    assert_eq!((target.connection, target.due), (name("target"), 4));
    store.claim(claim_at(later(50)), 10, Rooms::everywhere()).await.expect("claimed");
    assert_eq!(store.backlogs(later(50)).await.expect("read")[1].due, 0);
}

pub async fn commits_are_counted(store: Arc<dyn Store>) {
    let before = store.commits();
    prepare(&*store).await;
    let after = store.commits();
    assert!(after.sizes.count() > before.sizes.count());
    assert!(after.sizes.sum() > before.sizes.sum());
    assert_eq!(after.seconds.count(), after.sizes.count());
}
