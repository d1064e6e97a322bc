//! Schedules: ticks as they come, and clocks that are set.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sluse_engine::FireError;
use sluse_model::{Outcome, SkipReason, Tick, TickState};
use sluse_store::Schedules as _;
use tokio::sync::Semaphore;

use crate::{
    bench::{Act, Bench, NOW, Target, clerk},
    feeds::ticks,
};

const MINUTE: Duration = Duration::from_secs(60);
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A connector whose calls wait to be let go on, and a schedule that starts its flow each hour.
async fn bench(more: &str) -> (Bench, Arc<Semaphore>, Arc<AtomicU32>) {
    let target = Target::start(&[Act::Answer(200)]).await;
    let (gate, calls) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicU32::new(0)));
    let (held, counted) = (gate.clone(), calls.clone());
    let bench = Bench::start(&target.url, move |_, _, _, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        let held = held.clone();
        async move {
            held.acquire().await.expect("nobody closes it").forget();
            Ok(Ok(Outcome::Done { output: "{}".into() }))
        }
    })
    .await;
    bench.apply(often(more)).await;
    bench
        .until("a plan", async || {
            let stored = bench.store.schedule(&"often".parse().expect("a name")).await.expect("read").expect("kept");
            stored.next.is_some() || !stored.schedule.enabled
        })
        .await;
    (bench, gate, calls)
}

fn often(more: &str) -> String {
    format!("[[schedule]]\nname = \"often\"\nflow = \"flow\"\nsubmission = {{ text = \"x\" }}\n{more}\n")
}

async fn until_ticks(bench: &Bench, count: usize) -> Vec<Tick> {
    bench.until("ticks", async || ticks(bench).await.len() == count).await;
    ticks(bench).await
}

#[tokio::test]
async fn a_tick_starts_a_run_and_the_next_one_comes_in_its_time() {
    let (bench, gate, calls) = bench("every = \"1h\"").await;
    gate.add_permits(10);
    let first = until_ticks(&bench, 1).await.remove(0);
    let run = first.run.expect("a run");
    assert_eq!((first.planned_at, first.is_late, first.count), (NOW, false, 1));
    bench.until("its call", async || calls.load(Ordering::SeqCst) == 1).await;
    assert_eq!(bench.settled(run).await.submission, r#"{"text":"x"}"#);
    bench.advance(60 * MINUTE);
    let second = until_ticks(&bench, 2).await.remove(0);
    assert_eq!(second.planned_at, NOW.plus(60 * MINUTE));
}

#[tokio::test]
async fn a_tick_that_overlaps_is_skipped_and_seen() {
    let (bench, _gate, _) = bench("every = \"1h\"").await;
    until_ticks(&bench, 1).await;
    bench.advance(60 * MINUTE);
    let skipped = until_ticks(&bench, 2).await.remove(0);
    assert_eq!((skipped.state, skipped.run), (TickState::Skipped { why: SkipReason::Overlap }, None));
    let refused = bench.engine.fire(&"often".parse().expect("a name"), clerk()).await;
    assert!(matches!(refused, Err(FireError::AtWork { overlap: "skip", .. })), "{refused:?}");
}

#[tokio::test]
async fn a_tick_that_waits_runs_afterwards_and_once() {
    let (bench, gate, calls) = bench("every = \"1h\"\noverlap = \"wait\"").await;
    until_ticks(&bench, 1).await;
    bench.advance(60 * MINUTE);
    let waiting = until_ticks(&bench, 2).await.remove(0);
    assert!(matches!(waiting.state, TickState::Queued { .. }), "{waiting:?}");
    bench.advance(60 * MINUTE);
    assert_eq!(until_ticks(&bench, 3).await[0].state, TickState::Skipped { why: SkipReason::Overlap });
    gate.add_permits(1);
    bench.until("the second call", async || calls.load(Ordering::SeqCst) == 2).await;
    let started = ticks(&bench).await.remove(1);
    assert!(matches!((&started.state, started.run), (TickState::Done { .. }, Some(_))), "{started:?}");
}

#[tokio::test]
async fn of_ticks_that_were_missed_the_latest_is_made_up_for_within_its_window() {
    let (bench, gate, _) = bench("every = \"1h\"\ncatch_up = \"30m\"").await;
    gate.add_permits(10);
    let run = until_ticks(&bench, 1).await[0].run.expect("a run");
    bench.settled(run).await;
    // Five hours and twenty minutes after the first.
    let since = bench.now().since(NOW);
    bench.advance(320 * MINUTE - since);
    let rows = until_ticks(&bench, 3).await;
    let late = rows.iter().find(|tick| tick.is_late).expect("a late one");
    assert_eq!(late.planned_at, NOW.plus(300 * MINUTE));
    let missed =
        rows.iter().find(|tick| tick.state == TickState::Skipped { why: SkipReason::Missed }).expect("missed ones");
    assert_eq!((missed.planned_at, missed.until, missed.count), (NOW.plus(60 * MINUTE), NOW.plus(240 * MINUTE), 4));
}

#[tokio::test]
async fn a_clock_that_is_set_by_a_year_causes_neither_a_storm_nor_a_stall() {
    for overlap in [
        "every = \"1h\"\noverlap = \"allow\"",
        "cron = \"0 * * * *\"\nzone = \"Europe/Copenhagen\"\noverlap = \"allow\"",
    ] {
        let (bench, gate, _) = bench(overlap).await;
        gate.add_permits(100);
        bench.advance(60 * MINUTE);
        bench.until("a tick", async || !ticks(&bench).await.is_empty()).await;
        let before = ticks(&bench).await.len();
        bench.advance(YEAR + MINUTE);
        bench
            .until("a row of what was missed", async || ticks(&bench).await.iter().any(|tick| tick.count == 1000))
            .await;
        let ahead = ticks(&bench).await.len();
        assert!(ahead <= before + 2, "{overlap}: {ahead} rows");
        bench.step_back(YEAR);
        tokio::time::sleep(Duration::from_millis(100)).await;
        let back = ticks(&bench).await.len();
        bench.advance(61 * MINUTE);
        bench.until("the next tick", async || ticks(&bench).await.len() > back).await;
        assert!(ticks(&bench).await.len() <= back + 2, "{overlap}");
    }
}

#[tokio::test]
async fn what_is_switched_off_is_not_fired_but_by_hand() {
    let (bench, gate, calls) = bench("every = \"1h\"\nenabled = false").await;
    gate.add_permits(10);
    bench.advance(180 * MINUTE);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(ticks(&bench).await, []);
    let id = bench.engine.fire(&"often".parse().expect("a name"), clerk()).await.expect("fired");
    let tick = ticks(&bench).await.remove(0);
    assert_eq!((tick.id, tick.by), (id, Some(clerk())));
    bench.until("its call", async || calls.load(Ordering::SeqCst) == 1).await;
    let nobody = bench.engine.fire(&"seldom".parse().expect("a name"), clerk()).await;
    assert!(matches!(nobody, Err(FireError::Unknown(_))), "{nobody:?}");
    // Once it is on, nothing is made up for that came while it was off.
    bench.apply(often("every = \"1h\"\nenabled = true\ncatch_up = \"12h\"")).await;
    let rows = until_ticks(&bench, 2).await;
    assert!(rows.iter().all(|tick| tick.count == 1 && !tick.is_late), "{rows:?}");
}

#[tokio::test]
async fn two_hosts_fire_a_tick_once() {
    let (bench, gate, calls) = bench("every = \"1h\"").await;
    gate.add_permits(100);
    let second = bench.another_engine().await;
    until_ticks(&bench, 1).await;
    for hour in 1..5 {
        let run = ticks(&bench).await[0].run.expect("a run");
        bench
            .until("the run's end", async || {
                let store: &dyn sluse_store::Store = &*bench.store;
                store.run(run).await.expect("read").expect("a run").run.closed_at.is_some()
            })
            .await;
        bench.advance(60 * MINUTE);
        assert_eq!(until_ticks(&bench, hour + 1).await.len(), hour + 1);
    }
    bench.until("the last call", async || calls.load(Ordering::SeqCst) >= 5).await;
    second.stop().await;
    assert_eq!(calls.load(Ordering::SeqCst), 5);
}
