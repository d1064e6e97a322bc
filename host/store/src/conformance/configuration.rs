//! Connections and flows.

use std::sync::Arc;

use sluse_model::LimitsSince;

use super::fixtures::{NOW, connection, flow, later, name};
use crate::{Store, StoreError};

pub async fn what_was_applied_is_read_back(store: Arc<dyn Store>) {
    let (connections, flows) = (vec![connection("b", "workzone"), connection("a", "workzone")], vec![flow("f", "F")]);
    store.apply(connections, flows, Vec::new(), NOW).await.expect("applied");
    let kept = store.connections().await.expect("read");
    assert_eq!(kept.iter().map(|one| one.connection.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(kept[0].connection, connection("a", "workzone"));
    assert_eq!((kept[0].version, kept[0].changed_at), (1, NOW));
    assert_eq!(store.connection(&name("b")).await.expect("read").as_ref(), Some(&kept[1]));
    let kept = store.flow(&name("f")).await.expect("read").expect("kept");
    assert_eq!((&kept.flow, kept.changed_at), (&flow("f", "F"), NOW));
    assert_eq!(store.flows().await, Ok(vec![kept]));
    assert_eq!(store.connection(&name("c")).await, Ok(None));
    assert_eq!(store.flow(&name("c")).await, Ok(None));
}

pub async fn an_unchanged_connection_keeps_its_version(store: Arc<dyn Store>) {
    store.apply(vec![connection("a", "workzone")], vec![flow("f", "F")], Vec::new(), NOW).await.expect("applied");
    let before = (store.connections().await, store.flows().await);
    store.apply(vec![connection("a", "workzone")], vec![flow("f", "F")], Vec::new(), later(1)).await.expect("applied");
    assert_eq!((store.connections().await, store.flows().await), before);
}

pub async fn a_changed_connection_gets_a_new_version(store: Arc<dyn Store>) {
    let mut changed = connection("a", "workzone");
    store.apply(vec![changed.clone()], Vec::new(), Vec::new(), NOW).await.expect("applied");
    changed.title = "Changed".to_owned();
    store.apply(vec![changed.clone()], Vec::new(), Vec::new(), later(1)).await.expect("applied");
    let kept = store.connection(&name("a")).await.expect("read").expect("kept");
    assert_eq!((kept.connection, kept.version, kept.changed_at), (changed, 2, later(1)));
}

pub async fn attempt_limits_are_kept_with_their_time(store: Arc<dyn Store>) {
    let mut changed = connection("a", "workzone");
    let mut expected = Vec::new();
    for (at, max_attempts, title) in [(0, 5, ""), (1, 7, ""), (2, 7, "Only the title"), (3, 5, "")] {
        changed.retry.max_attempts = max_attempts;
        changed.title = title.to_owned();
        store
            .apply(vec![changed.clone(), connection("b", "workzone")], Vec::new(), Vec::new(), later(at))
            .await
            .expect("applied");
        if at != 2 {
            expected.push(LimitsSince { limits: changed.attempt_limits(), since: later(at) });
        }
    }
    assert_eq!(store.attempt_limits(&name("a")).await, Ok(expected));
    assert_eq!(store.attempt_limits(&name("b")).await.expect("read").len(), 1);
    assert_eq!(store.attempt_limits(&name("c")).await, Ok(Vec::new()));
}

pub async fn what_is_not_named_stays(store: Arc<dyn Store>) {
    store.apply(vec![connection("a", "workzone")], vec![flow("f", "")], Vec::new(), NOW).await.expect("applied");
    store.apply(vec![connection("b", "workzone")], vec![flow("g", "")], Vec::new(), NOW).await.expect("applied");
    assert_eq!(store.connections().await.expect("read").len(), 2);
    assert_eq!(store.flows().await.expect("read").len(), 2);
}

pub async fn a_flow_version_outlives_a_newer_one(store: Arc<dyn Store>) {
    store.apply(Vec::new(), vec![flow("f", "old")], Vec::new(), NOW).await.expect("applied");
    let old = store.flow(&name("f")).await.expect("read").expect("kept");
    store.apply(Vec::new(), vec![flow("f", "new")], Vec::new(), later(1)).await.expect("applied");
    let new = store.flow(&name("f")).await.expect("read").expect("kept");
    assert_eq!((new.flow.title.as_str(), new.changed_at), ("new", later(1)));
    assert_ne!(old.digest, new.digest);
    assert_eq!(store.flow_version(&old.digest).await, Ok(Some(old)));
    assert_eq!(store.flow_version(&new.digest).await, Ok(Some(new)));
}

pub async fn a_flow_may_return_to_an_earlier_version(store: Arc<dyn Store>) {
    for (title, at) in [("old", NOW), ("new", later(1)), ("old", later(2))] {
        store.apply(Vec::new(), vec![flow("f", title)], Vec::new(), at).await.expect("applied");
    }
    let kept = store.flow(&name("f")).await.expect("read").expect("kept");
    assert_eq!((kept.flow.title.as_str(), kept.changed_at), ("old", later(2)));
    assert_eq!(store.flows().await.expect("read").len(), 1);
}

pub async fn a_flow_of_the_host_s_own_is_kept_and_present_nowhere(store: Arc<dyn Store>) {
    let digest = store.keep_flow(flow("own", ""), NOW).await.expect("kept");
    assert_eq!(store.keep_flow(flow("own", ""), later(1)).await, Ok(digest));
    let kept = store.flow_version(&digest).await.expect("read").expect("kept");
    assert_eq!((kept.flow, kept.changed_at), (flow("own", ""), NOW));
    assert_eq!((store.flow(&name("own")).await, store.flows().await), (Ok(None), Ok(Vec::new())));
}

/// Whoever reads beside an apply sees all of it or nothing.
pub async fn apply_is_all_or_nothing(store: Arc<dyn Store>) {
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for round in 0..50 {
                let title = format!("{round}");
                let flows = ["f", "g", "h"].map(|name| flow(name, &title)).to_vec();
                store.apply(Vec::new(), flows, Vec::new(), later(round)).await?;
            }
            Ok::<_, StoreError>(())
        }
    });
    while !writer.is_finished() {
        let flows = store.flows().await.expect("read");
        assert!(flows.is_empty() || flows.len() == 3, "{} flows of 3", flows.len());
        assert!(flows.windows(2).all(|pair| pair[0].flow.title == pair[1].flow.title), "two rounds at once");
    }
    writer.await.expect("a task that ended").expect("applied");
}
