//! What has been closed for long enough is given up.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use sluse_connector::Ended;
use sluse_engine::{RetentionSettings, Submission, SubmittedFile};
use sluse_model::{Digest, Failure, Outcome, Problem, RunId, RunState};
use sluse_store::{Contents as _, Journal as _, Retention as _, Runs as _};

use crate::{
    bench::{Act, Bench, NOW, Target, submission},
    once::post,
};

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

/// Hands in a file.
async fn submit_file(bench: &Bench, text: &'static str) -> RunId {
    let mut writer = bench.store.write_content().await.expect("a writer");
    writer.write(Bytes::from_static(text.as_bytes())).await.expect("written");
    let content = writer.finish().await.expect("kept");
    let file = SubmittedFile { name: "a.txt".into(), media_type: "text/plain".into(), content };
    let submission = Submission { files: vec![file], ..submission(json!({"text": "x"}), None) };
    bench.engine.submit(submission).await.expect("accepted").run
}

/// Whether there are still: the journal of a run, what its file was called, the file, the run itself.
async fn left(bench: &Bench, run: RunId, file: &Digest) -> [bool; 4] {
    let content = bench.store.content_size(file).await.expect("read").is_some();
    let Some(detail) = bench.store.run(run).await.expect("read") else { return [false, false, content, false] };
    let journal = bench.store.journal(detail.deliveries[0].id).await.expect("read");
    [!journal.is_empty(), !detail.attachments.is_empty(), content, true]
}

#[tokio::test]
async fn journals_files_and_runs_go_each_in_their_own_time() {
    let target = Target::start(&[Act::Answer(201)]).await;
    let bench = Bench::start(&target.url, |_, _, _, mut host| async move {
        host.send(post(false)).await.expect("sent");
        ended("")
    })
    .await;
    let (run, file) = (submit_file(&bench, "a file").await, Digest::of("a file"));
    let is_done = async || bench.store.run(run).await.expect("read").expect("a run").run.state == RunState::Succeeded;
    bench.until("it is done", is_done).await;
    let [journal, files, runs] = [10, 20, 30].map(Duration::from_secs);
    let kept = RetentionSettings { journal, files, runs, look_every: Duration::from_millis(10) };
    let _second = bench.another_engine_that_keeps(Some(kept)).await;
    let mut before = [true; 4];
    for (age, after) in [(journal, [false, true, true, true]), (files, [false, false, false, true]), (runs, [false; 4])]
    {
        // As old as it may become: it closed at `NOW`.
        bench.advance(NOW.plus(age).since(bench.now()));
        bench.until("a pass", async || bench.store.noted_time().await == Ok(Some(bench.now()))).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(left(&bench, run, &file).await, before, "after {age:?}");
        bench.advance(Duration::from_millis(1));
        bench.until("it is given up", async || left(&bench, run, &file).await == after).await;
        before = after;
    }
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
