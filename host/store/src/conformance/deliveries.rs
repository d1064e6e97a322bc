//! Work that waits.

use std::{collections::HashSet, sync::Arc, time::Duration};

use sluse_model::{Attempt, Attention, DeliveryId, DeliveryState, Reason, RunState};

use super::fixtures::{
    NOW, activate, apply, at_once, attention, claim_at, connection, failed, first, first_of, flow, install, later,
    name, new_run, page, prepare, queued, queued_for, retry, running, settlement, success,
};
use crate::{Accepted, Claimed, Claiming, DeliveryFilter, Follow, Rooms, Store, StoreError};

pub async fn one_claim_wins(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let id = queued(&*store, prepared.flow, NOW).await;
    let claims = at_once(&store, 16, |store, _| async move {
        store.claim(claim_at(NOW), 1, Rooms::everywhere()).await.expect("claimed")
    });
    let claimed: Vec<_> = claims.await.into_iter().flatten().collect();
    assert_eq!(claimed.iter().map(|one| one.delivery.id).collect::<Vec<_>>(), [id]);
    let detail = store.delivery(id).await.expect("read").expect("kept");
    assert_eq!(detail.delivery, claimed[0].delivery);
    assert_eq!((claimed[0].attempt, claimed[0].revision), (1, prepared.revision));
}

pub async fn concurrent_claims_share_the_work(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let mut waiting = HashSet::new();
    for _ in 0..40 {
        waiting.insert(queued(&*store, prepared.flow, NOW).await);
    }
    let claims = at_once(&store, 8, |store, _| async move {
        store.claim(claim_at(NOW), 5, Rooms::everywhere()).await.expect("claimed")
    });
    let claimed: Vec<_> = claims.await.into_iter().flatten().map(|one| one.delivery.id).collect();
    assert_eq!(claimed.len(), 40);
    assert_eq!(claimed.into_iter().collect::<HashSet<_>>(), waiting);
}

pub async fn the_longest_due_is_claimed_first(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let mut ids = Vec::new();
    for due in [30, 10, 20] {
        ids.push(queued(&*store, prepared.flow, later(due)).await);
    }
    assert_eq!(store.next_due(Rooms::everywhere()).await, Ok(Some(later(10))));
    let claimed = store.claim(claim_at(later(30)), 10, Rooms::everywhere()).await.expect("claimed");
    let order: Vec<_> = claimed.iter().map(|one| one.delivery.id).collect();
    assert_eq!(order, [ids[1], ids[2], ids[0]]);
    assert_eq!(store.next_due(Rooms::everywhere()).await, Ok(None));
}

pub async fn a_claim_takes_no_more_than_asked(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    for _ in 0..3 {
        queued(&*store, prepared.flow, NOW).await;
    }
    assert_eq!(store.claim(claim_at(NOW), 0, Rooms::everywhere()).await, Ok(Vec::new()));
    for expected in [2, 1, 0] {
        assert_eq!(store.claim(claim_at(NOW), 2, Rooms::everywhere()).await.expect("claimed").len(), expected);
    }
}

pub async fn what_is_not_due_waits(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let id = queued(&*store, prepared.flow, later(10)).await;
    assert_eq!(store.claim(claim_at(later(9)), 10, Rooms::everywhere()).await, Ok(Vec::new()));
    let claimed = store.claim(claim_at(later(10)), 10, Rooms::everywhere()).await.expect("claimed");
    assert_eq!(claimed.iter().map(|one| one.delivery.id).collect::<Vec<_>>(), [id]);
    let mut run = new_run(prepared.flow);
    first(&mut run).state = DeliveryState::Queued { due: later(10) };
    assert_eq!(store.accept(run, Some(claim_at(later(9)))).await, Ok(Accepted::New(None)));
}

pub async fn what_has_no_active_revision_waits_for_one(store: Arc<dyn Store>) {
    let flow = apply(&*store).await;
    let digest = install(&*store, "workzone", "one").await;
    let run = new_run(flow);
    let id = first_of(&run).id;
    assert_eq!(store.accept(run, Some(claim_at(NOW))).await, Ok(Accepted::New(None)));
    assert_eq!(store.claim(claim_at(NOW), 10, Rooms::everywhere()).await, Ok(Vec::new()));
    assert_eq!(store.next_due(Rooms::everywhere()).await, Ok(None));
    store.activate(&name("workzone"), &digest, NOW).await.expect("activated");
    assert_eq!(store.next_due(Rooms::everywhere()).await, Ok(Some(NOW)));
    let claimed = store.claim(claim_at(NOW), 10, Rooms::everywhere()).await.expect("claimed");
    assert_eq!(claimed.iter().map(|one| (one.delivery.id, one.revision)).collect::<Vec<_>>(), [(id, digest)]);
}

pub async fn what_cannot_begin_does_not_hide_what_can(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    store.apply(vec![connection("idle", "interact")], Vec::new(), Vec::new(), NOW).await.expect("applied");
    for _ in 0..5 {
        queued_for(&*store, prepared.flow, "idle", NOW).await;
    }
    let id = queued(&*store, prepared.flow, later(1)).await;
    let claimed = store.claim(claim_at(later(1)), 1, Rooms::everywhere()).await.expect("claimed");
    assert_eq!(claimed.iter().map(|one| one.delivery.id).collect::<Vec<_>>(), [id]);
}

pub async fn what_is_for_nobody_is_refused(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let mut run = new_run(prepared.flow);
    first(&mut run).connection = name("unknown");
    let id = run.id;
    assert!(matches!(store.accept(run, None).await, Err(StoreError::NotFound(_))));
    assert_eq!(store.run(id).await, Ok(None));
}

/// A claim of up to `limit`, by connection and in its order.
async fn claimed_of(store: &dyn Store, limit: u32, rooms: Rooms) -> Vec<(String, DeliveryId)> {
    let claimed = store.claim(claim_at(later(100)), limit, rooms).await.expect("claimed");
    claimed.into_iter().map(|one| (one.delivery.connection.to_string(), one.delivery.id)).collect()
}

fn rooms(named: &[(&str, u32)]) -> Rooms {
    Rooms { named: named.iter().map(|(connection, room)| (name(connection), *room)).collect(), ..Rooms::everywhere() }
}

pub async fn a_connection_without_room_waits_and_holds_up_nobody(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    store.apply(vec![connection("other", "workzone")], Vec::new(), Vec::new(), NOW).await.expect("applied");
    let first = queued_for(&*store, prepared.flow, "target", later(1)).await;
    let second = queued_for(&*store, prepared.flow, "other", later(2)).await;
    assert_eq!(store.next_due(rooms(&[("target", 0)])).await, Ok(Some(later(2))));
    assert_eq!(claimed_of(&*store, 10, rooms(&[("target", 0)])).await, [("other".to_owned(), second)]);
    assert_eq!(store.next_due(rooms(&[("target", 0)])).await, Ok(None));
    assert_eq!(store.next_due(Rooms::everywhere()).await, Ok(Some(later(1))));
    let nowhere = Rooms { others: 0, ..Rooms::everywhere() };
    assert_eq!(claimed_of(&*store, 10, nowhere).await, []);
    assert_eq!(claimed_of(&*store, 10, Rooms::everywhere()).await, [("target".to_owned(), first)]);
}

pub async fn a_connection_gets_no_more_than_its_room(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let mut ids = Vec::new();
    for due in [3, 1, 2] {
        ids.push(queued(&*store, prepared.flow, later(due)).await);
    }
    let claimed = claimed_of(&*store, 10, rooms(&[("target", 2)])).await;
    assert_eq!(claimed.iter().map(|(_, id)| *id).collect::<Vec<_>>(), [ids[1], ids[2]]);
}

pub async fn connections_share_what_is_claimed(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let connections = ["target", "other", "third"];
    let more = connections[1..].iter().map(|connection_name| connection(connection_name, "workzone")).collect();
    store.apply(more, Vec::new(), Vec::new(), NOW).await.expect("applied");
    for (connection, waiting) in connections.into_iter().zip([30, 10, 1]) {
        for _ in 0..waiting {
            queued_for(&*store, prepared.flow, connection, NOW).await;
        }
    }
    let count = |claimed: &[(String, DeliveryId)]| {
        connections.map(|connection| claimed.iter().filter(|(of, _)| of == connection).count())
    };
    // What one leaves, the others share.
    let claimed = claimed_of(&*store, 9, Rooms::everywhere()).await;
    let [target, other, third] = count(&claimed);
    assert_eq!((target + other, third), (8, 1));
    assert!(target.abs_diff(other) <= 2, "{target} and {other}");
    // One place at a time goes round.
    let mut one_by_one = Vec::new();
    for _ in 0..6 {
        one_by_one.extend(claimed_of(&*store, 1, Rooms::everywhere()).await);
    }
    assert_eq!(count(&one_by_one), [3, 3, 0]);
}

pub async fn activation_is_seen_by_the_next_claim(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let begun = running(&*store, prepared.flow).await;
    queued(&*store, prepared.flow, NOW).await;
    let newer = activate(&*store, "workzone", "component two").await;
    let claimed = store.claim(claim_at(NOW), 10, Rooms::everywhere()).await.expect("claimed");
    assert_eq!(claimed.iter().map(|one| one.revision).collect::<Vec<_>>(), [newer]);
    assert_eq!(running(&*store, prepared.flow).await.revision, newer);
    // What began before keeps the revision that it began with.
    let detail = store.delivery(begun.delivery.id).await.expect("read").expect("kept");
    assert_eq!(detail.attempts[0].revision, prepared.revision);
}

pub async fn a_connection_moved_to_another_connector_is_seen_by_the_next_claim(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let id = queued(&*store, prepared.flow, NOW).await;
    store.apply(vec![connection("target", "interact")], Vec::new(), Vec::new(), NOW).await.expect("applied");
    assert_eq!(store.claim(claim_at(NOW), 10, Rooms::everywhere()).await, Ok(Vec::new()));
    let other = activate(&*store, "interact", "component two").await;
    let claimed = store.claim(claim_at(NOW), 10, Rooms::everywhere()).await.expect("claimed");
    assert_eq!(claimed.iter().map(|one| (one.delivery.id, one.revision)).collect::<Vec<_>>(), [(id, other)]);
}

pub async fn a_clock_that_steps_back_stalls_nothing(store: Arc<dyn Store>) {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    let (prepared, ahead) = (prepare(&*store).await, NOW.plus(YEAR));
    // At work while the clock was a year ahead: one is to wait for a moment, and one was about to be claimed.
    let busy = running(&*store, prepared.flow).await;
    let mut settled = retry(&busy, ahead.plus(Duration::from_millis(20)));
    if let Claiming::Ended(Attempt { result: Some(result), .. }) = &mut settled.attempt {
        result.ended_at = ahead;
    }
    store.settle(settled, None).await.expect("settled");
    assert_eq!(store.claim(claim_at(ahead), 10, Rooms::everywhere()).await, Ok(Vec::new()));
    let mut run = new_run(prepared.flow);
    (run.accepted_at, first(&mut run).accepted_at) = (ahead, ahead);
    first(&mut run).state = DeliveryState::Queued { due: ahead };
    let waiting = first_of(&run).id;
    store.accept(run, None).await.expect("accepted");
    let ids = |claimed: Vec<Claimed>| claimed.into_iter().map(|one| one.delivery.id).collect::<Vec<_>>();
    assert_eq!(ids(store.claim(claim_at(NOW), 10, Rooms::everywhere()).await.expect("claimed")), [waiting]);
    assert_eq!(store.next_due(Rooms::everywhere()).await, Ok(Some(later(20))));
    assert_eq!(
        ids(store.claim(claim_at(later(20)), 10, Rooms::everywhere()).await.expect("claimed")),
        [busy.delivery.id]
    );
}

fn in_state(state: Option<&str>) -> DeliveryFilter {
    DeliveryFilter { state: state.map(str::to_owned), ..DeliveryFilter::default() }
}

pub async fn deliveries_are_filtered(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    store.apply(vec![connection("other", "workzone")], vec![flow("tax", "")], Vec::new(), NOW).await.expect("applied");
    let tax = store.flow(&name("tax")).await.expect("read").expect("a flow").digest;
    let mut run = new_run(tax);
    (run.flow, first(&mut run).connection) = (name("tax"), name("other"));
    first(&mut run).accepted_at = later(7);
    let other = first_of(&run).id;
    store.accept(run, None).await.expect("accepted");
    let doubtful = running(&*store, prepared.flow).await;
    let DeliveryState::Attention(why) = attention() else { panic!("it waits for a person") };
    let state = DeliveryState::Attention(Attention { queue: Some(name("payroll")), ..why });
    store.settle(settlement(&doubtful, state, Follow::Stay(RunState::Attention)), None).await.expect("settled");
    let busy = running(&*store, prepared.flow).await;
    store.settle(retry(&busy, later(50)), None).await.expect("settled");
    let [doubtful, busy] = [doubtful, busy].map(|one| one.delivery.id);
    let all = DeliveryFilter::default;
    let check = async |filter: DeliveryFilter, expected: &[DeliveryId]| {
        let found = store.deliveries(filter.clone(), page(10, None)).await.expect("read").items;
        let found: Vec<_> = found.into_iter().map(|delivery| delivery.id).collect();
        assert_eq!(found, expected, "{filter:?}");
    };
    let (target, payroll) = (Some(name("target")), Some(name("payroll")));
    check(DeliveryFilter { connection: Some(name("other")), ..all() }, &[other]).await;
    check(DeliveryFilter { connection: target.clone(), ..in_state(Some("attention")) }, &[doubtful]).await;
    check(DeliveryFilter { connection: target.clone(), ..in_state(Some("queued")) }, &[]).await;
    check(DeliveryFilter { connection: Some(name("nobody")), ..all() }, &[]).await;
    check(DeliveryFilter { flow: Some(name("permit")), ..all() }, &[busy, doubtful]).await;
    check(DeliveryFilter { flow: Some(name("tax")), ..in_state(Some("queued")) }, &[other]).await;
    check(DeliveryFilter { since: Some(later(7)), ..all() }, &[other]).await;
    check(DeliveryFilter { until: Some(later(7)), ..all() }, &[busy, doubtful]).await;
    check(DeliveryFilter { reason: Some(Reason::OutcomeUnknown), ..all() }, &[doubtful]).await;
    check(DeliveryFilter { reason: Some(Reason::Rejected), ..all() }, &[]).await;
    check(DeliveryFilter { queue: payroll.clone(), connection: target, ..all() }, &[doubtful]).await;
    check(DeliveryFilter { queue: payroll.clone(), reason: Some(Reason::Denied), ..all() }, &[]).await;
    check(DeliveryFilter { queue: payroll, ..in_state(Some("closed")) }, &[]).await;
    check(DeliveryFilter { text: Some("IS BUSY".into()), ..all() }, &[busy, doubtful]).await;
    check(DeliveryFilter { text: Some("503".into()), ..in_state(Some("retrying")) }, &[busy]).await;
    check(DeliveryFilter { text: Some("message".into()), ..all() }, &[]).await;
}

pub async fn deliveries_are_listed_by_state(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let waiting = queued(&*store, prepared.flow, NOW).await;
    let (busy, doubtful) = (running(&*store, prepared.flow).await, running(&*store, prepared.flow).await);
    let (done, broken) = (running(&*store, prepared.flow).await, running(&*store, prepared.flow).await);
    let open = running(&*store, prepared.flow).await;
    store.settle(retry(&busy, later(50)), None).await.expect("settled");
    let stay = Follow::Stay(RunState::Attention);
    store.settle(settlement(&doubtful, attention(), stay), None).await.expect("settled");
    store.settle(success(&done), None).await.expect("settled");
    let close = Follow::Close(RunState::Failed);
    store.settle(settlement(&broken, failed(), close), None).await.expect("settled");
    let list = async |state: Option<&str>| {
        let part = store.deliveries(in_state(state), page(10, None)).await.expect("read");
        part.items.into_iter().map(|delivery| delivery.id).collect::<Vec<_>>()
    };
    let [busy, doubtful, done, broken, open] = [busy, doubtful, done, broken, open].map(|one| one.delivery.id);
    assert_eq!(list(None).await, [open, broken, done, doubtful, busy, waiting]);
    assert_eq!(list(Some("queued")).await, [waiting]);
    assert_eq!(list(Some("retrying")).await, [busy]);
    assert_eq!(list(Some("attention")).await, [doubtful]);
    assert_eq!(list(Some("closed")).await, [broken, done]);
    assert_eq!(list(Some("running")).await, [open]);
    let first = store.deliveries(in_state(Some("closed")), page(1, None)).await.expect("read");
    let second = store.deliveries(in_state(Some("closed")), page(1, first.next)).await.expect("read");
    assert_eq!(second.items.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [done]);
    assert_eq!(second.next, None);
}
