//! Steps that are passed by.

use std::sync::Arc;

use sluse_model::{RunState, SkippedStep};

use super::fixtures::{
    NOW, aged, claim_at, later, name, new_delivery, new_run, prepare, running, settlement, succeeded, success,
};
use crate::{Accepted, Claimed, Expiring, Follow, NewRun, PageRequest, Rooms, Settlement, Store, StoreError};

fn skipped(step_index: u32) -> SkippedStep {
    let when = "{{ steps.search.branch == 'Success' }}".to_owned();
    SkippedStep { step_index, step: name(&format!("step-{step_index}")), when, at: later(10) }
}

/// Steps 1 and 2 are passed by, and then comes another one or none.
fn past_two(claimed: &Claimed, has_next: bool) -> Settlement {
    let next = has_next.then(|| Box::new(new_delivery(3, later(10))));
    settlement(claimed, succeeded(), Follow::Skip(vec![skipped(1), skipped(2)], next))
}

pub async fn what_was_skipped_is_kept_with_the_step_that_begins(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let next = store.settle(past_two(&claimed, true), Some(claim_at(later(10)))).await.expect("settled");
    let next = next.expect("it is claimed in the same transaction");
    assert_eq!((next.delivery.run, next.delivery.step_index), (claimed.delivery.run, 3));
    let detail = store.run(claimed.delivery.run).await.expect("read").expect("kept");
    assert_eq!((detail.run.state, detail.skipped), (RunState::Running, vec![skipped(1), skipped(2)]));
    assert_eq!(detail.deliveries.len(), 2);
}

pub async fn a_run_whose_last_steps_are_skipped_has_succeeded(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    assert_eq!(store.settle(past_two(&claimed, false), Some(claim_at(later(10)))).await, Ok(None));
    let detail = store.run(claimed.delivery.run).await.expect("read").expect("kept");
    assert_eq!((detail.run.state, detail.run.closed_at), (RunState::Succeeded, Some(later(10))));
    assert_eq!(detail.skipped, [skipped(1), skipped(2)]);
    assert_eq!(store.claim(claim_at(later(1_000_000)), 10, Rooms::everywhere()).await, Ok(Vec::new()));
}

pub async fn what_is_skipped_too_late_is_not_written(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    store.settle(success(&claimed), None).await.expect("settled");
    let refused = store.settle(past_two(&claimed, true), None).await;
    assert!(matches!(refused, Err(StoreError::Stale(_))), "{refused:?}");
    assert_eq!(store.run(claimed.delivery.run).await.expect("read").expect("kept").skipped, []);
}

pub async fn a_run_may_begin_behind_its_first_steps(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let first = Some(new_delivery(1, NOW));
    let run = NewRun { skipped: vec![skipped(0)], first, ..new_run(prepared.flow) };
    let Ok(Accepted::New(Some(claimed))) = store.accept(run.clone(), Some(claim_at(NOW))).await else {
        panic!("it is new, and claimed")
    };
    assert_eq!((claimed.delivery.run, claimed.delivery.step_index), (run.id, 1));
    let detail = store.run(run.id).await.expect("read").expect("kept");
    assert_eq!((detail.run.state, detail.skipped), (RunState::Running, vec![skipped(0)]));
}

pub async fn a_run_all_of_whose_steps_are_skipped_has_succeeded_from_the_beginning(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let run = NewRun { skipped: vec![skipped(0), skipped(1)], first: None, ..new_run(prepared.flow) };
    assert_eq!(store.accept(run.clone(), Some(claim_at(NOW))).await, Ok(Accepted::New(None)));
    let detail = store.run(run.id).await.expect("read").expect("kept");
    assert_eq!((detail.run.state, detail.run.closed_at), (RunState::Succeeded, Some(NOW)));
    assert_eq!((detail.deliveries, detail.skipped.len()), (Vec::new(), 2));
    // And it is given up like any other.
    let page = PageRequest { limit: 10, after: None };
    let expired = store.expire(Expiring::Runs, aged(later(1)), page).await.expect("expired");
    assert_eq!((expired.given_up, store.run(run.id).await), (1, Ok(None)));
}
