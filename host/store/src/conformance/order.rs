//! Deliveries that share an ordering key never overtake each other.

use std::sync::Arc;

use sluse_model::{DeliveryId, DeliveryState, Digest, RunState};

use super::fixtures::{
    NOW, activate, apply, attention, claim_at, delivery_id, failed, first, first_of, later, new_delivery, new_run,
    prepare, retry, settlement, success,
};
use crate::{Accepted, Claim, Claimed, Follow, Rooms, Settlement, Store};

/// Accepts a run whose first delivery has this ordering key.
async fn accepted(store: &dyn Store, flow: Digest, key: &str, claim: Option<Claim>) -> (DeliveryId, Option<Claimed>) {
    let mut run = new_run(flow);
    first(&mut run).ordering_key = Some(Digest::of(key));
    let id = first_of(&run).id;
    match store.accept(run, claim).await {
        Ok(Accepted::New(claimed)) => (id, claimed.map(|claimed| *claimed)),
        other => panic!("{other:?}"),
    }
}

async fn claimed(store: &dyn Store) -> Vec<Claimed> {
    store.claim(claim_at(later(1_000)), 10, Rooms::everywhere()).await.expect("claimed")
}

fn ids(claimed: &[Claimed]) -> Vec<DeliveryId> {
    claimed.iter().map(|claimed| claimed.delivery.id).collect()
}

async fn behind(store: &dyn Store, id: DeliveryId) -> Option<DeliveryId> {
    store.delivery(id).await.expect("read").expect("a delivery").behind
}

pub async fn one_of_a_key_is_worked_on_at_a_time(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let (first, _) = accepted(&*store, prepared.flow, "a", None).await;
    let (second, _) = accepted(&*store, prepared.flow, "a", None).await;
    let (other, _) = accepted(&*store, prepared.flow, "b", None).await;
    assert_eq!((behind(&*store, first).await, behind(&*store, second).await), (None, Some(first)));
    let now = claimed(&*store).await;
    assert_eq!(ids(&now), [first, other]);
    assert_eq!(store.next_due(Rooms::everywhere()).await, Ok(None));
    store.settle(success(&now[0]), None).await.expect("settled");
    assert_eq!(behind(&*store, second).await, None);
    assert_eq!(ids(&claimed(&*store).await), [second]);
}

pub async fn what_is_behind_is_not_claimed_with_its_acceptance(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let (_, first) = accepted(&*store, prepared.flow, "a", Some(claim_at(NOW))).await;
    let (second, none) = accepted(&*store, prepared.flow, "a", Some(claim_at(NOW))).await;
    assert!(first.is_some() && none.is_none());
    store.settle(success(&first.expect("claimed")), None).await.expect("settled");
    assert_eq!(ids(&claimed(&*store).await), [second]);
}

pub async fn a_key_goes_in_the_order_of_acceptance(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.push(accepted(&*store, prepared.flow, "a", None).await.0);
    }
    let mut seen = Vec::new();
    for _ in 0..5 {
        let now = claimed(&*store).await;
        assert_eq!(now.len(), 1);
        seen.extend(ids(&now));
        store.settle(success(&now[0]), None).await.expect("settled");
    }
    assert_eq!(seen, expected);
}

/// What does not close holds the key.
async fn holds(store: &dyn Store, settle: impl Fn(&Claimed) -> Settlement) {
    let prepared = prepare(store).await;
    let (_, first) = accepted(store, prepared.flow, "a", Some(claim_at(NOW))).await;
    let first = first.expect("claimed");
    let (second, _) = accepted(store, prepared.flow, "a", None).await;
    store.settle(settle(&first), None).await.expect("settled");
    assert_eq!(behind(store, second).await, Some(first.delivery.id));
    assert!(!ids(&claimed(store).await).contains(&second));
}

pub async fn a_retry_holds_its_key(store: Arc<dyn Store>) {
    holds(&*store, |first| retry(first, later(500_000))).await;
}

pub async fn attention_holds_its_key(store: Arc<dyn Store>) {
    holds(&*store, |first| settlement(first, attention(), Follow::Stay(RunState::Attention))).await;
}

pub async fn a_head_that_waits_for_an_answer_holds_its_key(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let (_, first) = accepted(&*store, prepared.flow, "a", Some(claim_at(NOW))).await;
    let first = first.expect("claimed");
    let (second, _) = accepted(&*store, prepared.flow, "a", None).await;
    let (head, until) = (first.delivery.id, later(500_000));
    let waiting = settlement(&first, DeliveryState::Waiting { until }, Follow::Stay(RunState::Running));
    store.settle(Settlement { left: Some("left".to_owned()), ..waiting }, None).await.expect("settled");
    // Also for whoever comes while it waits.
    let (third, _) = accepted(&*store, prepared.flow, "a", None).await;
    assert_eq!((behind(&*store, second).await, behind(&*store, third).await), (Some(head), Some(head)));
    assert_eq!(claimed(&*store).await, []);
    // And while it goes on with what came, until it closes.
    for expected in [head, second, third] {
        let now = store.claim(claim_at(until), 10, Rooms::everywhere()).await.expect("claimed");
        assert_eq!(ids(&now), [expected]);
        store.settle(success(&now[0]), None).await.expect("settled");
    }
}

pub async fn a_failure_that_closes_lets_go_of_its_key(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let (_, first) = accepted(&*store, prepared.flow, "a", Some(claim_at(NOW))).await;
    let first = first.expect("claimed");
    let (second, _) = accepted(&*store, prepared.flow, "a", None).await;
    let close = Follow::Close(RunState::Failed);
    store.settle(settlement(&first, failed(), close), None).await.expect("settled");
    assert_eq!(ids(&claimed(&*store).await), [second]);
}

pub async fn a_following_delivery_queues_up_behind_those_that_came_before(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let (_, first) = accepted(&*store, prepared.flow, "a", Some(claim_at(NOW))).await;
    let first = first.expect("claimed");
    let (second, _) = accepted(&*store, prepared.flow, "a", None).await;
    let mut next = new_delivery(1, later(10));
    next.ordering_key = Some(Digest::of("a"));
    let third = next.id;
    let follow = Follow::Next(Box::new(next));
    let given = store.settle(settlement(&first, super::fixtures::succeeded(), follow), Some(claim_at(later(10)))).await;
    assert_eq!(given, Ok(None));
    let now = claimed(&*store).await;
    assert_eq!(ids(&now), [second]);
    store.settle(success(&now[0]), None).await.expect("settled");
    assert_eq!(ids(&claimed(&*store).await), [third]);
}

pub async fn activation_does_not_free_what_is_behind(store: Arc<dyn Store>) {
    let flow = apply(&*store).await;
    let (first, _) = accepted(&*store, flow, "a", None).await;
    let (second, _) = accepted(&*store, flow, "a", None).await;
    assert_eq!(claimed(&*store).await, []);
    activate(&*store, "workzone", "component one").await;
    let now = claimed(&*store).await;
    assert_eq!(ids(&now), [first]);
    store.settle(success(&now[0]), None).await.expect("settled");
    assert_eq!(ids(&claimed(&*store).await), [second]);
}

pub async fn a_head_that_begins_as_a_person_s_work_holds_its_key(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let mut run = new_run(prepared.flow);
    first(&mut run).id = delivery_id();
    first(&mut run).ordering_key = Some(Digest::of("a"));
    first(&mut run).state = attention();
    let head = first_of(&run).id;
    store.accept(run, None).await.expect("accepted");
    let (second, _) = accepted(&*store, prepared.flow, "a", None).await;
    assert_eq!(behind(&*store, second).await, Some(head));
    assert_eq!(claimed(&*store).await, []);
    let state = store.delivery(second).await.expect("read").expect("a delivery").delivery.state;
    assert!(matches!(state, DeliveryState::Queued { .. }), "{state:?}");
}
