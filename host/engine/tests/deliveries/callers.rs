//! Callers that go away, and an engine that stops.

use std::{
    future::{Future as _, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::Poll,
    time::Duration,
};

use serde_json::json;
use sluse_model::{Outcome, RunState, Standing};
use sluse_store::{PageRequest, RunFilter, Store};
use tokio::sync::Semaphore;

use crate::{
    bench::{Act, Bench, Target, submission},
    once::post,
};

#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_run_that_nobody_works_on() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let done = |_, _, _, _| async { Ok(Ok(Outcome::Done { output: "{}".into() })) };
    let bench = Bench::start(&target.url, done).await;
    bench.submit("warm").await;
    // The flow is known, so that the first look at it gets as far as the store.
    {
        let mut submitting = pin!(bench.engine.submit(submission(json!({"text": "x"}), None)));
        let is_pending = poll_fn(|context| Poll::Ready(submitting.as_mut().poll(context).is_pending())).await;
        assert!(is_pending, "it was not called off in the middle");
    }

    let store: &dyn Store = &*bench.store;
    for _ in 0..500 {
        let filter = RunFilter { state: Some(RunState::Succeeded), ..RunFilter::default() };
        let page = store.runs(filter, PageRequest { limit: 10, after: None }).await.expect("read");
        if page.items.len() == 2 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the run was left behind");
}

#[tokio::test]
async fn an_engine_that_stops_begins_nothing_new() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let (began, gate) = (Arc::new(AtomicU32::new(0)), Arc::new(Semaphore::new(0)));
    let (counted, closed) = (began.clone(), gate.clone());
    let bench = Bench::start(&target.url, move |_, _, _, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        let closed = closed.clone();
        async move {
            let _open = closed.acquire().await;
            Ok(Ok(Outcome::Done { output: "{}".into() }))
        }
    })
    .await;
    // The bench has eight places.
    for _ in 0..20 {
        bench.submit("x").await;
    }
    while began.load(Ordering::SeqCst) < 8 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let engine = bench.engine.clone();
    let stopping = tokio::spawn(async move { engine.stop().await });
    while !bench.engine.stopping() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    gate.add_permits(20);
    assert_eq!(stopping.await.expect("stopped"), []);
    assert_eq!(began.load(Ordering::SeqCst), 8);
}

#[tokio::test]
async fn what_an_engine_cuts_off_is_listed_and_only_what_was_on_the_wire_is_in_doubt() {
    // The target never answers what comes second.
    let target = Target::start(&[Act::Answer(201), Act::Hang]).await;
    let bench = Bench::start(&target.url, |_, _, _, mut host| async move {
        let _ = host.send(post(false)).await;
        std::future::pending().await
    })
    .await;
    for flow in ["calm", "hasty"] {
        bench.connect(flow, &target.url, "").await;
    }
    let answered = bench.submit_to("calm").await;
    bench.until("the first is answered", async || target.seen().len() == 1).await;
    let sent = bench.submit_to("hasty").await;
    bench.until("the second is on the wire", async || target.seen().len() == 2).await;
    let cut_off = bench.engine.stop().await;
    let mut doubts: Vec<_> = cut_off.iter().map(|cut_off| cut_off.in_doubt.len()).collect();
    doubts.sort_unstable();
    assert_eq!(doubts, [0, 1]);
    for (run, in_doubt) in [(answered, false), (sent, true)] {
        let delivery = bench.first_delivery(run).await;
        assert_eq!(delivery.delivery.state.as_str(), "retrying", "it waits for the next start");
        let open = delivery.journal.iter().any(|intent| intent.standing == Standing::Open);
        assert_eq!(open, in_doubt);
    }
}
