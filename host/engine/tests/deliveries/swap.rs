//! Another revision becomes active while deliveries are under way.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use sluse_engine::InstallOptions;
use sluse_model::{Digest, Failure, Outcome, Problem, RunState};
use tokio::sync::Notify;

use crate::bench::{Act, Bench, Target, WITHOUT_OPERATIONS};

/// A connector whose first call waits until it is told to go on, and then finds the target unavailable.
async fn patient() -> (Bench, Arc<Notify>, Arc<Notify>) {
    let target = Target::start(&[Act::Answer(200)]).await;
    let (began, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let calls = AtomicU32::new(0);
    let (begins, goes_on) = (began.clone(), go_on.clone());
    let bench = Bench::start(&target.url, move |_, _, _, _| {
        let is_first = calls.fetch_add(1, Ordering::SeqCst) == 0;
        let (begins, goes_on) = (begins.clone(), goes_on.clone());
        async move {
            if !is_first {
                return Ok(Ok(Outcome::Done { output: "{}".into() }));
            }
            begins.notify_one();
            goes_on.notified().await;
            Ok(Err(Failure::Unavailable { problem: Problem::new("busy", "Busy."), retry_after_ms: None }))
        }
    })
    .await;
    (bench, began, go_on)
}

#[tokio::test]
async fn a_call_in_flight_finishes_on_its_revision_and_the_next_attempt_uses_the_active_one() {
    let (bench, began, go_on) = patient().await;
    let first = Digest::of(b"a component");
    let run = bench.submit("x").await;
    began.notified().await;
    let second = bench.install(b"another component").await;

    let other = bench.submit("y").await;
    assert_eq!(bench.settled(other).await.run.state, RunState::Succeeded);
    go_on.notify_one();
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);

    let revisions = |delivery: sluse_store::DeliveryDetail| -> Vec<Digest> {
        delivery.attempts.iter().map(|attempt| attempt.revision).collect()
    };
    assert_eq!(revisions(bench.first_delivery(other).await), [second]);
    assert_eq!(revisions(bench.first_delivery(run).await), [first, second]);
}

#[tokio::test]
async fn what_would_not_work_any_more_is_not_activated_unless_somebody_insists() {
    let (bench, _, _) = patient().await;
    let connector = "fake".parse().expect("a name");
    let unfit = Bytes::from_static(WITHOUT_OPERATIONS);
    let refused = bench.engine.install(unfit.clone(), InstallOptions { activate: true, ..Default::default() }).await;
    assert!(matches!(refused, Err(sluse_engine::InstallError::Incompatible { .. })), "{refused:?}");
    let forced = InstallOptions { activate: true, force: true, ..Default::default() };
    let installed = bench.engine.install(unfit, forced).await.expect("installed");
    assert!(!installed.incompatibilities.is_empty());
    let back = bench.engine.roll_back(&connector, false).await.expect("rolled back");
    assert_eq!(back.revision.digest, Digest::of(b"a component"));
}

#[tokio::test]
async fn only_the_active_revision_and_the_one_before_stay_loaded() {
    let (bench, _, _) = patient().await;
    let connector = "fake".parse().expect("a name");
    let first = Digest::of(b"a component");
    for component in [b"second".as_slice(), b"third"] {
        bench.advance(Duration::from_secs(1));
        bench.install(component).await;
    }
    assert_eq!(bench.loads.load(Ordering::SeqCst), 3);
    bench.advance(Duration::from_secs(1));
    bench.engine.roll_back(&connector, false).await.expect("rolled back");
    assert_eq!(bench.loads.load(Ordering::SeqCst), 3, "the one before is at hand");
    bench.engine.activate(&connector, &first, false).await.expect("activated");
    assert_eq!(bench.loads.load(Ordering::SeqCst), 4, "the one before that is not");
}
