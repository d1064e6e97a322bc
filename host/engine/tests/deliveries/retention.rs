//! What has been closed for long enough is given up.

use std::time::Duration;

use sluse_connector::Ended;
use sluse_engine::RetentionSettings;
use sluse_model::{Failure, Outcome, Problem, RunId, RunState};
use sluse_store::{Retention as _, Runs as _};

use crate::bench::{Act, Bench, Target};

/// Kept for so long; looked at all the time.
fn kept(seconds: u64) -> RetentionSettings {
    let age = Duration::from_secs(seconds);
    RetentionSettings { runs: age, journal: age, files: age, look_every: Duration::from_millis(10) }
}

/// A connector that is done with everything but `rejected`.
async fn bench() -> Bench {
    let target = Target::start(&[Act::Answer(200)]).await;
    Bench::start(&target.url, |_, _, input, _| async move { ended(&input) }).await
}

fn ended(input: &str) -> Ended<Outcome> {
    Ok(match input.contains("rejected") {
        true => Err(Failure::Rejected { problem: Problem::new("no", "No.") }),
        false => Ok(Outcome::Done { output: "{}".into() }),
    })
}

async fn is_kept(bench: &Bench, run: RunId) -> bool {
    bench.store.run(run).await.expect("read").is_some()
}

#[tokio::test]
async fn what_is_closed_goes_in_time_and_what_waits_for_a_person_stays() {
    let bench = bench().await;
    let (done, held) = (bench.submit("done").await, bench.submit("rejected").await);
    assert_eq!(bench.settled(done).await.run.state, RunState::Succeeded);
    assert_eq!(bench.settled(held).await.run.state, RunState::Attention);
    let _second = bench.another_engine_that_keeps(Some(kept(1800))).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(is_kept(&bench, done).await, "it is young");
    bench.advance(Duration::from_secs(1801));
    bench.until("the old run is given up", async || !is_kept(&bench, done).await).await;
    assert!(is_kept(&bench, held).await);
}

#[tokio::test]
async fn a_clock_that_was_set_by_a_year_gives_up_nothing() {
    let bench = bench().await;
    let done = bench.submit("done").await;
    assert_eq!(bench.settled(done).await.run.state, RunState::Succeeded);
    let _second = bench.another_engine_that_keeps(Some(kept(1800))).await;
    bench.until("a pass", async || bench.store.noted_time().await.expect("read").is_some()).await;
    bench.advance(Duration::from_secs(365 * 24 * 60 * 60));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(is_kept(&bench, done).await, "somebody has a day to look at the clock");
}

#[tokio::test]
async fn a_clock_that_was_set_while_nobody_ran_gives_up_nothing() {
    let bench = bench().await;
    let done = bench.submit("done").await;
    assert_eq!(bench.settled(done).await.run.state, RunState::Succeeded);
    let before = bench.another_engine_that_keeps(Some(kept(1800))).await;
    bench.until("a pass", async || bench.store.noted_time().await.expect("read").is_some()).await;
    before.stop().await;
    bench.advance(Duration::from_secs(365 * 24 * 60 * 60));
    let _after = bench.another_engine_that_keeps(Some(kept(1800))).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(is_kept(&bench, done).await, "somebody has a day to look at the clock");
}
