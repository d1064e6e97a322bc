//! Who is doing it, and until when.

use std::sync::Arc;

use sluse_model::{DeliveryState, Lease};

use super::fixtures::{LEASE, NOW, at_once, claim_at, delivery_id, later, prepare, queued, retry, running, success};
use crate::{Claim, Claimed, Rooms, Store, StoreError};

pub async fn an_old_lease_is_refused(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let first = running(&*store, prepared.flow).await;
    store.settle(retry(&first, later(20)), None).await.expect("settled");
    let second = store.claim(claim_at(later(20)), 1, Rooms::everywhere()).await.expect("claimed").remove(0);
    let refused = store.settle(success(&first), None).await;
    assert!(matches!(refused, Err(StoreError::Stale(_))), "{refused:?}");
    let detail = store.delivery(first.delivery.id).await.expect("read").expect("kept");
    assert_eq!(detail.delivery, second.delivery);
    store.settle(success(&second), None).await.expect("settled");
}

pub async fn a_lease_number_grows_with_each_claim(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    queued(&*store, prepared.flow, NOW).await;
    let mut last = 0;
    for attempt in 1..=3 {
        let claimed = store.claim(claim_at(later(0)), 1, Rooms::everywhere()).await.expect("claimed").remove(0);
        assert!(claimed.lease.number > last, "{} after {last}", claimed.lease.number);
        assert_eq!((claimed.attempt, claimed.delivery.attempts), (attempt, attempt));
        assert_eq!(claimed.lease.until, NOW.plus(LEASE));
        last = claimed.lease.number;
        store.settle(retry(&claimed, NOW), None).await.expect("settled");
    }
}

pub async fn a_renewed_lease_does_not_lapse(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let (lapses, until) = (NOW.plus(LEASE), NOW.plus(3 * LEASE));
    let leases = vec![(claimed.delivery.id, claimed.lease)];
    assert_eq!(store.renew(leases, until).await, Ok(Vec::new()));
    assert_eq!(store.lapsed(lapses, 10).await, Ok(Vec::new()));
    assert_eq!(store.lapsed(until, 10).await.expect("read").len(), 1);
    // The lease is the same one: its holder settles as before.
    store.settle(success(&claimed), None).await.expect("settled");
}

pub async fn a_lost_lease_is_named_when_renewed(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let (held, settled) = (running(&*store, prepared.flow).await, running(&*store, prepared.flow).await);
    store.settle(success(&settled), None).await.expect("settled");
    let older = Lease { number: held.lease.number + 1, ..held.lease };
    let nobody = delivery_id();
    let leases = vec![
        (held.delivery.id, held.lease),
        (settled.delivery.id, settled.lease),
        (nobody, held.lease),
        (held.delivery.id, older),
    ];
    let lost = store.renew(leases, later(99_000)).await;
    assert_eq!(lost, Ok(vec![settled.delivery.id, nobody, held.delivery.id]));
    let detail = store.delivery(held.delivery.id).await.expect("read").expect("kept");
    let lease = Lease { number: held.lease.number, until: later(99_000) };
    assert_eq!(detail.delivery.state, DeliveryState::Running { lease });
}

pub async fn lapsed_work_is_reported_until_settled(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let until = claimed.lease.until;
    let before = sluse_model::Timestamp::from_millis(until.as_millis() - 1);
    assert_eq!(store.lapsed(before, 10).await, Ok(Vec::new()));
    // Where it waited before is over: its attempt may have begun.
    let lapsed = Claimed { waited: None, ..(*claimed).clone() };
    for _ in 0..2 {
        assert_eq!(store.lapsed(until, 10).await, Ok(vec![lapsed.clone()]));
    }
    assert_eq!(store.lapsed(until, 0).await, Ok(Vec::new()));
    store.settle(success(&claimed), None).await.expect("settled");
    assert_eq!(store.lapsed(until, 10).await, Ok(Vec::new()));
}

pub async fn lapsed_work_is_not_claimed(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let now = claimed.lease.until.plus(LEASE);
    assert_eq!(store.claim(Claim { now, until: now.plus(LEASE) }, 10, Rooms::everywhere()).await, Ok(Vec::new()));
    assert_eq!(store.next_due(Rooms::everywhere()).await, Ok(None));
}

pub async fn the_first_who_settles_a_lapsed_lease_wins(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let lapsed = store.lapsed(claimed.lease.until, 10).await.expect("read").remove(0);
    let settled = at_once(&store, 8, move |store, number| {
        let settlement = if number % 2 == 0 { success(&lapsed) } else { retry(&lapsed, NOW) };
        async move { store.settle(settlement, None).await }
    })
    .await;
    assert_eq!(settled.iter().filter(|one| one.is_ok()).count(), 1, "{settled:?}");
    let refused = settled.iter().filter(|one| matches!(one, Err(StoreError::Stale(_))));
    assert_eq!(refused.count(), 7, "{settled:?}");
}
