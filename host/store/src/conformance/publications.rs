//! Files that were published.

use std::sync::Arc;

use sluse_model::Digest;

use super::fixtures::{NOW, name as named, prepare, running};
use crate::{Claimed, NewPublication, Publication, PublishedName, Store, StoreError};

fn file(name: &str) -> PublishedName {
    PublishedName { connection: named("target"), folder: named("payroll"), name: name.to_owned() }
}

fn new(claimed: &Claimed, name: &str, bytes: &str) -> NewPublication {
    let (delivery, lease) = (claimed.delivery.id, claimed.lease);
    NewPublication { delivery, lease, now: NOW, file: file(name), digest: Digest::of(bytes) }
}

async fn known(store: &dyn Store, name: &str) -> Option<Publication> {
    store.publication(&file(name)).await.expect("read")
}

pub async fn a_publication_is_read_back(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    assert_eq!(known(&*store, "a.txt").await, None);
    store.begin_publication(new(&claimed, "a.txt", "a")).await.expect("begun");
    let digest = Digest::of("a");
    assert_eq!(known(&*store, "a.txt").await, Some(Publication { digest, is_published: false }));
    store.end_publication(file("a.txt"), digest).await.expect("ended");
    assert_eq!(known(&*store, "a.txt").await, Some(Publication { digest, is_published: true }));
    assert_eq!(known(&*store, "b.txt").await, None);
}

pub async fn a_name_is_good_for_one_file(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    store.begin_publication(new(&claimed, "a.txt", "a")).await.expect("begun");
    store.begin_publication(new(&claimed, "a.txt", "a")).await.expect("the same again");
    let refused = store.begin_publication(new(&claimed, "a.txt", "other")).await;
    assert!(matches!(refused, Err(StoreError::Stale(_))), "{refused:?}");
    store.end_publication(file("a.txt"), Digest::of("other")).await.expect("nothing to end");
    assert_eq!(known(&*store, "a.txt").await.map(|known| known.is_published), Some(false));
    store.end_publication(file("a.txt"), Digest::of("a")).await.expect("ended");
    store.withdraw_publication(file("a.txt"), Digest::of("a")).await.expect("nothing to withdraw");
    let refused = store.begin_publication(new(&claimed, "a.txt", "a")).await;
    assert!(matches!(refused, Err(StoreError::Stale(_))), "{refused:?}");
    assert_eq!(known(&*store, "a.txt").await.map(|known| known.is_published), Some(true));
}

pub async fn what_was_never_published_leaves_its_name(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    store.begin_publication(new(&claimed, "a.txt", "a")).await.expect("begun");
    store.withdraw_publication(file("a.txt"), Digest::of("other")).await.expect("nothing to withdraw");
    assert!(known(&*store, "a.txt").await.is_some());
    store.withdraw_publication(file("a.txt"), Digest::of("a")).await.expect("withdrawn");
    assert_eq!(known(&*store, "a.txt").await, None);
    store.begin_publication(new(&claimed, "a.txt", "other")).await.expect("begun");
}

pub async fn nobody_publishes_without_the_lease(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let mut stale = new(&claimed, "a.txt", "a");
    stale.lease.number += 1;
    let refused = store.begin_publication(stale).await;
    assert!(matches!(refused, Err(StoreError::Stale(_))), "{refused:?}");
    assert_eq!(known(&*store, "a.txt").await, None);
}
