//! Connections at which nothing begins.

use std::sync::Arc;

use sluse_model::{Actor, Pause};

use super::fixtures::{NOW, apply, later, name, token_id};
use crate::{Store, StoreError};

fn pause(millis: u64, why: &str) -> Pause {
    Pause { since: later(millis), by: Actor { token: token_id(), name: "clerk".into() }, why: why.into() }
}

pub async fn a_pause_is_read_back_until_it_ends(store: Arc<dyn Store>) {
    apply(&*store).await;
    let pause = pause(5, "the target is being moved");
    store.pause(name("target"), pause.clone()).await.expect("paused");
    assert_eq!(store.pauses().await, Ok(vec![(name("target"), pause)]));
    assert_eq!(store.resume(name("target")).await, Ok(true));
    assert_eq!(store.pauses().await, Ok(Vec::new()));
    assert_eq!(store.resume(name("target")).await, Ok(false));
}

pub async fn a_pause_goes_on_for_another_reason(store: Arc<dyn Store>) {
    apply(&*store).await;
    store.pause(name("target"), pause(5, "the target is being moved")).await.expect("paused");
    let second = pause(9, "and it does not come up again");
    store.pause(name("target"), second.clone()).await.expect("paused");
    assert_eq!(store.pauses().await, Ok(vec![(name("target"), Pause { since: later(5), ..second })]));
    // Configuration does not end it.
    store
        .apply(vec![super::fixtures::connection("target", "other")], Vec::new(), Vec::new(), NOW)
        .await
        .expect("applied");
    assert_eq!(store.pauses().await.expect("read").len(), 1);
}

pub async fn what_is_not_there_is_not_paused(store: Arc<dyn Store>) {
    let nobody = Err(StoreError::NotFound("connection `nobody`".into()));
    assert_eq!(store.pause(name("nobody"), pause(5, "no")).await, nobody);
}
