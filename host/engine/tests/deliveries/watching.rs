//! What those see who watch: whether schedules do what they are for, and figures that agree with what happened.

use std::{sync::Arc, time::Duration};

use sluse_engine::{ConnectionCounts, GateFigures, PollCounts};
use sluse_model::{Failure, Name, Problem, Wellbeing};

use crate::{
    bench::{Bench, NOW, clerk},
    feeds::{Source, bench, item, poll_often, ticks},
};

fn away() -> Failure {
    Failure::Unavailable { problem: Problem::new("away", "The source is away."), retry_after_ms: Some(1000) }
}

fn target() -> Name {
    "target".parse().expect("a name")
}

async fn wellbeing(bench: &Bench) -> Wellbeing {
    bench.engine.schedule_figures().await.expect("read").remove(0).wellbeing
}

async fn polls(bench: &Bench) -> PollCounts {
    *bench.engine.figures().await.expect("read").counts.polls.values().next().expect("one schedule")
}

async fn until_it_is(bench: &Bench, expected: &str) {
    bench.until(expected, async || wellbeing(bench).await.as_str() == expected).await;
}

async fn until_succeeded(bench: &Bench) {
    let has = async || bench.engine.schedule_figures().await.expect("read")[0].stored.past.succeeded_at.is_some();
    bench.until("a poll that succeeds", has).await;
}

/// By steps in which a clock goes wrong, and is not set.
fn advance_slowly(bench: &Bench, steps: u32) {
    for _ in 0..steps {
        bench.advance(Duration::from_secs(50));
        bench.engine.wellbeing(&anything());
    }
}

/// Whoever asks has the clock looked at.
fn anything() -> sluse_store::StoredSchedule {
    let schedule = serde_json::json!({
        "name": "any", "every_ms": 1000, "jitter_ms": 0, "overlap": "skip", "catch_up_ms": 0, "enabled": true,
        "flow": "flow", "submission": {},
    });
    sluse_store::StoredSchedule {
        schedule: serde_json::from_value(schedule).expect("a schedule"),
        changed_at: NOW,
        next: None,
        at_work: None,
        waiting: None,
        latest: None,
        past: sluse_model::Past::default(),
    }
}

#[tokio::test]
async fn a_feed_that_fails_is_ill_until_it_succeeds() {
    let source = Arc::new(Source::default());
    source.failures.lock().expect("not poisoned").extend([away(), away(), away()]);
    let bench = bench(&source).await;
    poll_often(&bench, "").await;
    for tries in 1..=2 {
        bench.until("a try", async || ticks(&bench).await.first().is_some_and(|tick| tick.attempts == tries)).await;
        assert_eq!(wellbeing(&bench).await, Wellbeing::Well, "after {tries}");
        bench.until("its end", async || polls(&bench).await.retrying == u64::from(tries)).await;
        bench.advance(Duration::from_secs(10));
    }
    until_it_is(&bench, "failing").await;
    let figures = bench.engine.schedule_figures().await.expect("read").remove(0);
    let failure = figures.stored.past.failure.expect("a failure");
    assert_eq!(failure.problem.code, "away");
    // This tick has been given up, and the next one finds the source.
    bench.advance(Duration::from_secs(60));
    until_it_is(&bench, "well").await;
    bench.until("its count", async || polls(&bench).await.done == 1).await;
    let polls = polls(&bench).await;
    assert_eq!((polls.done, polls.retrying, polls.failed), (1, 2, 1));
}

#[tokio::test]
async fn a_feed_that_nobody_polls_has_not_run() {
    let source = Arc::new(Source::default());
    let bench = bench(&source).await;
    poll_often(&bench, "").await;
    until_succeeded(&bench).await;
    bench.engine.pause(&target(), clerk(), "it is being moved").await.expect("paused");
    let gates = bench.engine.gate_figures();
    assert_eq!(gates, [GateFigures { connection: target(), is_paused: true, is_left_alone: false }]);
    advance_slowly(&bench, 3);
    assert_eq!(wellbeing(&bench).await, Wellbeing::Well);
    advance_slowly(&bench, 1);
    assert_eq!(wellbeing(&bench).await, Wellbeing::NotRun { since: NOW });
    bench.engine.resume(&target(), &clerk()).await.expect("resumed");
    until_it_is(&bench, "well").await;
}

#[tokio::test]
async fn a_clock_that_is_set_and_a_start_give_an_interval_of_grace() {
    let source = Arc::new(Source::default());
    let bench = bench(&source).await;
    poll_often(&bench, "").await;
    until_succeeded(&bench).await;
    bench.engine.pause(&target(), clerk(), "nothing may run").await.expect("paused");
    bench.advance(Duration::from_secs(365 * 24 * 3600));
    assert_eq!(wellbeing(&bench).await, Wellbeing::Well);
    advance_slowly(&bench, 3);
    assert_eq!(wellbeing(&bench).await, Wellbeing::NotRun { since: NOW });
    let after_a_start = bench.another_engine().await;
    let fares = after_a_start.schedule_figures().await.expect("read").remove(0);
    assert_eq!(fares.wellbeing, Wellbeing::Well);
    bench.step_back(Duration::from_secs(365 * 24 * 3600));
    assert_eq!(wellbeing(&bench).await, Wellbeing::Well);
}

#[tokio::test]
async fn figures_agree_with_what_happened() {
    let source = Arc::new(Source::default());
    source.items.lock().expect("not poisoned").extend([item("a", "a"), item("b", "b"), item("c", "no")]);
    let bench = bench(&source).await;
    poll_often(&bench, "").await;
    let counts = async || -> ConnectionCounts {
        bench.engine.figures().await.expect("read").counts.connections.remove(&target()).expect("it is there")
    };
    // Two are filed and one waits for a person, and their source hears of all three.
    let all_settled = async || {
        let settled = counts().await.settled;
        (settled.succeeded, settled.attention) == (5, 1)
    };
    bench.until("all of it", all_settled).await;
    let seen = counts().await;
    assert_eq!((seen.accepted, seen.settled.failed), (6, 0));
    assert_eq!((seen.attempts.get("done"), seen.attempts.get("rejected")), (Some(&5), Some(&1)));
    assert_eq!(seen.durations.values().map(|durations| durations.count()).sum::<u64>(), 6);
    let figures = bench.engine.figures().await.expect("read");
    assert_eq!(figures.counts.runs.values().sum::<u64>(), 3);
    assert!(figures.commits.sizes.count() > 0);
}
