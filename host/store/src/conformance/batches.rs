//! One act on many deliveries.

use std::sync::Arc;

use sluse_model::{Act, Actor, BatchAct, BatchEnd, BatchId, BatchRefusal, DeliveryId, DeliveryState, RunState};

use super::fixtures::{
    Prepared, aged, attention, batch_id, later, name, page, prepare, problem, queued, running, settlement, token_id,
};
use crate::{Batch, DeliveryFilter, Expiring, Follow, NewAct, Store, StoreError};

fn clerk() -> Actor {
    Actor { token: token_id(), name: "clerk".into() }
}

fn waiting() -> DeliveryFilter {
    DeliveryFilter { state: Some("attention".into()), connection: Some(name("target")), ..DeliveryFilter::default() }
}

fn new_batch() -> Batch {
    Batch {
        id: batch_id(),
        act: BatchAct::Retry { did_not_happen: true },
        filter: waiting(),
        per_second: 10,
        by: clerk(),
        why: Some("the target is back".into()),
        began_at: later(15),
        found: 3,
        done: 0,
        refused: Default::default(),
        end: None,
    }
}

/// Deliveries that wait for a person, the latest first.
async fn wait(store: &dyn Store, prepared: Prepared, times: usize) -> Vec<DeliveryId> {
    let mut ids = Vec::new();
    for _ in 0..times {
        let claimed = running(store, prepared.flow).await;
        let attention = settlement(&claimed, attention(), Follow::Stay(RunState::Attention));
        store.settle(attention, None).await.expect("settled");
        ids.insert(0, claimed.delivery.id);
    }
    ids
}

async fn begun(store: &dyn Store) -> BatchId {
    let batch = new_batch();
    let id = batch.id;
    store.begin_batch(batch).await.expect("begun");
    id
}

async fn rest(store: &dyn Store, id: BatchId) -> Vec<DeliveryId> {
    store.rest_of_batch(id, 10).await.expect("read")
}

/// Tries the delivery again, as one of the acts of the batch.
async fn retry(store: &dyn Store, batch: BatchId, delivery: DeliveryId) -> Result<(), StoreError> {
    let seen = store.delivery(delivery).await.expect("read").expect("a delivery").delivery;
    let act = NewAct {
        delivery,
        act: Act::Retry { did_not_happen: true },
        by: clerk(),
        why: None,
        at: later(20),
        before: seen.state,
        attempts: seen.attempts,
        after: DeliveryState::Queued { due: later(20) },
        follow: Follow::Stay(RunState::Running),
        batch: Some(batch),
        along: Vec::new(),
    };
    store.act(act).await
}

async fn found(store: &dyn Store, id: BatchId) -> Batch {
    store.batch(id).await.expect("read").expect("a batch")
}

pub async fn a_batch_is_read_back(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let batch = new_batch();
    store.begin_batch(batch.clone()).await.expect("begun");
    assert_eq!(found(&*store, batch.id).await, batch);
    assert_eq!(store.open_batches().await, Ok(vec![batch.clone()]));
    assert_eq!(rest(&*store, batch.id).await, []);
    let nothing = batch_id();
    assert_eq!(store.batch(nothing).await, Ok(None));
    assert!(matches!(store.rest_of_batch(nothing, 1).await, Err(StoreError::NotFound(_))));
}

pub async fn batches_are_listed_in_pages_the_latest_first(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let [first, second, third] = [begun(&*store).await, begun(&*store).await, begun(&*store).await];
    let one = store.batches(page(2, None)).await.expect("read");
    assert_eq!(one.items.iter().map(|batch| batch.id).collect::<Vec<_>>(), [third, second]);
    let two = store.batches(page(2, one.next)).await.expect("read");
    assert_eq!((two.items[0].id, two.next), (first, None));
}

pub async fn a_batch_is_for_what_fits_and_was_there_when_it_began(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    queued(&*store, prepared.flow, later(1_000_000)).await;
    let there = wait(&*store, prepared, 2).await;
    let id = begun(&*store).await;
    wait(&*store, prepared, 1).await;
    assert_eq!(rest(&*store, id).await, there);
    assert_eq!(store.rest_of_batch(id, 1).await, Ok(vec![there[0]]));
    assert_eq!(store.count_deliveries(waiting()).await, Ok(3));
    assert_eq!(store.count_deliveries(DeliveryFilter::default()).await, Ok(4));
}

pub async fn an_act_of_a_batch_takes_it_further(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let there = wait(&*store, prepared, 3).await;
    let id = begun(&*store).await;
    retry(&*store, id, there[0]).await.expect("done");
    store.pass_by(id, there[1], BatchRefusal::InDoubt).await.expect("passed by");
    assert_eq!(rest(&*store, id).await, there[2..]);
    let batch = found(&*store, id).await;
    assert_eq!((batch.done, &batch.refused), (1, &[(BatchRefusal::InDoubt, 1)].into()));
    let acts = store.delivery(there[0]).await.expect("read").expect("a delivery").acts;
    assert_eq!((acts.len(), acts[0].batch), (1, Some(id)));
    assert_eq!(store.delivery(there[1]).await.expect("read").expect("a delivery").acts, []);
}

/// Whoever carries it out may have been cut off, or be one of two.
pub async fn a_batch_comes_to_each_delivery_once(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let there = wait(&*store, prepared, 2).await;
    let id = begun(&*store).await;
    retry(&*store, id, there[0]).await.expect("done");
    let stale = Err(StoreError::Stale(format!("batch `{id}`")));
    assert_eq!(retry(&*store, id, there[0]).await, stale);
    assert_eq!(store.pass_by(id, there[0], BatchRefusal::NotReady).await, stale);
    let batch = found(&*store, id).await;
    assert_eq!((batch.done, batch.refused.len()), (1, 0));
    assert_eq!(store.delivery(there[0]).await.expect("read").expect("a delivery").acts.len(), 1);
}

pub async fn what_changed_meanwhile_takes_no_batch_further(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let there = wait(&*store, prepared, 1).await;
    let id = begun(&*store).await;
    let seen = store.delivery(there[0]).await.expect("read").expect("a delivery").delivery;
    let act = NewAct {
        delivery: there[0],
        act: Act::Close,
        by: clerk(),
        why: None,
        at: later(20),
        before: DeliveryState::Retrying { due: later(20), problem: problem() },
        attempts: seen.attempts,
        after: super::fixtures::failed(),
        follow: Follow::Close(RunState::Failed),
        batch: Some(id),
        along: Vec::new(),
    };
    assert!(matches!(store.act(act).await, Err(StoreError::Stale(_))));
    assert_eq!((found(&*store, id).await.done, rest(&*store, id).await), (0, there));
}

pub async fn a_batch_that_is_stopped_does_nothing_more(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let there = wait(&*store, prepared, 1).await;
    let id = begun(&*store).await;
    let end = BatchEnd { at: later(30), stopped_by: Some(clerk()) };
    assert_eq!(store.end_batch(id, end.clone()).await, Ok(true));
    assert_eq!(store.end_batch(id, BatchEnd { at: later(40), stopped_by: None }).await, Ok(false));
    assert_eq!((found(&*store, id).await.end, store.open_batches().await), (Some(end), Ok(Vec::new())));
    let stale = Err(StoreError::Stale(format!("batch `{id}`")));
    assert_eq!(retry(&*store, id, there[0]).await, stale);
    assert_eq!(store.pass_by(id, there[0], BatchRefusal::NotReady).await, stale);
    assert_eq!(store.count_deliveries(waiting()).await, Ok(1));
}

/// A batch goes once it has ended; what was done by it stays.
pub async fn a_batch_is_given_up_once_it_has_ended(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let there = wait(&*store, prepared, 1).await;
    let id = begun(&*store).await;
    retry(&*store, id, there[0]).await.expect("done");
    let given_up = async |before| {
        store.expire(Expiring::Batches, aged(later(before)), page(10, None)).await.expect("looked through").given_up
    };
    assert_eq!(given_up(1_000_000).await, 0);
    assert_eq!(store.end_batch(id, BatchEnd { at: later(30), stopped_by: None }).await, Ok(true));
    assert_eq!((given_up(30).await, given_up(31).await), (0, 1));
    assert_eq!(store.batch(id).await, Ok(None));
    let acts = store.delivery(there[0]).await.expect("read").expect("a delivery").acts;
    assert_eq!(acts.iter().map(|act| act.batch).collect::<Vec<_>>(), [None]);
}
