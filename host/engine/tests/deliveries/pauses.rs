//! Connections at which somebody lets nothing begin.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use serde_json::json;
use sluse_engine::PauseError;
use sluse_model::{GateKind, Name, Outcome, RunState};
use sluse_store::Pauses as _;

use crate::bench::{Act, Bench, Target, clerk};

async fn bench() -> (Bench, Arc<AtomicU32>) {
    let target = Target::start(&[Act::Answer(200)]).await;
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let bench = Bench::start(&target.url, move |_, _, _, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok(Ok(Outcome::Done { output: "{}".into() })))
    })
    .await;
    bench.connect("other", &target.url, "").await;
    (bench, calls)
}

fn target() -> Name {
    "target".parse().expect("a name")
}

#[tokio::test]
async fn nothing_begins_at_a_paused_connection_until_it_is_resumed() {
    let (bench, calls) = bench().await;
    bench.engine.pause(&target(), clerk(), "it is being moved").await.expect("paused");
    let run = bench.submit("x").await;
    let other = bench.submit_to("other").await;
    assert_eq!(bench.settled(other).await.run.state, RunState::Succeeded);
    let waiting = bench.first_delivery(run).await;
    let gate = bench.engine.outlook(&waiting).await.expect("read").gate.expect("a gate");
    assert_eq!((gate.kind, gate.until), (GateKind::Paused, None));
    assert!(gate.message.contains("clerk: it is being moved"), "{gate:?}");
    assert_eq!((waiting.delivery.attempts, calls.load(Ordering::SeqCst)), (0, 1));
    bench.engine.resume(&target(), &clerk()).await.expect("resumed");
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(bench.engine.gate(&target()), None);
}

#[tokio::test]
async fn a_pause_outlives_the_process_and_new_configuration() {
    let (bench, _) = bench().await;
    bench.engine.pause(&target(), clerk(), "it is being moved").await.expect("paused");
    let after_a_restart = bench.another_engine().await;
    assert_eq!(after_a_restart.gate(&target()).expect("a gate").kind, GateKind::Paused);
    after_a_restart.resume_all(&clerk());
    assert_eq!(after_a_restart.gate(&target()).expect("a gate").kind, GateKind::Paused);
    let url = Target::start(&[Act::Answer(200)]).await.url;
    bench.configure(&url, &[("act", "act", json!({"text": "x"}))]).await;
    assert_eq!(bench.engine.gate(&target()).expect("a gate").kind, GateKind::Paused);
}

#[tokio::test]
async fn who_pauses_says_why_and_what() {
    let (bench, _) = bench().await;
    assert_eq!(bench.engine.pause(&target(), clerk(), " ").await, Err(PauseError::NoReason));
    let nobody: Name = "nobody".parse().expect("a name");
    assert_eq!(bench.engine.pause(&nobody, clerk(), "no").await, Err(PauseError::Unknown(nobody.clone())));
    assert_eq!(bench.engine.resume(&nobody, &clerk()).await, Err(PauseError::Unknown(nobody)));
    assert_eq!(bench.store.pauses().await, Ok(Vec::new()));
}
