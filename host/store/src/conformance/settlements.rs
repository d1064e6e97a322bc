//! How an attempt ended, and what follows.

use std::sync::Arc;

use sluse_model::{Attempt, AttemptResult, DeliveryState, Digest, RunId, RunState, TimelineLevel, TimelineLine};

use super::fixtures::{
    NOW, activate, attention, caused_by, claim_at, failed, later, new_delivery, page, prepare, problem, retry, running,
    settlement, succeeded, success, taken_back,
};
use crate::{Claimed, Claiming, DeliveryDetail, Follow, Rooms, RunDetail, RunFilter, Settlement, Store, StoreError};

async fn delivery(store: &dyn Store, claimed: &Claimed) -> DeliveryDetail {
    store.delivery(claimed.delivery.id).await.expect("read").expect("kept")
}

async fn run(store: &dyn Store, claimed: &Claimed) -> RunDetail {
    store.run(claimed.delivery.run).await.expect("read").expect("kept")
}

fn followed_by(claimed: &Claimed, state: DeliveryState) -> Settlement {
    let mut next = new_delivery(1, later(10));
    next.state = state;
    next.accepted_at = later(10);
    settlement(claimed, succeeded(), Follow::Next(Box::new(next)))
}

pub async fn a_settled_delivery_is_read_back(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let settlement = success(&claimed);
    assert_eq!(store.settle(settlement.clone(), Some(claim_at(NOW))).await, Ok(None));
    let detail = delivery(&*store, &claimed).await;
    assert_eq!((detail.delivery.state, detail.delivery.output), (settlement.state, settlement.output));
    assert_eq!((detail.delivery.attempts, detail.delivery.changed_at), (1, later(10)));
    let Claiming::Ended(attempt) = settlement.attempt else { panic!("it ended") };
    assert_eq!((detail.attempts, detail.timeline), (vec![attempt], settlement.timeline));
    let run = run(&*store, &claimed).await;
    assert_eq!((run.run.state, run.run.closed_at), (RunState::Succeeded, Some(later(10))));
}

pub async fn a_settled_delivery_never_changes(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    store.settle(success(&claimed), None).await.expect("settled");
    let before = (delivery(&*store, &claimed).await, run(&*store, &claimed).await);
    for settlement in [success(&claimed), retry(&claimed, NOW), followed_by(&claimed, new_delivery(1, NOW).state)] {
        let refused = store.settle(settlement, Some(claim_at(NOW))).await;
        assert!(matches!(refused, Err(StoreError::Stale(_))), "{refused:?}");
    }
    assert_eq!(store.claim(claim_at(later(1_000_000)), 10, Rooms::everywhere()).await, Ok(Vec::new()));
    assert_eq!(store.lapsed(later(1_000_000), 10).await, Ok(Vec::new()));
    assert_eq!((delivery(&*store, &claimed).await, run(&*store, &claimed).await), before);
}

/// A run is closed by its last delivery; what some other delivery says later moves it no more.
pub async fn a_final_run_never_changes(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let first = running(&*store, prepared.flow).await;
    let second = store
        .settle(followed_by(&first, DeliveryState::Queued { due: NOW }), Some(claim_at(NOW)))
        .await
        .expect("settled")
        .expect("claimed");
    let close = Follow::Close(RunState::Failed);
    store.settle(settlement(&second, retry(&second, NOW).state, close), None).await.expect("settled");
    let again = store.claim(claim_at(later(20)), 1, Rooms::everywhere()).await.expect("claimed").remove(0);
    store.settle(success(&again), None).await.expect("settled");
    let run = run(&*store, &first).await.run;
    assert_eq!((run.state, run.closed_at), (RunState::Failed, Some(later(10))));
}

pub async fn a_stale_settlement_writes_nothing(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let before = (delivery(&*store, &claimed).await, run(&*store, &claimed).await);
    let mut settlement = followed_by(&claimed, DeliveryState::Queued { due: NOW });
    settlement.lease.number += 1;
    let refused = store.settle(settlement, None).await;
    assert!(matches!(refused, Err(StoreError::Stale(_))), "{refused:?}");
    assert_eq!((delivery(&*store, &claimed).await, run(&*store, &claimed).await), before);
}

pub async fn a_following_delivery_appears_with_the_settlement(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let state = DeliveryState::Queued { due: later(10) };
    assert_eq!(store.settle(followed_by(&claimed, state.clone()), None).await, Ok(None));
    let detail = run(&*store, &claimed).await;
    assert_eq!((detail.run.state, detail.run.closed_at), (RunState::Running, None));
    let states: Vec<_> = detail.deliveries.iter().map(|one| (one.step_index, one.state.clone())).collect();
    assert_eq!(states, [(0, succeeded()), (1, state)]);
    let next = store.claim(claim_at(later(10)), 10, Rooms::everywhere()).await.expect("claimed");
    assert_eq!(next.iter().map(|one| one.delivery.id).collect::<Vec<_>>(), [detail.deliveries[1].id]);
}

pub async fn a_following_delivery_is_claimed_with_the_settlement(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let newer = activate(&*store, "workzone", "component two").await;
    let settlement = followed_by(&claimed, DeliveryState::Queued { due: later(10) });
    let next = store.settle(settlement, Some(claim_at(later(10)))).await.expect("settled").expect("claimed");
    assert_eq!((next.delivery.run, next.delivery.step_index), (claimed.delivery.run, 1));
    assert_eq!((next.attempt, next.revision), (1, newer));
    assert_eq!(delivery(&*store, &next).await.delivery, next.delivery);
    assert_eq!(store.claim(claim_at(later(10)), 10, Rooms::everywhere()).await, Ok(Vec::new()));
    store.settle(success(&next), None).await.expect("settled");
    assert_eq!(run(&*store, &claimed).await.run.state, RunState::Succeeded);
}

pub async fn a_following_delivery_that_cannot_be_mapped_is_a_person_s_work(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let settled = store.settle(followed_by(&claimed, attention()), Some(claim_at(later(10)))).await;
    assert_eq!(settled, Ok(None));
    let detail = run(&*store, &claimed).await;
    assert_eq!((detail.run.state, &detail.deliveries[1].state), (RunState::Attention, &attention()));
}

pub async fn a_retry_is_due_later_and_keeps_its_attempts(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    store.settle(retry(&claimed, later(500)), None).await.expect("settled");
    let detail = delivery(&*store, &claimed).await;
    assert_eq!(detail.delivery.state, DeliveryState::Retrying { due: later(500), problem: problem() });
    assert_eq!((detail.delivery.attempts, detail.attempts.len()), (1, 1));
    assert_eq!(store.next_due(Rooms::everywhere()).await, Ok(Some(later(500))));
    assert_eq!(store.claim(claim_at(later(499)), 10, Rooms::everywhere()).await, Ok(Vec::new()));
    let again = store.claim(claim_at(later(500)), 10, Rooms::everywhere()).await.expect("claimed").remove(0);
    assert_eq!((again.attempt, again.delivery.id), (2, claimed.delivery.id));
    let attempts = delivery(&*store, &claimed).await.attempts;
    assert_eq!(attempts.iter().map(|one| one.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((attempts[0].result.is_some(), attempts[1].result.is_some()), (true, false));
    assert_eq!(run(&*store, &claimed).await.run.state, RunState::Running);
}

pub async fn an_attempt_that_never_began_is_taken_back(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let first = running(&*store, prepared.flow).await;
    store.settle(retry(&first, later(20)), None).await.expect("settled");
    let waited = DeliveryState::Retrying { due: later(20), problem: problem() };
    let claimed = store.claim(claim_at(later(20)), 1, Rooms::everywhere()).await.expect("claimed").remove(0);
    assert_eq!((claimed.attempt, claimed.waited.as_ref()), (2, Some(&waited)));
    let back = taken_back(&claimed, waited.clone(), Follow::Stay(RunState::Running));
    assert_eq!(store.settle(back.clone(), None).await, Ok(None));
    let detail = delivery(&*store, &first).await;
    assert_eq!((detail.delivery.state, detail.delivery.attempts, detail.attempts.len()), (waited, 1, 1));
    assert!(matches!(store.settle(back, None).await, Err(StoreError::Stale(_))), "the lease is given back, too");
    // It is claimed again as if nothing had been, but under a lease of its own.
    let again = store.claim(claim_at(later(20)), 1, Rooms::everywhere()).await.expect("claimed").remove(0);
    assert_eq!(again.attempt, 2);
    assert!(again.lease.number > claimed.lease.number);
    store.settle(success(&again), None).await.expect("settled");
    assert_eq!(delivery(&*store, &first).await.attempts.len(), 2);
}

pub async fn what_is_over_before_an_attempt_began_does_not_count_it(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    assert_eq!(claimed.waited, Some(DeliveryState::Queued { due: NOW }));
    let over = taken_back(&claimed, failed(), Follow::Close(RunState::Failed));
    store.settle(over, None).await.expect("settled");
    let detail = delivery(&*store, &claimed).await;
    assert_eq!((detail.delivery.state, detail.delivery.attempts, detail.attempts.len()), (failed(), 0, 0));
    let run = run(&*store, &claimed).await.run;
    assert_eq!((run.state, run.closed_at), (RunState::Failed, Some(later(10))));
}

pub async fn attention_shows_on_delivery_and_run(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let stay = Follow::Stay(RunState::Attention);
    store.settle(settlement(&claimed, attention(), stay), None).await.expect("settled");
    let detail = run(&*store, &claimed).await;
    assert_eq!((detail.run.state, detail.run.closed_at), (RunState::Attention, None));
    assert_eq!(detail.deliveries[0].state, attention());
    assert_eq!(store.claim(claim_at(later(1_000_000)), 10, Rooms::everywhere()).await, Ok(Vec::new()));
}

pub async fn a_failed_step_closes_the_run(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let close = Follow::Close(RunState::Failed);
    store.settle(settlement(&claimed, failed(), close), None).await.expect("settled");
    let detail = run(&*store, &claimed).await;
    assert_eq!((detail.run.state, detail.run.closed_at), (RunState::Failed, Some(later(10))));
    assert_eq!(detail.deliveries[0].state, failed());
}

pub async fn attempts_name_the_revision_that_they_ran_on(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let newer = activate(&*store, "workzone", "component two").await;
    store.settle(retry(&claimed, later(20)), None).await.expect("settled");
    let again = store.claim(claim_at(later(20)), 1, Rooms::everywhere()).await.expect("claimed").remove(0);
    store.settle(success(&again), None).await.expect("settled");
    let attempts = delivery(&*store, &claimed).await.attempts;
    let revisions: Vec<_> = attempts.iter().map(|attempt| attempt.revision).collect();
    assert_eq!(revisions, [prepared.revision, newer]);
    let result = AttemptResult { ended_at: later(10), kind: "unavailable".to_owned(), problem: Some(problem()) };
    let first = Attempt { number: 1, resumed: false, revision: prepared.revision, began_at: NOW, result: Some(result) };
    assert_eq!(attempts[0], first);
}

pub async fn the_timeline_is_ordered_by_time(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let line = |at, attempt, message: &str| TimelineLine {
        at: later(at),
        attempt,
        level: TimelineLevel::Warn,
        message: message.to_owned(),
    };
    let mut first = retry(&claimed, later(20));
    first.timeline = vec![line(30, 0, "between"), line(5, 1, "one")];
    store.settle(first, None).await.expect("settled");
    let again = store.claim(claim_at(later(20)), 1, Rooms::everywhere()).await.expect("claimed").remove(0);
    let mut second = success(&again);
    second.timeline = vec![line(25, 2, "two"), line(25, 2, "two, too")];
    store.settle(second, None).await.expect("settled");
    let timeline = delivery(&*store, &claimed).await.timeline;
    let expected = [line(5, 1, "one"), line(25, 2, "two"), line(25, 2, "two, too"), line(30, 0, "between")];
    assert_eq!(timeline, expected);
}

/// The ids of all runs, the latest first.
async fn runs(store: &dyn Store) -> Vec<RunId> {
    let page = store.runs(RunFilter::default(), page(10, None)).await.expect("read");
    page.items.into_iter().map(|run| run.id).collect()
}

fn closed(claimed: &Claimed) -> Settlement {
    settlement(claimed, failed(), Follow::Close(RunState::Failed))
}

pub async fn what_a_settlement_causes_comes_with_it(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let caused = caused_by(claimed.delivery.id, prepared.flow);
    let mut wakeups = store.wakeups();
    wakeups.mark_unchanged();
    store.settle(Settlement { along: vec![caused.clone()], ..closed(&claimed) }, None).await.expect("settled");
    assert!(wakeups.has_changed().expect("open"));
    let found = store.run(caused.id).await.expect("read").expect("a run");
    assert_eq!((found.run.caused_by, &found.submission), (Some(claimed.delivery.id), &caused.submission));
    assert_eq!(run(&*store, &claimed).await.run.caused_by, None);
    let due = store.claim(claim_at(later(20)), 10, Rooms::everywhere()).await.expect("claimed");
    assert_eq!(due.iter().map(|claimed| claimed.delivery.run).collect::<Vec<_>>(), [caused.id]);
}

pub async fn what_was_caused_once_is_not_caused_again(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let caused = caused_by(claimed.delivery.id, prepared.flow);
    store.accept(caused.clone(), None).await.expect("accepted");
    let again = caused_by(claimed.delivery.id, prepared.flow);
    store.settle(Settlement { along: vec![again], ..closed(&claimed) }, None).await.expect("settled");
    assert_eq!(delivery(&*store, &claimed).await.delivery.state, failed());
    assert_eq!(runs(&*store).await, [caused.id, claimed.delivery.run]);
}

pub async fn a_stale_settlement_causes_nothing(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let mut settlement = closed(&claimed);
    settlement.lease.number += 1;
    settlement.along.push(caused_by(claimed.delivery.id, prepared.flow));
    assert!(matches!(store.settle(settlement, None).await, Err(StoreError::Stale(_))));
    assert_eq!(runs(&*store).await, [claimed.delivery.run]);
}

pub async fn a_settlement_that_causes_what_cannot_be_accepted_is_not_written(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let before = delivery(&*store, &claimed).await;
    let along = vec![caused_by(claimed.delivery.id, Digest::of("no flow"))];
    let refused = store.settle(Settlement { along, ..closed(&claimed) }, None).await;
    assert!(matches!(refused, Err(StoreError::NotFound(_))), "{refused:?}");
    assert_eq!((delivery(&*store, &claimed).await, runs(&*store).await), (before, vec![claimed.delivery.run]));
}
