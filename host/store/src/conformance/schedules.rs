//! Schedules and their ticks.

use std::sync::Arc;

use sluse_model::{Past, Planned, Schedule, SkipReason, Skipped, Task, Tick, TickState};

use super::fixtures::{
    NOW, aged, at_once, first, later, name, new_run, page, poll_schedule, prepare, success, tick_id,
};
use crate::{Claim, Expiring, Firing, NewTick, NewTurn, Rooms, Store, StoreError, StoredSchedule};

pub(super) async fn applied(store: &dyn Store, schedule: Schedule) {
    store.apply(Vec::new(), Vec::new(), vec![schedule], NOW).await.expect("applied");
}

pub(super) async fn schedule(store: &dyn Store) -> StoredSchedule {
    store.schedule(&name("often")).await.expect("read").expect("a schedule")
}

async fn ticks(store: &dyn Store) -> Vec<Tick> {
    store.ticks(&name("often"), page(10, None)).await.expect("read").items
}

fn planned(millis: u64) -> Option<Planned> {
    Some(Planned { at: later(millis), fires_at: later(millis + 5) })
}

/// Fires one tick of a schedule that nobody has planned.
pub(super) fn firing(turn: NewTurn) -> Firing {
    let fired = NewTick { id: tick_id(), planned_at: NOW, is_late: false, by: None, turn };
    let schedule = name("often");
    let seen = (None, None);
    Firing { schedule, planned: None, seen, next: planned(60_000), at: NOW, missed: None, fired: Some(fired) }
}

pub async fn a_schedule_is_read_back(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let of = poll_schedule("often");
    applied(&*store, of.clone()).await;
    let stored = schedule(&*store).await;
    let (next, at_work, waiting, latest, past) = (None, None, None, None, Past::default());
    let fresh = StoredSchedule { schedule: of, changed_at: NOW, next, at_work, waiting, latest, past };
    assert_eq!(stored, fresh);
    assert_eq!(store.schedules().await, Ok(vec![fresh]));
    assert_eq!(store.schedule(&name("seldom")).await, Ok(None));
}

pub async fn a_tick_and_its_run_are_one_step(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    applied(&*store, poll_schedule("often")).await;
    let mut broken = new_run(prepared.flow);
    first(&mut broken).connection = name("nobody");
    let refused = store.fire(firing(NewTurn::Start(Box::new(broken)))).await;
    assert!(matches!(refused, Err(StoreError::NotFound(_))), "{refused:?}");
    assert_eq!((ticks(&*store).await, schedule(&*store).await.next), (Vec::new(), None));

    let run = new_run(prepared.flow);
    let id = run.id;
    store.fire(firing(NewTurn::Start(Box::new(run)))).await.expect("fired");
    let tick = ticks(&*store).await.remove(0);
    assert_eq!((tick.state, tick.run), (TickState::Done { at: NOW }, Some(id)));
    let origin = store.origin(id).await.expect("read").expect("an origin");
    assert_eq!((origin.schedule, origin.tick, origin.item), (name("often"), tick.id, None));
    // It is at work as long as its run is.
    assert_eq!(schedule(&*store).await.at_work, Some(tick.id));
    let claimed =
        store.claim(Claim { now: NOW, until: later(9) }, 1, Rooms::everywhere()).await.expect("claimed").remove(0);
    store.settle(success(&claimed), None).await.expect("settled");
    assert_eq!(schedule(&*store).await.at_work, None);
}

pub async fn a_tick_is_fired_by_one_host(store: Arc<dyn Store>) {
    prepare(&*store).await;
    applied(&*store, poll_schedule("often")).await;
    let fired = at_once(&store, 8, |store, _| async move { store.fire(firing(NewTurn::Queue)).await }).await;
    assert_eq!(fired.iter().filter(|fired| fired.is_ok()).count(), 1, "{fired:?}");
    assert_eq!(ticks(&*store).await.len(), 1);
    assert_eq!(schedule(&*store).await.next, planned(60_000));
    assert_eq!(store.handled(&name("often"), NOW).await, Ok(vec![NOW]));
    assert_eq!(store.handled(&name("often"), later(1)).await, Ok(Vec::new()));
}

pub async fn a_queued_tick_starts_its_run_once(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let mut submits = poll_schedule("often");
    submits.task = Task::Submit { submission: serde_json::json!({}) };
    applied(&*store, submits).await;
    store.fire(firing(NewTurn::Queue)).await.expect("fired");
    let id = ticks(&*store).await.remove(0).id;
    assert_eq!(schedule(&*store).await.waiting, Some(id));
    store.start(id, new_run(prepared.flow)).await.expect("started");
    let again = store.start(id, new_run(prepared.flow)).await;
    assert!(matches!(again, Err(StoreError::Stale(_))), "{again:?}");
    assert_eq!(store.runs(Default::default(), page(10, None)).await.expect("read").items.len(), 1);
    let stored = schedule(&*store).await;
    assert_eq!((stored.waiting, stored.at_work), (None, Some(id)));
    // It is not forgotten while its run is open, however long that takes.
    let before = later(1_000_000_000);
    let expired = store.expire(Expiring::Ticks, aged(before), page(10, None)).await.expect("looked through");
    assert_eq!((expired.given_up, schedule(&*store).await.at_work), (0, Some(id)));
}

/// Fired by hand, a tick leaves what is to come as it is: whoever decided before that sees what is at work by then.
pub async fn nothing_is_fired_beside_what_was_not_seen(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let mut submits = poll_schedule("often");
    submits.task = Task::Submit { submission: serde_json::json!({}) };
    applied(&*store, submits).await;
    let start = || NewTurn::Start(Box::new(new_run(prepared.flow)));
    let by_hand = || Firing { next: None, ..firing(start()) };
    store.fire(by_hand()).await.expect("fired");
    assert!(matches!(store.fire(by_hand()).await, Err(StoreError::Stale(_))));
    let at_work = schedule(&*store).await.at_work;
    assert!(at_work.is_some());
    store.fire(Firing { seen: (at_work, None), ..by_hand() }).await.expect("fired");
}

pub async fn what_is_missed_is_one_row(store: Arc<dyn Store>) {
    prepare(&*store).await;
    applied(&*store, poll_schedule("often")).await;
    let skipped = Skipped { from: NOW, until: later(600), count: 1000 };
    let missed = Some((tick_id(), skipped));
    store.fire(Firing { missed, fired: None, ..firing(NewTurn::Queue) }).await.expect("written");
    let tick = ticks(&*store).await.remove(0);
    assert_eq!((tick.planned_at, tick.until, tick.count), (skipped.from, skipped.until, skipped.count));
    assert_eq!(tick.state, TickState::Skipped { why: SkipReason::Missed });
    assert_eq!(store.handled(&name("often"), NOW).await, Ok(Vec::new()));
}

pub async fn another_cadence_is_planned_anew(store: Arc<dyn Store>) {
    prepare(&*store).await;
    applied(&*store, poll_schedule("often")).await;
    store.fire(firing(NewTurn::Overlapped)).await.expect("fired");
    let mut changed = poll_schedule("often");
    changed.catch_up_ms = 7;
    applied(&*store, changed.clone()).await;
    assert_eq!(schedule(&*store).await.next, planned(60_000));
    changed.cadence = sluse_model::Cadence::Every { every_ms: 5_000, jitter_ms: 0 };
    applied(&*store, changed).await;
    assert_eq!(schedule(&*store).await.next, None);
}

pub async fn what_is_switched_off_does_not_begin(store: Arc<dyn Store>) {
    prepare(&*store).await;
    applied(&*store, poll_schedule("often")).await;
    store.fire(firing(NewTurn::Queue)).await.expect("fired");
    assert_eq!(store.next_polls().await.expect("read").len(), 1);
    applied(&*store, Schedule { enabled: false, ..poll_schedule("often") }).await;
    assert_eq!(store.next_polls().await, Ok(Vec::new()));
    let tick = ticks(&*store).await.remove(0);
    assert!(matches!(tick.state, TickState::Failed { .. }), "{tick:?}");
    let stored = schedule(&*store).await;
    assert_eq!((stored.next, stored.at_work, stored.waiting), (None, None, None));
}
