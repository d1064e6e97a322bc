//! Installed revisions.

use std::sync::Arc;

use sluse_model::{Digest, RevisionStanding};

use super::fixtures::{NOW, activate, content, install, later, name, revision};
use crate::{Store, StoreError};

pub async fn a_revision_is_installed_inactive(store: Arc<dyn Store>) {
    let digest = content(&*store, "one").await;
    let mut given = revision("workzone", digest, NOW);
    given.standing = RevisionStanding::Active { since: NOW };
    store.install(given).await.expect("installed");
    assert_eq!(store.revision(&digest).await, Ok(Some(revision("workzone", digest, NOW))));
    assert_eq!(store.active(&name("workzone")).await, Ok(None));
}

pub async fn installing_the_same_digest_again_changes_nothing(store: Arc<dyn Store>) {
    let digest = activate(&*store, "workzone", "one").await;
    let before = store.revisions().await;
    store.install(revision("workzone", digest, later(1))).await.expect("installed");
    assert_eq!(store.revisions().await, before);
}

pub async fn a_revision_without_its_bytes_is_refused(store: Arc<dyn Store>) {
    let refused = store.install(revision("workzone", Digest::of("nowhere"), NOW)).await;
    assert!(matches!(refused, Err(StoreError::NotFound(_))), "{refused:?}");
    assert_eq!(store.revisions().await, Ok(Vec::new()));
}

pub async fn activation_retires_the_one_before(store: Arc<dyn Store>) {
    let (old, new) = (install(&*store, "workzone", "one").await, install(&*store, "workzone", "two").await);
    let connector = name("workzone");
    assert_eq!(store.activate(&connector, &old, NOW).await, Ok(None));
    assert_eq!(store.activate(&connector, &new, later(1)).await, Ok(Some(old)));
    let standing = async |digest| store.revision(&digest).await.expect("read").expect("kept").standing;
    assert_eq!(standing(old).await, RevisionStanding::Retired { since: later(1) });
    assert_eq!(standing(new).await, RevisionStanding::Active { since: later(1) });
    assert_eq!(store.active(&connector).await.expect("read").map(|active| active.digest), Some(new));
    // Rollback is an activation like any other.
    assert_eq!(store.activate(&connector, &old, later(2)).await, Ok(Some(new)));
    assert_eq!(standing(old).await, RevisionStanding::Active { since: later(2) });
}

pub async fn activating_the_active_one_changes_nothing(store: Arc<dyn Store>) {
    let digest = activate(&*store, "workzone", "one").await;
    let before = store.revisions().await;
    assert_eq!(store.activate(&name("workzone"), &digest, later(1)).await, Ok(Some(digest)));
    assert_eq!(store.revisions().await, before);
}

pub async fn a_revision_of_another_connector_is_not_activated(store: Arc<dyn Store>) {
    let active = activate(&*store, "workzone", "one").await;
    let other = install(&*store, "interact", "two").await;
    for digest in [other, Digest::of("nowhere")] {
        let refused = store.activate(&name("workzone"), &digest, later(1)).await;
        assert!(matches!(refused, Err(StoreError::NotFound(_))), "{refused:?}");
    }
    let kept = store.active(&name("workzone")).await.expect("read").expect("still active");
    assert_eq!((kept.digest, kept.standing), (active, RevisionStanding::Active { since: NOW }));
}

pub async fn at_most_one_revision_is_active_at_every_moment(store: Arc<dyn Store>) {
    let digests = [activate(&*store, "workzone", "one").await, install(&*store, "workzone", "two").await];
    let swaps = tokio::spawn({
        let store = store.clone();
        async move {
            for round in 0..40 {
                store.activate(&name("workzone"), &digests[round % 2], NOW).await.expect("activated");
            }
        }
    });
    while !swaps.is_finished() {
        let revisions = store.revisions().await.expect("read");
        let active = revisions.iter().filter(|one| matches!(one.standing, RevisionStanding::Active { .. }));
        assert_eq!(active.count(), 1);
    }
    swaps.await.expect("a task that ended");
}

pub async fn revisions_are_listed_by_connector_the_latest_first(store: Arc<dyn Store>) {
    for (connector, text, at) in [("b", "1", 1), ("a", "2", 2), ("a", "3", 3)] {
        let digest = content(&*store, text).await;
        store.install(revision(connector, digest, later(at))).await.expect("installed");
    }
    let listed = store.revisions().await.expect("read");
    let listed: Vec<_> = listed.iter().map(|one| (one.connector.as_str(), one.installed_at)).collect();
    assert_eq!(listed, [("a", later(3)), ("a", later(2)), ("b", later(1))]);
}
