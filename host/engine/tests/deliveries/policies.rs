//! When to try again, and when no more.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use sluse_connector::{Body, Effect, Host, Method, Request};
use sluse_model::{DeliveryState, Failure, Outcome, Problem, Reason, Resolution, RunId, RunState};

use crate::{
    attention::told,
    bench::{Act, Bench, Target},
};

fn unavailable() -> sluse_connector::Ended<Outcome> {
    Ok(Err(Failure::Unavailable { problem: Problem::new("busy", "Busy."), retry_after_ms: None }))
}

/// A host whose target is never available for `act`, and how often that was found out. Its other operations go well.
async fn never(policy: &str) -> (Bench, String, Arc<AtomicU32>) {
    let target = Target::start(&[Act::Answer(200)]).await;
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let bench = Bench::start(&target.url, move |_, operation, _, _| {
        std::future::ready(if operation == "act" {
            counted.fetch_add(1, Ordering::SeqCst);
            unavailable()
        } else {
            Ok(Ok(Outcome::Done { output: r#"{"id":"1"}"#.into() }))
        })
    })
    .await;
    bench.connect("never", &target.url, policy).await;
    (bench, target.url, calls)
}

/// The flow `watched`, which does what `never` does, and whose owner is told of what was closed as failed.
const WATCHED: &str = r#"
[[flow]]
name = "tell-owner"
schema = true
[[flow.step]]
name = "tell"
connection = "target"
operation = "act-again"
input = { told = "{{ submission }}" }

[[flow]]
name = "watched"
schema = true
[flow.owner_notice]
flow = "tell-owner"
[[flow.step]]
name = "act"
connection = "never"
operation = "act"
input = { text = "watched" }
"#;

/// Attempts, and the most that people are shown.
async fn shown(bench: &Bench, run: RunId) -> (u32, u32) {
    let detail = bench.first_delivery(run).await;
    let outlook = bench.engine.outlook(&detail).await.expect("read");
    (detail.delivery.attempts, outlook.max_attempts)
}

async fn tried(bench: &Bench, run: RunId, times: u32) {
    for attempts in 1..=times {
        let waits = async || {
            let delivery = bench.first_delivery(run).await.delivery;
            delivery.attempts == attempts && matches!(delivery.state, DeliveryState::Retrying { .. })
        };
        bench.until("an attempt", waits).await;
        if attempts < times {
            bench.advance(Duration::from_millis(200));
        }
    }
}

#[tokio::test]
async fn a_limit_that_was_lowered_ends_it_at_the_next_due_attempt() {
    let (bench, url, calls) = never("retry = { max_attempts = 10, delays_ms = [100] }").await;
    bench.apply(WATCHED.into()).await;
    let run = bench.submit_to("watched").await;
    tried(&bench, run, 4).await;
    bench.connect("never", &url, "retry = { max_attempts = 4, delays_ms = [100], when_exhausted = \"close\" }").await;
    assert_eq!(shown(&bench, run).await, (4, 10));
    let closed = bench.settled(run).await;
    assert_eq!(closed.run.state, RunState::Failed);
    let state = &closed.deliveries[0].state;
    assert!(matches!(state, DeliveryState::Closed { resolution: Resolution::Failed, .. }), "{state:?}");
    assert_eq!((calls.load(Ordering::SeqCst), shown(&bench, run).await), (4, (4, 10)));
    // Its last error is still there to be seen.
    let attempts = bench.first_delivery(run).await.attempts;
    assert_eq!(attempts.len(), 4);
    assert!(attempts[3].result.as_ref().is_some_and(|result| result.problem.is_some()));
    // The owner is told of it, of the attempts that there were, and once.
    let notices = told(&bench, 1).await;
    let carried = bench.settled(notices[0].id).await;
    assert_eq!((carried.run.state, carried.run.caused_by), (RunState::Succeeded, Some(closed.deliveries[0].id)));
    let notice: Value = serde_json::from_str(&carried.submission).expect("JSON");
    let said = (&notice["type"], &notice["data"]["attempts"], &notice["data"]["problem"]["code"]);
    assert_eq!(said, (&json!("delivery.failed"), &json!(4), &json!("busy")));
    bench.advance(Duration::from_secs(60));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!((told(&bench, 1).await.len(), calls.load(Ordering::SeqCst)), (1, 4));
}

/// A limit is raised from 5 to 7 when one delivery has had its 5 attempts, and `ended`, and another one has had 4.
async fn check_raised(when_exhausted: &str, ended: RunState) {
    let policy = |most: u32| {
        format!("retry = {{ max_attempts = {most}, delays_ms = [100], when_exhausted = \"{when_exhausted}\" }}")
    };
    let (bench, url, calls) = never(&policy(5)).await;
    let late = bench.submit_to("never").await;
    assert_eq!((bench.settled(late).await.run.state, shown(&bench, late).await), (ended, (5, 5)));
    let early = bench.submit_to("never").await;
    tried(&bench, early, 4).await;
    bench.connect("never", &url, &policy(7)).await;
    assert_eq!(bench.settled(early).await.run.state, ended);
    // Nothing more begins, however long somebody waits.
    bench.advance(Duration::from_secs(60 * 60));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!((shown(&bench, late).await, shown(&bench, early).await), ((5, 7), (7, 7)));
    assert_eq!((calls.load(Ordering::SeqCst), bench.settled(late).await.run.state), (12, ended));
}

#[tokio::test]
async fn a_limit_that_was_raised_is_used_and_where_it_came_too_late_only_shown() {
    check_raised("attention", RunState::Attention).await;
}

#[tokio::test]
async fn a_limit_that_was_raised_opens_nothing_that_is_closed() {
    check_raised("close", RunState::Failed).await;
}

#[tokio::test]
async fn an_operation_may_have_a_policy_of_its_own() {
    let policy =
        "retry = { max_attempts = 5, delays_ms = [1] }\noperations = { act = { retry = { max_attempts = 2 } } }";
    let (bench, _, calls) = never(policy).await;
    let run = bench.submit_to("never").await;
    bench.settled(run).await;
    assert_eq!((shown(&bench, run).await, calls.load(Ordering::SeqCst)), ((2, 2), 2));
}

#[tokio::test]
async fn nothing_is_tried_again_that_is_too_old() {
    let (bench, _, calls) =
        never("retry = { max_attempts = 99, max_age_ms = 250, delays_ms = [100], floor_ms = 0 }").await;
    let run = bench.submit_to("never").await;
    let detail = bench.settled(run).await;
    let state = &detail.deliveries[0].state;
    assert!(matches!(state, DeliveryState::Attention(why) if why.reason == Reason::AttemptsExhausted), "{state:?}");
    assert!(calls.load(Ordering::SeqCst) <= 3);
}

#[tokio::test]
async fn what_failed_for_good_is_closed_where_the_policy_says_so() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let rejected = || Ok(Err(Failure::Rejected { problem: Problem::new("no", "No.") }));
    let bench = Bench::start(&target.url, move |_, _, _, _| std::future::ready(rejected())).await;
    bench.connect("strict", &target.url, "retry = { when_failed = \"close\" }").await;
    let run = bench.submit_to("strict").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Failed);
}

async fn get(host: &mut Box<dyn Host>) {
    let request = Request {
        method: Method::Get,
        endpoint: None,
        path: "/things".into(),
        headers: Vec::new(),
        body: Body::Empty,
        timeout: Some(Duration::from_millis(100)),
        effect: Effect::Read,
        intent_key: None,
        reconciled: false,
        keep: None,
    };
    let _ = host.send(request).await;
}

/// How long a connector that tells nothing of what it heard has to wait after this.
async fn wait_after(acts: &'static [Act]) -> Duration {
    let target = Target::start(acts).await;
    let bench = Bench::start(&target.url, |_, _, _, mut host| async move {
        get(&mut host).await;
        unavailable()
    })
    .await;
    bench.connect("silent", &target.url, "retry = { delays_ms = [1], floor_ms = 3000 }").await;
    let run = bench.submit_to("silent").await;
    tried(&bench, run, 1).await;
    let detail = bench.first_delivery(run).await;
    let DeliveryState::Retrying { due, .. } = detail.delivery.state else { panic!("{:?}", detail.delivery.state) };
    due.since(detail.delivery.changed_at)
}

#[tokio::test]
async fn the_host_hears_what_the_connector_does_not_hand_on() {
    assert_eq!(wait_after(&[Act::Answer(500)]).await, Duration::from_millis(1));
    assert_eq!(wait_after(&[Act::Answer(429)]).await, Duration::from_millis(3001));
    assert_eq!(wait_after(&[Act::Hang]).await, Duration::from_millis(3001));
    assert_eq!(wait_after(&[Act::Busy("120")]).await.as_secs(), 120);
    assert_eq!(wait_after(&[Act::Busy("Thu, 15 Jan 2026 08:05:00 GMT")]).await.as_secs(), 300);
    assert_eq!(wait_after(&[Act::Busy("9999999")]).await.as_secs(), 24 * 60 * 60);
    assert_eq!(wait_after(&[Act::Busy("Thu, 15 Jan 2099 08:00:00 GMT")]).await.as_secs(), 24 * 60 * 60);
}
