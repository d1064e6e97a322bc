//! Polls of feeds, and the items that they find.

use std::sync::Arc;

use sluse_model::{Digest, Found, Schedule, Task, TickId, TickState};

use super::{
    fixtures::{
        NOW, activate, aged, claim_at, connection, first, later, name, new_run, page, poll_schedule, prepare, problem,
        success,
    },
    schedules::{applied, firing, schedule},
};
use crate::{ClaimedPoll, Expiring, NewItem, NewPage, NewTurn, PollSettlement, Rooms, Store, StoreError};

/// A tick of the schedule, which is to poll.
pub(super) async fn due(store: &dyn Store) -> TickId {
    applied(store, poll_schedule("often")).await;
    let mut firing = firing(NewTurn::Queue);
    let stored = schedule(store).await;
    (firing.planned, firing.seen) = (stored.next, (stored.at_work, stored.waiting));
    let id = firing.fired.as_ref().expect("one").id;
    store.fire(firing).await.expect("fired");
    id
}

/// A poll that has begun.
pub(super) async fn polling(store: &dyn Store) -> ClaimedPoll {
    let tick = due(store).await;
    store.begin_poll(tick, claim_at(NOW)).await.expect("begun").expect("a poll")
}

/// Items of these keys, in one group.
pub(super) fn found(poll: &ClaimedPoll, flow: Digest, keys: &[&str], cursor: &str) -> PollSettlement {
    let item = |key: &&str| NewItem { key: (*key).to_owned(), group: "batch".to_owned(), run: new_run(flow) };
    let page = NewPage {
        connection: name("target"),
        feed: name("cases"),
        items: keys.iter().map(item).collect(),
        known: 0,
        cursor: Some(cursor.to_owned()),
    };
    PollSettlement {
        tick: poll.tick,
        lease: poll.lease,
        at: later(10),
        page: Some(page),
        timeline: Vec::new(),
        is_taken_back: false,
        state: Some(TickState::Done { at: later(10) }),
    }
}

async fn runs(store: &dyn Store) -> usize {
    store.runs(Default::default(), page(100, None)).await.expect("read").items.len()
}

pub async fn items_cursor_and_runs_are_one_step(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let poll = polling(&*store).await;
    assert_eq!((poll.cursor.as_deref(), poll.attempt, poll.revision), (None, 1, prepared.revision));
    let mut broken = found(&poll, prepared.flow, &["a", "b"], "2");
    first(&mut broken.page.as_mut().expect("a page").items[1].run).connection = name("nobody");
    let refused = store.settle_poll(broken).await;
    assert!(matches!(refused, Err(StoreError::NotFound(_))), "{refused:?}");
    assert_eq!(runs(&*store).await, 0);

    let two = store.settle_poll(found(&poll, prepared.flow, &["a", "b"], "2")).await;
    assert_eq!(two, Ok(Found { started: 2, known: 0, held: 0 }));
    let tick = schedule(&*store).await.latest.expect("a tick");
    assert_eq!((tick.state, tick.found.started), (TickState::Done { at: later(10) }, 2));
    let run = store.runs(Default::default(), page(1, None)).await.expect("read").items.remove(0);
    let origin = store.origin(run.id).await.expect("read").expect("an origin");
    let item = origin.item.expect("an item");
    assert_eq!((item.key.as_str(), item.group.as_str(), origin.tick), ("b", "batch", poll.tick));
    assert_eq!(polling(&*store).await.cursor.as_deref(), Some("2"));
}

pub async fn an_item_starts_one_run_ever(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let poll = polling(&*store).await;
    let twice = found(&poll, prepared.flow, &["a", "a"], "1");
    assert_eq!(store.settle_poll(twice).await, Ok(Found { started: 1, known: 1, held: 0 }));
    let again = polling(&*store).await;
    assert_eq!(
        store.known_items(&name("target"), &name("cases"), vec!["a".into(), "b".into()]).await,
        Ok(vec!["a".into()])
    );
    let settled = store.settle_poll(found(&again, prepared.flow, &["a", "b"], "2")).await;
    assert_eq!(settled, Ok(Found { started: 1, known: 1, held: 0 }));
    assert_eq!(runs(&*store).await, 2);
    // The same key at another feed is another item.
    assert_eq!(store.known_items(&name("target"), &name("other"), vec!["a".into()]).await, Ok(Vec::new()));
}

pub async fn a_key_outlives_its_run_and_its_tick(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let poll = polling(&*store).await;
    store.settle_poll(found(&poll, prepared.flow, &["a"], "1")).await.expect("settled");
    let claimed = store.claim(claim_at(later(20)), 1, Rooms::everywhere()).await.expect("claimed").remove(0);
    store.settle(success(&claimed), None).await.expect("settled");
    let report = store.claim(claim_at(later(30)), 1, Rooms::everywhere()).await.expect("claimed").remove(0);
    store.settle(success(&report), None).await.expect("settled");
    let expired = async |what| {
        let expired = store.expire(what, aged(later(1_000_000)), page(100, None)).await.expect("looked through");
        expired.given_up
    };
    assert_eq!((expired(Expiring::Runs).await, expired(Expiring::Ticks).await), (2, 1));
    assert_eq!((runs(&*store).await, schedule(&*store).await.latest), (0, None));
    let again = polling(&*store).await;
    assert_eq!(again.cursor.as_deref(), Some("1"));
    let settled = store.settle_poll(found(&again, prepared.flow, &["a"], "2")).await;
    assert_eq!(settled, Ok(Found { started: 0, known: 1, held: 0 }));
}

pub async fn a_connection_is_polled_once_at_a_time(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let second = due(&*store).await;
    let poll = polling(&*store).await;
    assert_ne!(poll.tick, second);
    assert_eq!(store.next_polls().await, Ok(Vec::new()));
    assert_eq!(store.begin_poll(second, claim_at(NOW)).await, Ok(None));
    // Another connection is another matter.
    store.apply(vec![connection("other", "workzone")], Vec::new(), Vec::new(), NOW).await.expect("applied");
    let task = Task::Poll { connection: name("other"), feed: name("cases") };
    applied(&*store, Schedule { name: name("elsewhere"), task, ..poll_schedule("often") }).await;
    let mut elsewhere = firing(NewTurn::Queue);
    elsewhere.schedule = name("elsewhere");
    store.fire(elsewhere).await.expect("fired");
    let polls = store.next_polls().await.expect("read");
    assert_eq!(polls.iter().map(|poll| poll.connection.as_str()).collect::<Vec<_>>(), ["other"]);
    assert!(store.begin_poll(polls[0].tick, claim_at(NOW)).await.expect("asked").is_some());
}

pub async fn a_poll_that_lapsed_is_due_again_and_its_holder_is_refused(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let poll = polling(&*store).await;
    assert_eq!(store.renew_poll(poll.tick, poll.lease, later(50_000)).await, Ok(true));
    assert_eq!(store.release_polls(later(40_000), Vec::new()).await, Ok(0));
    assert_eq!(store.release_polls(later(60_000), vec![poll.tick]).await, Ok(0));
    assert_eq!(store.release_polls(later(60_000), Vec::new()).await, Ok(1));
    let taken = store.begin_poll(poll.tick, claim_at(later(60_000))).await.expect("asked").expect("a poll");
    assert_eq!((taken.attempt, taken.accepted_at), (2, NOW));
    assert_eq!(store.renew_poll(poll.tick, poll.lease, later(90_000)).await, Ok(false));
    let refused = store.settle_poll(found(&poll, prepared.flow, &["a"], "1")).await;
    assert!(matches!(refused, Err(StoreError::Stale(_))), "{refused:?}");
}

/// It would be at work for good, and hold up every other poll at its connection.
pub async fn a_poll_whose_schedule_goes_elsewhere_is_not_made_again(store: Arc<dyn Store>) {
    let elsewhere = |schedule: &mut Schedule| schedule.task = Task::Submit { submission: serde_json::json!({}) };
    let switched_off = |schedule: &mut Schedule| schedule.enabled = false;
    for change in [elsewhere, switched_off] {
        for is_lost in [false, true] {
            let poll = polling_anew(&*store).await;
            let mut changed = poll_schedule("often");
            change(&mut changed);
            applied(&*store, changed).await;
            if is_lost {
                assert_eq!(store.release_polls(later(60_000), Vec::new()).await, Ok(1));
            } else {
                let state = Some(TickState::Retrying { due: later(20), problem: problem() });
                let away = PollSettlement { page: None, state, ..found(&poll, Digest::of(""), &[], "") };
                store.settle_poll(away).await.expect("settled");
            }
            let stored = schedule(&*store).await;
            let latest = stored.latest.expect("a tick");
            assert!(matches!(&latest.state, TickState::Failed { problem, .. } if problem.code == "schedule-changed"));
            assert_eq!((stored.at_work, store.next_polls().await), (None, Ok(Vec::new())));
        }
    }
}

async fn polling_anew(store: &dyn Store) -> ClaimedPoll {
    prepare(store).await;
    polling(store).await
}

pub async fn a_clock_that_steps_back_stalls_no_poll(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let poll = polling(&*store).await;
    let ahead = later(100_000_000);
    let due = ahead.plus(std::time::Duration::from_millis(20));
    let state = Some(TickState::Retrying { due, problem: problem() });
    store
        .settle_poll(PollSettlement { page: None, at: ahead, state, ..found(&poll, Digest::of(""), &[], "") })
        .await
        .expect("settled");
    assert_eq!(store.release_polls(ahead, Vec::new()).await, Ok(0));
    assert_eq!(store.release_polls(later(30), Vec::new()).await, Ok(1));
    let waiting = store.next_polls().await.expect("read");
    assert_eq!(waiting.iter().map(|poll| poll.due).collect::<Vec<_>>(), [later(50)]);
    assert!(store.begin_poll(poll.tick, claim_at(later(50))).await.expect("asked").is_some());
}

pub async fn another_connector_begins_a_feed_anew(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let poll = polling(&*store).await;
    store.settle_poll(found(&poll, prepared.flow, &["a"], "1")).await.expect("settled");
    store.apply(vec![connection("target", "interact")], Vec::new(), Vec::new(), NOW).await.expect("applied");
    activate(&*store, "interact", "component two").await;
    let again = polling(&*store).await;
    assert_eq!(again.cursor, None);
    // What was found is known all the same.
    let known = Ok(Found { started: 0, known: 1, held: 0 });
    assert_eq!(store.settle_poll(found(&again, prepared.flow, &["a"], "7")).await, known);
    // What is under way meanwhile was asked with the cursor of the connector before.
    let under_way = polling(&*store).await;
    store.apply(vec![connection("target", "archive")], Vec::new(), Vec::new(), NOW).await.expect("applied");
    activate(&*store, "archive", "component three").await;
    let late = store.settle_poll(found(&under_way, prepared.flow, &["b"], "8")).await;
    assert!(matches!(late, Err(StoreError::Stale(_))), "{late:?}");
    assert_eq!(store.release_polls(NOW, Vec::new()).await, Ok(1));
    let anew = store.begin_poll(under_way.tick, claim_at(NOW)).await.expect("asked").expect("a poll");
    assert_eq!(anew.cursor, None);
}

pub async fn a_stale_page_writes_nothing(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let poll = polling(&*store).await;
    store.settle_poll(found(&poll, prepared.flow, &[], "0")).await.expect("settled");
    let refused = store.settle_poll(found(&poll, prepared.flow, &["a"], "1")).await;
    assert!(matches!(refused, Err(StoreError::Stale(_))), "{refused:?}");
    assert_eq!(runs(&*store).await, 0);
    assert_eq!(polling(&*store).await.cursor.as_deref(), Some("0"));
}

pub async fn a_poll_that_never_began_is_not_counted(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let poll = polling(&*store).await;
    let state = Some(TickState::Queued { due: NOW });
    let back = PollSettlement { page: None, is_taken_back: true, state, ..found(&poll, Digest::of(""), &[], "") };
    store.settle_poll(back).await.expect("settled");
    let again = store.begin_poll(poll.tick, claim_at(NOW)).await.expect("asked").expect("a poll");
    assert_eq!((again.attempt, again.lease.number, again.cursor.clone()), (1, 2, None));
    let state = Some(TickState::Retrying { due: later(70), problem: problem() });
    let retry = PollSettlement { page: None, state, ..found(&again, Digest::of(""), &[], "") };
    store.settle_poll(retry).await.expect("settled");
    assert_eq!(store.begin_poll(poll.tick, claim_at(later(69))).await, Ok(None));
    assert_eq!(store.next_polls().await.expect("read")[0].due, later(70));
}
