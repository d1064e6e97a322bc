//! One act on many deliveries.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sluse_engine::{Bulk, BulkError};
use sluse_model::{
    Act as PersonAct, BatchAct, BatchId, BatchRefusal, Failure, Outcome, Problem, RunId, RunState, fakes::SeededDice,
};
use sluse_store::{Batch, Batches as _, DeliveryFilter, Runs as _};

use crate::bench::{Act, Bench, NOW, Target, clerk};

const RETRY: BatchAct = BatchAct::Retry { did_not_happen: false };

fn bulk(act: BatchAct) -> Bulk {
    let connection = Some("target".parse().expect("a name"));
    let filter = DeliveryFilter { connection, ..DeliveryFilter::default() };
    Bulk { act, filter, per_second: Some(100), by: clerk(), why: Some("the target is back".into()) }
}

/// A host whose target refuses the first times, and as many runs that wait for a person.
async fn refused(times: u32) -> (Bench, Vec<RunId>) {
    let target = Target::start(&[Act::Answer(200)]).await;
    let calls = Arc::new(AtomicU32::new(0));
    let bench = Bench::start(&target.url, move |_, _, _, _| {
        let refuses = calls.fetch_add(1, Ordering::SeqCst) < times;
        let rejected = Failure::Rejected { problem: Problem::new("no", "No.") };
        std::future::ready(Ok(if refuses { Err(rejected) } else { Ok(Outcome::Done { output: "{}".into() }) }))
    })
    .await;
    let mut runs = Vec::new();
    for _ in 0..times {
        let run = bench.submit("x").await;
        assert_eq!(bench.settled(run).await.run.state, RunState::Attention);
        runs.push(run);
    }
    (bench, runs)
}

async fn found(bench: &Bench, id: BatchId) -> Batch {
    bench.store.batch(id).await.expect("read").expect("a batch")
}

async fn through(bench: &Bench, id: BatchId) -> Batch {
    bench.until("it is through", async || found(bench, id).await.end.is_some()).await;
    found(bench, id).await
}

async fn state(bench: &Bench, run: RunId) -> RunState {
    bench.store.run(run).await.expect("read").expect("a run").run.state
}

#[tokio::test]
async fn what_failed_in_the_night_is_tried_again_at_once() {
    let (bench, runs) = refused(3).await;
    let preview = bench.engine.preview_bulk(bulk(RETRY)).await.expect("counted");
    assert_eq!((preview.count, preview.examples.len()), (3, 3));
    let batch = bench.engine.begin_bulk(bulk(RETRY)).await.expect("begun");
    assert_eq!((batch.found, batch.done), (3, 0));
    let batch = through(&bench, batch.id).await;
    assert_eq!((batch.done, batch.refused.len()), (3, 0));
    for run in runs {
        assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
        let acts = bench.first_delivery(run).await.acts;
        let told = (acts[0].batch, acts[0].by.name.as_str(), acts[0].why.as_deref());
        assert_eq!(told, (Some(batch.id), "clerk", Some("the target is back")));
    }
}

#[tokio::test]
async fn a_dry_run_does_nothing() {
    let (bench, runs) = refused(6).await;
    let preview = bench.engine.preview_bulk(bulk(BatchAct::Close)).await.expect("counted");
    assert_eq!((preview.count, preview.examples.len()), (6, 5));
    assert_eq!(bench.store.open_batches().await, Ok(Vec::new()));
    for run in runs {
        assert_eq!(state(&bench, run).await, RunState::Attention);
    }
}

#[tokio::test]
async fn a_batch_says_which_ones_and_why() {
    let (bench, _) = refused(1).await;
    let refused = async |bulk: Bulk| bench.engine.begin_bulk(bulk).await.expect_err("it was begun");
    let all = Bulk { filter: DeliveryFilter::default(), ..bulk(RETRY) };
    let told = refused(all).await.to_string();
    assert!(told.contains("say which deliveries") && told.contains("`connection`"), "{told}");
    let without_why = Bulk { why: Some(" ".into()), ..bulk(BatchAct::Close) };
    assert_eq!(refused(without_why).await, BulkError::NoReason);
    for rate in [0, 101] {
        assert_eq!(refused(Bulk { per_second: Some(rate), ..bulk(RETRY) }).await, BulkError::WrongRate);
    }
    let filter = DeliveryFilter { state: Some("closed".into()), ..DeliveryFilter::default() };
    let told = refused(Bulk { filter, ..bulk(RETRY) }).await.to_string();
    assert_eq!(told, "`retry` is not possible in state `closed`: use attention, retrying");
}

#[tokio::test]
async fn what_came_later_is_not_touched_and_what_others_did_is_passed_by() {
    let (bench, runs) = refused(4).await;
    let slow = Bulk { per_second: Some(2), ..bulk(BatchAct::Close) };
    let batch = bench.engine.begin_bulk(slow).await.expect("begun");
    bench.until("the first is closed", async || found(&bench, batch.id).await.done > 0).await;
    // They were looked up already when somebody acts on one of them.
    let id = bench.first_delivery(runs[0]).await.delivery.id;
    let close = bench.engine.act(id, PersonAct::Close, clerk(), Some("withdrawn".into()), None).await;
    close.expect("done");
    let batch = through(&bench, batch.id).await;
    assert_eq!((batch.done, batch.refused.get(&BatchRefusal::NotPossible)), (3, Some(&1)));
    assert_eq!(bench.first_delivery(runs[0]).await.acts[0].batch, None);
}

/// Whoever began it has looked at what stood there then: nothing is said of a doubt that arose since.
#[tokio::test]
async fn what_failed_again_after_it_began_is_passed_by() {
    let (bench, runs) = refused(4).await;
    let slow = Bulk { per_second: Some(2), ..bulk(BatchAct::Close) };
    let batch = bench.engine.begin_bulk(slow).await.expect("begun");
    bench.until("the first is closed", async || found(&bench, batch.id).await.done > 0).await;
    bench.advance(Duration::from_secs(1));
    let id = bench.first_delivery(runs[0]).await.delivery.id;
    let queue = PersonAct::Assign { queue: Some("payroll".parse().expect("a name")) };
    bench.engine.act(id, queue, clerk(), None, None).await.expect("done");
    let batch = through(&bench, batch.id).await;
    assert_eq!((batch.done, batch.refused.get(&BatchRefusal::ChangedMeanwhile)), (3, Some(&1)));
    assert_eq!(state(&bench, runs[0]).await, RunState::Attention);
}

#[tokio::test]
async fn a_batch_can_be_stopped() {
    let (bench, runs) = refused(5).await;
    let slow = Bulk { per_second: Some(2), ..bulk(BatchAct::Close) };
    let id = bench.engine.begin_bulk(slow).await.expect("begun").id;
    bench.until("the first is closed", async || found(&bench, id).await.done > 0).await;
    let stopped = bench.engine.stop_bulk(id, clerk()).await.expect("stopped");
    assert_eq!(stopped.end.expect("it has ended").stopped_by, Some(clerk()));
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(found(&bench, id).await.done, stopped.done);
    assert_eq!(state(&bench, runs[0]).await, RunState::Attention);
    assert_eq!(bench.engine.stop_bulk(id, clerk()).await, Err(BulkError::Ended(id)));
    let nothing = BatchId::new(NOW, &SeededDice::new(9));
    assert_eq!(bench.engine.stop_bulk(nothing, clerk()).await, Err(BulkError::Unknown(nothing)));
}

#[tokio::test]
async fn a_batch_goes_on_after_a_restart_and_is_no_faster_than_it_may_be() {
    let (bench, runs) = refused(4).await;
    let slow = Bulk { per_second: Some(4), ..bulk(BatchAct::Close) };
    let began = std::time::Instant::now();
    let id = bench.engine.begin_bulk(slow).await.expect("begun").id;
    bench.until("the first is closed", async || found(&bench, id).await.done > 0).await;
    bench.engine.stop().await;
    let before = found(&bench, id).await;
    assert!(before.end.is_none() && before.done < 4, "{before:?}");
    let _another = bench.another_engine().await;
    let batch = through(&bench, id).await;
    assert_eq!((batch.done, batch.refused.len()), (4, 0));
    // Four acts, and a pause between any two but over the restart.
    assert!(began.elapsed() >= Duration::from_millis(500), "{:?}", began.elapsed());
    for run in runs {
        assert_eq!(bench.first_delivery(run).await.acts.len(), 1);
    }
}
