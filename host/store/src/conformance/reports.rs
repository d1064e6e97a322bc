//! What sources are told of their items.

use std::sync::Arc;

use sluse_model::{Act, Actor, DeliveryState, GroupReport, ItemStanding, Name, RunState, SETTLE_FLOW};

use super::{
    feeds::{found, polling},
    fixtures::{
        Prepared, attention, claim_at, failed, first, later, name, page, prepare, settlement, success, token_id,
    },
};
use crate::{Claimed, Follow, NewAct, Rooms, RunFilter, Store};

/// Deliveries of two items of one group, claimed.
async fn two_items(store: &dyn Store) -> (Prepared, Vec<Claimed>) {
    let prepared = prepare(store).await;
    let poll = polling(store).await;
    store.settle_poll(found(&poll, prepared.flow, &["a", "b"], "2")).await.expect("settled");
    (prepared, claimed(store, 20).await)
}

async fn claimed(store: &dyn Store, millis: u64) -> Vec<Claimed> {
    store.claim(claim_at(later(millis)), 10, Rooms::everywhere()).await.expect("claimed")
}

fn held(claimed: &Claimed) -> crate::Settlement {
    settlement(claimed, attention(), Follow::Stay(RunState::Attention))
}

/// What a delivery tells: keys and standings.
#[track_caller]
fn told(claimed: &Claimed) -> Vec<(String, ItemStanding)> {
    assert_eq!((claimed.flow.as_str(), claimed.delivery.operation.as_str()), (SETTLE_FLOW, "cases"));
    let report: GroupReport = serde_json::from_str(&claimed.delivery.input).expect("a report");
    assert_eq!(report.group, "batch");
    report.items.into_iter().map(|item| (item.key, item.standing)).collect()
}

async fn settles(store: &dyn Store) -> usize {
    let flow: Option<Name> = Some(name(SETTLE_FLOW));
    store.runs(RunFilter { flow, state: None }, page(100, None)).await.expect("read").items.len()
}

pub async fn a_source_is_told_once_of_each_change(store: Arc<dyn Store>) {
    let (_, items) = two_items(&*store).await;
    store.settle(held(&items[0]), None).await.expect("settled");
    let first = claimed(&*store, 30).await.remove(0);
    assert_eq!(told(&first), [("a".to_owned(), ItemStanding::Held)]);
    let report: GroupReport = serde_json::from_str(&first.delivery.input).expect("a report");
    assert_eq!(report.items[0].message.as_deref(), Some("The target is busy."));
    store.settle(success(&first), None).await.expect("settled");
    // Another item of the group, and the group as a whole is told.
    store.settle(success(&items[1]), None).await.expect("settled");
    let second = claimed(&*store, 40).await.remove(0);
    assert_eq!(told(&second), [("a".to_owned(), ItemStanding::Held), ("b".to_owned(), ItemStanding::Succeeded)]);
    store.settle(success(&second), None).await.expect("settled");
    assert_eq!((claimed(&*store, 50).await, settles(&*store).await), (Vec::new(), 2));
}

pub async fn a_report_that_nobody_has_begun_is_written_over(store: Arc<dyn Store>) {
    let (_, items) = two_items(&*store).await;
    store.settle(success(&items[0]), None).await.expect("settled");
    store.settle(settlement(&items[1], failed(), Follow::Close(RunState::Failed)), None).await.expect("settled");
    let reports = claimed(&*store, 30).await;
    assert_eq!(reports.len(), 1);
    assert_eq!(told(&reports[0]), [("a".to_owned(), ItemStanding::Succeeded), ("b".to_owned(), ItemStanding::Failed)]);
}

pub async fn reports_of_a_group_never_overtake(store: Arc<dyn Store>) {
    let (_, items) = two_items(&*store).await;
    store.settle(success(&items[0]), None).await.expect("settled");
    let first = claimed(&*store, 30).await.remove(0);
    store.settle(success(&items[1]), None).await.expect("settled");
    assert_eq!(claimed(&*store, 40).await, Vec::new());
    store.settle(held(&first), None).await.expect("settled");
    assert_eq!(claimed(&*store, 50).await, Vec::new());
    close(&*store, &first).await;
    assert_eq!(told(&claimed(&*store, 60).await[0]).len(), 2);
}

async fn close(store: &dyn Store, claimed: &Claimed) {
    let act = NewAct {
        delivery: claimed.delivery.id,
        act: Act::Close,
        by: Actor { token: token_id(), name: "clerk".into() },
        why: Some("it is settled by telephone".into()),
        at: later(55),
        before: attention(),
        attempts: 1,
        after: failed(),
        follow: Follow::Close(RunState::Failed),
        batch: None,
        along: Vec::new(),
    };
    store.act(act).await.expect("done");
}

pub async fn what_is_held_when_it_begins_is_told(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let poll = polling(&*store).await;
    let mut misfit = found(&poll, prepared.flow, &["a"], "1");
    first(&mut misfit.page.as_mut().expect("a page").items[0].run).state = attention();
    assert_eq!(store.settle_poll(misfit).await.expect("settled").held, 1);
    assert_eq!(told(&claimed(&*store, 30).await[0]), [("a".to_owned(), ItemStanding::Held)]);
}

pub async fn what_a_person_does_is_told(store: Arc<dyn Store>) {
    let (_, items) = two_items(&*store).await;
    store.settle(held(&items[0]), None).await.expect("settled");
    let first = claimed(&*store, 30).await.remove(0);
    store.settle(success(&first), None).await.expect("settled");
    close(&*store, &items[0]).await;
    let second = claimed(&*store, 60).await;
    assert_eq!(told(&second[0]), [("a".to_owned(), ItemStanding::Failed)]);
    assert!(matches!(second[0].waited, Some(DeliveryState::Queued { .. })));
}

pub async fn a_report_is_reported_to_nobody(store: Arc<dyn Store>) {
    let (_, items) = two_items(&*store).await;
    store.settle(success(&items[0]), None).await.expect("settled");
    let report = claimed(&*store, 30).await.remove(0);
    store.settle(held(&report), None).await.expect("settled");
    assert_eq!((claimed(&*store, 40).await, settles(&*store).await), (Vec::new(), 1));
}
