//! What each way of ending leads to.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use sluse_connector::{Breakage, BreakageKind};
use sluse_engine::SubmitError;
use sluse_model::{DeliveryState, Failure, Outcome, Problem, Reason, RunState};

use crate::bench::{Act, Bench, Target};

fn done(output: &str) -> sluse_connector::Ended<Outcome> {
    Ok(Ok(Outcome::Done { output: output.into() }))
}

fn problem() -> Problem {
    Problem::new("because", "Because.")
}

#[track_caller]
fn reason(state: &DeliveryState) -> Reason {
    match state {
        DeliveryState::Attention(attention) => attention.reason,
        state => panic!("{state:?}"),
    }
}

async fn check(ended: sluse_connector::Ended<Outcome>, expected: Reason, kind: &str) {
    let target = Target::start(&[Act::Answer(200)]).await;
    let bench = Bench::start(&target.url, move |_, _, _, _| std::future::ready(ended.clone())).await;
    let run = bench.submit("x").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Attention);
    let detail = bench.first_delivery(run).await;
    assert_eq!(reason(&detail.delivery.state), expected);
    assert_eq!(detail.attempts.len(), 1);
    assert_eq!(detail.attempts[0].result.as_ref().map(|result| result.kind.as_str()), Some(kind));
}

#[tokio::test]
async fn what_is_done_closes_the_run() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let bench = Bench::start(&target.url, |_, _, input, _| async move {
        assert_eq!(input, r#"{"text":"hello"}"#);
        done(r#"{"id":"7"}"#)
    })
    .await;
    let run = bench.submit("hello").await;
    let detail = bench.settled(run).await;
    assert_eq!(detail.run.state, RunState::Succeeded);
    assert_eq!(detail.deliveries[0].output.as_deref(), Some(r#"{"id":"7"}"#));
}

#[tokio::test]
async fn what_a_person_has_to_see_waits_for_one() {
    check(Ok(Err(Failure::Invalid { problem: problem() })), Reason::Invalid, "invalid").await;
    check(Ok(Err(Failure::Rejected { problem: problem() })), Reason::Rejected, "rejected").await;
    check(Ok(Err(Failure::Denied { problem: problem() })), Reason::Denied, "denied").await;
    check(Ok(Err(Failure::Unknown { problem: problem() })), Reason::OutcomeUnknown, "unknown").await;
}

#[tokio::test]
async fn a_broken_connector_is_a_person_s_work() {
    let trap = Breakage { kind: BreakageKind::Trapped, message: "unreachable".into() };
    check(Err(trap), Reason::ConnectorBroken, "broken").await;
    check(done("not json"), Reason::ConnectorBroken, "broken").await;
    check(done(r#"{"id":7}"#), Reason::ConnectorBroken, "broken").await;
    check(Ok(Ok(Outcome::Waiting { state: String::new() })), Reason::ConnectorBroken, "broken").await;
}

#[tokio::test]
async fn an_unavailable_target_is_tried_as_often_as_the_policy_says() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let unavailable = Failure::Unavailable { problem: problem(), retry_after_ms: None };
    let bench = Bench::start(&target.url, move |_, _, _, _| std::future::ready(Ok(Err(unavailable.clone())))).await;
    let run = bench.submit("x").await;
    bench.settled(run).await;
    let detail = bench.first_delivery(run).await;
    assert_eq!((detail.attempts.len(), reason(&detail.delivery.state)), (3, Reason::AttemptsExhausted));
}

#[tokio::test]
async fn a_target_that_comes_back_is_found_again() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let bench = Bench::start(&target.url, move |call, _, _, _| {
        let attempt = counted.fetch_add(1, Ordering::SeqCst) + 1;
        assert_eq!(call.attempt, attempt, "attempts count up");
        let wait = Failure::Unavailable { problem: problem(), retry_after_ms: Some(200) };
        std::future::ready(if attempt < 3 { Ok(Err(wait)) } else { done("{}") })
    })
    .await;
    let run = bench.submit("x").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_the_target_s_silence() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let bench = Bench::start(&target.url, |call, _, _, _| async move {
        if call.attempt == 1 {
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        done("{}")
    })
    .await;
    let run = bench.submit("x").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    let kinds: Vec<String> = bench
        .first_delivery(run)
        .await
        .attempts
        .into_iter()
        .filter_map(|attempt| attempt.result.map(|result| result.kind))
        .collect();
    assert_eq!(kinds, ["unavailable", "done"]);
}

#[tokio::test]
async fn a_key_belongs_to_one_body() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let bench = Bench::start(&target.url, |_, _, _, _| std::future::ready(done("{}"))).await;
    let first = bench.try_submit(json!({"text": "a"}), Some("k")).await.expect("accepted");
    let again = bench.try_submit(json!({"text": "a"}), Some("k")).await.expect("accepted");
    assert_eq!((again.run, again.before), (first.run, true));
    let other = bench.try_submit(json!({"text": "b"}), Some("k")).await;
    assert!(matches!(other, Err(SubmitError::KeyTaken(run)) if run == first.run), "{other:?}");
}

#[tokio::test]
async fn a_stopping_engine_takes_nothing_new() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let bench = Bench::start(&target.url, |_, _, _, _| std::future::ready(done("{}"))).await;
    assert_eq!(bench.engine.stop().await, []);
    assert!(matches!(bench.try_submit(json!({"text": "a"}), None).await, Err(SubmitError::Stopping)));
}
