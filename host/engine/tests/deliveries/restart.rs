//! What a former process left in the middle.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use sluse_model::{Outcome, RunState};

use crate::bench::{Act, Bench, Target};

/// A connector that hangs in its first call, and is done in every later one.
async fn hanging(operation: &'static str) -> (Bench, Arc<AtomicU32>) {
    let target = Target::start(&[Act::Answer(200)]).await;
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let bench = Bench::start(&target.url, move |_, _, _, _| {
        let number = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            if number == 0 {
                std::future::pending::<()>().await;
            }
            Ok(Ok(Outcome::Done { output: "{}".into() }))
        }
    })
    .await;
    let input = if operation == "act" { json!({"text": "x"}) } else { json!({}) };
    bench.configure(&target.url, &[("only", operation, input)]).await;
    (bench, calls)
}

async fn wait_for(calls: &AtomicU32) {
    for _ in 0..500 {
        if calls.load(Ordering::SeqCst) == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the first call did not begin");
}

#[tokio::test]
async fn a_lost_write_is_repeated() {
    let (bench, calls) = hanging("act").await;
    let run = bench.submit("x").await;
    wait_for(&calls).await;
    bench.advance(Duration::from_secs(31));
    let _second = bench.another_engine().await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    let lost = bench.first_delivery(run).await;
    let kinds: Vec<_> =
        lost.attempts.iter().filter_map(|attempt| Some(attempt.result.as_ref()?.kind.as_str())).collect();
    assert_eq!(kinds, ["lost", "done"]);
}

#[tokio::test]
async fn a_lost_read_is_repeated() {
    let (bench, calls) = hanging("read").await;
    let run = bench.submit("x").await;
    wait_for(&calls).await;
    bench.advance(Duration::from_secs(31));
    let _second = bench.another_engine().await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}
