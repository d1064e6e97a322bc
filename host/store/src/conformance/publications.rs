//! Files that were published.

use std::sync::Arc;

use sluse_model::{Act, DeliveryState, Digest, PublicationId, RunState};

use super::{
    acts,
    fixtures::{NOW, attention, failed, later, name as named, prepare, running, settlement, succeeded},
};
use crate::{Claimed, Follow, NewPublication, Publication, PublicationState, PublishedName, Store, StoreError};
use PublicationState::{Begun, InDoubt, Published, Staged};

fn file(name: &str) -> PublishedName {
    PublishedName { connection: named("target"), folder: named("payroll"), name: name.to_owned() }
}

fn id(number: u8) -> PublicationId {
    PublicationId::from_bytes([number; 16])
}

fn new(claimed: &Claimed, number: u8, name: &str) -> NewPublication {
    let (delivery, lease, digest) = (claimed.delivery.id, claimed.lease, Digest::of(name));
    NewPublication { id: id(number), delivery, lease, now: NOW, file: file(name), digest, instead_of: None }
}

async fn known(store: &dyn Store, name: &str) -> Option<Publication> {
    store.publication(&file(name)).await.expect("read")
}

async fn state(store: &dyn Store, name: &str) -> Option<PublicationState> {
    known(store, name).await.map(|known| known.state)
}

/// The publications that have to be tidied away.
async fn to_tidy(store: &dyn Store) -> Vec<PublicationId> {
    let found = store.publications_to_tidy(None, 100).await.expect("read");
    found.into_iter().map(|(_, publication)| publication.id).collect()
}

/// Stages a file as `number`, and begins to publish it.
async fn begun(store: &dyn Store, claimed: &Claimed, number: u8, name: &str) {
    store.stage_publication(new(claimed, number, name)).await.expect("staged");
    store.begin_publication(claimed.delivery.id, claimed.lease, id(number)).await.expect("begun");
}

#[track_caller]
fn assert_stale(refused: &Result<(), StoreError>) {
    assert!(matches!(refused, Err(StoreError::Stale(_))), "{refused:?}");
}

pub async fn a_publication_is_read_back(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    assert_eq!(known(&*store, "a.txt").await, None);
    store.stage_publication(new(&claimed, 1, "a.txt")).await.expect("staged");
    let staged = Publication { id: id(1), digest: Digest::of("a.txt"), state: Staged };
    assert_eq!(known(&*store, "a.txt").await, Some(staged));
    store.begin_publication(claimed.delivery.id, claimed.lease, id(1)).await.expect("begun");
    assert_eq!(state(&*store, "a.txt").await, Some(Begun));
    store.end_publication(id(1)).await.expect("ended");
    assert_eq!(state(&*store, "a.txt").await, Some(Published));
    store.end_publication(id(1)).await.expect("that is known");
    assert_eq!(known(&*store, "b.txt").await, None);
}

pub async fn a_name_is_good_for_one_file(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    begun(&*store, &claimed, 1, "a.txt").await;
    let instead = NewPublication { instead_of: Some(id(1)), ..new(&claimed, 2, "a.txt") };
    assert_stale(&store.stage_publication(new(&claimed, 2, "a.txt")).await);
    assert_stale(&store.stage_publication(instead.clone()).await);
    store.end_publication(id(1)).await.expect("ended");
    assert_stale(&store.withdraw_publication(id(1)).await);
    assert_stale(&store.stage_publication(instead).await);
    assert_eq!(known(&*store, "a.txt").await.map(|known| known.id), Some(id(1)));
}

pub async fn an_attempt_that_came_to_nothing_leaves_its_name(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    begun(&*store, &claimed, 1, "a.txt").await;
    store.withdraw_publication(id(1)).await.expect("withdrawn");
    assert_eq!(state(&*store, "a.txt").await, Some(Staged));
    assert_stale(&store.stage_publication(new(&claimed, 2, "a.txt")).await);
    let instead = NewPublication { instead_of: Some(id(1)), ..new(&claimed, 2, "a.txt") };
    store.stage_publication(instead).await.expect("staged");
    let late = store.begin_publication(claimed.delivery.id, claimed.lease, id(1)).await;
    assert_stale(&late);
    store.tidied_publication(id(2)).await.expect("noted");
    assert_eq!(known(&*store, "a.txt").await, None);
}

pub async fn what_is_not_known_is_not_ended(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    assert_stale(&store.end_publication(id(1)).await);
    assert_stale(&store.withdraw_publication(id(1)).await);
    store.stage_publication(new(&claimed, 1, "a.txt")).await.expect("staged");
    assert_stale(&store.end_publication(id(1)).await);
    assert_stale(&store.doubt_publication(claimed.delivery.id, claimed.lease, id(1)).await);
}

pub async fn nobody_publishes_without_the_lease(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let mut stale = new(&claimed, 1, "a.txt");
    stale.lease.number += 1;
    assert_stale(&store.stage_publication(stale.clone()).await);
    assert_eq!(known(&*store, "a.txt").await, None);
    store.stage_publication(new(&claimed, 1, "a.txt")).await.expect("staged");
    assert_stale(&store.begin_publication(claimed.delivery.id, stale.lease, id(1)).await);
    assert_eq!(state(&*store, "a.txt").await, Some(Staged));
}

pub async fn what_is_over_is_tidied_away(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    for (number, name) in [(1, "a.txt"), (2, "b.txt"), (3, "c.txt")] {
        begun(&*store, &claimed, number, name).await;
    }
    store.withdraw_publication(id(2)).await.expect("withdrawn");
    store.end_publication(id(3)).await.expect("ended");
    assert_eq!(to_tidy(&*store).await, [id(3)], "the delivery is under way");
    store.settle(settlement(&claimed, failed(), Follow::Close(RunState::Failed)), None).await.expect("settled");
    assert_eq!(to_tidy(&*store).await, [id(1), id(2), id(3)]);
    let behind = store.publications_to_tidy(Some(id(1)), 1).await.expect("read");
    assert_eq!(behind[0].0, file("b.txt"));
    for number in [2, 3] {
        store.tidied_publication(id(number)).await.expect("noted");
    }
    assert_eq!(to_tidy(&*store).await, [id(1)], "it may have been published");
    assert_eq!((state(&*store, "b.txt").await, state(&*store, "c.txt").await), (None, Some(Published)));
}

/// Has a person do this about a delivery that stands for a doubt about its file, and gives how the file stands then.
async fn answered(store: &dyn Store, act: Act, after: DeliveryState, follow: Follow) -> Option<PublicationState> {
    let prepared = prepare(store).await;
    let claimed = running(store, prepared.flow).await;
    begun(store, &claimed, 1, "a.txt").await;
    begun(store, &claimed, 2, "b.txt").await;
    store.doubt_publication(claimed.delivery.id, claimed.lease, id(1)).await.expect("in doubt");
    assert_eq!(state(store, "a.txt").await, Some(InDoubt));
    let settled = settlement(&claimed, attention(), Follow::Stay(RunState::Attention));
    store.settle(settled, None).await.expect("settled");
    let seen = acts::shown(store, claimed.delivery.id).await;
    store.act(acts::new_act(&seen, act, after, follow)).await.expect("done");
    assert_eq!(state(store, "b.txt").await, Some(Begun), "nobody was asked about this one");
    state(store, "a.txt").await
}

async fn retried(store: &dyn Store, did_not_happen: bool) -> Option<PublicationState> {
    let after = DeliveryState::Queued { due: later(20) };
    answered(store, Act::Retry { did_not_happen }, after, Follow::Stay(RunState::Running)).await
}

pub async fn what_a_person_says_was_not_published_was_not(store: Arc<dyn Store>) {
    assert_eq!(retried(&*store, true).await, Some(Staged));
}

pub async fn what_is_only_tried_again_stays_in_doubt(store: Arc<dyn Store>) {
    assert_eq!(retried(&*store, false).await, Some(InDoubt));
}

pub async fn what_a_person_resolves_was_published(store: Arc<dyn Store>) {
    let act = Act::Resolve { output: "{}".into() };
    let resolved = answered(&*store, act, succeeded(), Follow::Close(RunState::Succeeded)).await;
    assert_eq!(resolved, Some(Published));
}
