//! Who is told of new work, and the end of it.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

use super::fixtures::{
    NOW, apply, claim_at, install, later, name, new_delivery, prepare, queued, retry, running, settlement, succeeded,
    success,
};
use crate::{Follow, Rooms, RunFilter, Store, StoreError};

/// Waits for a wake-up that must come.
async fn woken(wakeups: &mut watch::Receiver<u64>) {
    timeout(Duration::from_secs(10), wakeups.changed())
        .await
        .expect("a wake-up within seconds")
        .expect("an open store");
}

/// A receiver that has seen everything so far.
fn subscribe(store: &dyn Store) -> watch::Receiver<u64> {
    let mut wakeups = store.wakeups();
    wakeups.mark_unchanged();
    wakeups
}

pub async fn accepted_work_wakes(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let mut wakeups = subscribe(&*store);
    queued(&*store, prepared.flow, NOW).await;
    woken(&mut wakeups).await;
    // Who subscribed before looking and is woken finds it.
    assert_eq!(store.claim(claim_at(NOW), 10, Rooms::everywhere()).await.expect("claimed").len(), 1);
}

pub async fn claimed_work_does_not_wake(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let wakeups = subscribe(&*store);
    let claimed = running(&*store, prepared.flow).await;
    store.settle(success(&claimed), None).await.expect("settled");
    assert!(!wakeups.has_changed().expect("an open store"));
}

pub async fn a_retry_wakes(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let mut wakeups = subscribe(&*store);
    store.settle(retry(&claimed, later(20)), None).await.expect("settled");
    woken(&mut wakeups).await;
}

pub async fn a_following_delivery_wakes(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let mut wakeups = subscribe(&*store);
    let follow = Follow::Next(Box::new(new_delivery(1, NOW)));
    store.settle(settlement(&claimed, succeeded(), follow), None).await.expect("settled");
    woken(&mut wakeups).await;
}

pub async fn activation_wakes_what_waited_for_it(store: Arc<dyn Store>) {
    let flow = apply(&*store).await;
    let digest = install(&*store, "workzone", "one").await;
    queued(&*store, flow, NOW).await;
    let mut wakeups = subscribe(&*store);
    store.activate(&name("workzone"), &digest, NOW).await.expect("activated");
    woken(&mut wakeups).await;
}

pub async fn a_healthy_store_says_so(store: Arc<dyn Store>) {
    assert_eq!(store.health().await, Ok(()));
}

pub async fn a_closed_store_takes_no_more_work(store: Arc<dyn Store>) {
    let flow = apply(&*store).await;
    store.close().await;
    store.close().await;
    let refused = store.apply(Vec::new(), Vec::new(), Vec::new(), NOW).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    let refused = store.accept(super::fixtures::new_run(flow), None).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    let page = super::fixtures::page(1, None);
    let refused = store.runs(RunFilter::default(), page).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(matches!(store.health().await, Err(StoreError::Unavailable(_))));
}
