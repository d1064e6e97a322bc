//! A clock that is set by a year, either way, while work is under way and while nobody works.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use sluse_model::{Failure, Outcome, Problem, RunState};
use tokio::{sync::Semaphore, time::Instant};

use crate::bench::{Act, Bench, Target, fake};

/// So short that the lease keeper comes while a test waits: three times in it.
const LEASE: Duration = Duration::from_millis(300);

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Which way it is set.
#[derive(Debug, Clone, Copy)]
enum Way {
    Ahead,
    Back,
}

impl Way {
    fn step(self, bench: &Bench) {
        match self {
            Self::Ahead => bench.advance(YEAR),
            Self::Back => bench.step_back(YEAR),
        }
    }
}

/// A connector whose calls wait to be let go on.
async fn patient() -> (Bench, Arc<Semaphore>, Arc<AtomicU32>) {
    let target = Target::start(&[Act::Answer(200)]).await;
    let (gate, calls) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicU32::new(0)));
    let (held, counted) = (gate.clone(), calls.clone());
    let connector = fake(move |_, _, _, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        let held = held.clone();
        async move {
            held.acquire().await.expect("nobody closes it").forget();
            Ok(Ok(Outcome::Done { output: "{}".into() }))
        }
    });
    (Bench::leasing(LEASE, connector, &target.url).await, gate, calls)
}

/// A connector that finds the target unavailable in its first call.
async fn unlucky() -> (Bench, Arc<AtomicU32>) {
    let target = Target::start(&[Act::Answer(200)]).await;
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let bench = Bench::start(&target.url, move |_, _, _, _| {
        let number = counted.fetch_add(1, Ordering::SeqCst);
        let problem = Problem::new("busy", "Busy.");
        let busy = Failure::Unavailable { problem, retry_after_ms: Some(60_000) };
        let ended = if number == 0 { Err(busy) } else { Ok(Outcome::Done { output: "{}".into() }) };
        std::future::ready(Ok(ended))
    })
    .await;
    (bench, calls)
}

async fn wait_for(calls: &AtomicU32, count: u32) {
    for _ in 0..500 {
        if calls.load(Ordering::SeqCst) >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{} calls have begun", calls.load(Ordering::SeqCst));
}

/// Holds what is under way while the lease keeper comes, and comes again. Time runs so fast meanwhile that a lease has
/// lapsed between its renewal and the look at what has lapsed, as it has when the clock is set just then.
async fn hold(bench: &Bench) {
    let began = Instant::now();
    while began.elapsed() < 2 * LEASE {
        bench.advance(2 * LEASE);
        tokio::task::yield_now().await;
    }
}

async fn check_under_way(way: Way) {
    let (bench, gate, calls) = patient().await;
    let run = bench.submit("x").await;
    wait_for(&calls, 1).await;
    way.step(&bench);
    hold(&bench).await;
    gate.add_permits(1);
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(bench.first_delivery(run).await.attempts.len(), 1, "nobody took it for lost");
    let other = bench.submit("y").await;
    wait_for(&calls, 2).await;
    gate.add_permits(1);
    assert_eq!(bench.settled(other).await.run.state, RunState::Succeeded, "what comes later is done as before");
    assert_eq!(calls.load(Ordering::SeqCst), 2, "nothing was called again");
}

#[tokio::test]
async fn an_attempt_under_way_outlives_a_clock_that_is_set_ahead() {
    check_under_way(Way::Ahead).await;
}

#[tokio::test]
async fn an_attempt_under_way_outlives_a_clock_that_is_set_back() {
    check_under_way(Way::Back).await;
}

/// What waits a minute is tried again, at once or after that minute, and once.
async fn check_retrying(way: Way) {
    let (bench, calls) = unlucky().await;
    let run = bench.submit("x").await;
    wait_for(&calls, 1).await;
    let waits = || async {
        let delivery = bench.first_delivery(run).await.delivery;
        delivery.state.as_str() == "retrying"
    };
    while !waits().await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    way.step(&bench);
    // Nobody works meanwhile: another engine finds what the clock now says.
    let _second = bench.another_engine().await;
    for _ in 0..20 {
        bench.advance(Duration::from_secs(15));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded, "a clock that was set stalls nothing");
    assert_eq!(calls.load(Ordering::SeqCst), 2, "and causes no storm");
}

#[tokio::test]
async fn what_waits_is_tried_again_when_the_clock_was_set_ahead() {
    check_retrying(Way::Ahead).await;
}

#[tokio::test]
async fn what_waits_is_tried_again_when_the_clock_was_set_back() {
    check_retrying(Way::Back).await;
}

#[tokio::test]
async fn a_year_that_passes_at_once_starts_nothing_twice() {
    let (bench, gate, calls) = patient().await;
    bench.configure("http://127.0.0.1:9", &[("only", "read", json!({}))]).await;
    let runs = [bench.submit("a").await, bench.submit("b").await];
    wait_for(&calls, 2).await;
    for _ in 0..4 {
        bench.advance(YEAR);
        bench.step_back(YEAR);
    }
    gate.add_permits(8);
    for run in runs {
        assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    }
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}
