//! When to try again, and when no more.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sluse_connector::{Body, Effect, Host, Method, Request};
use sluse_model::{DeliveryState, Failure, Outcome, Problem, Reason, Resolution, RunId, RunState};

use crate::bench::{Act, Bench, Target};

fn unavailable() -> sluse_connector::Ended<Outcome> {
    Ok(Err(Failure::Unavailable { problem: Problem::new("busy", "Busy."), retry_after_ms: None }))
}

/// A host whose target is never available, and how often that was found out.
async fn never(policy: &str) -> (Bench, String, Arc<AtomicU32>) {
    let target = Target::start(&[Act::Answer(200)]).await;
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let bench = Bench::start(&target.url, move |_, _, _, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        std::future::ready(unavailable())
    })
    .await;
    bench.connect("never", &target.url, policy).await;
    (bench, target.url, calls)
}

/// Attempts, and the most that people are shown.
async fn shown(bench: &Bench, run: RunId) -> (u32, u32) {
    let delivery = bench.first_delivery(run).await.delivery;
    let outlook = bench.engine.outlook(&delivery).await.expect("read");
    (delivery.attempts, outlook.max_attempts)
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
    let run = bench.submit_to("never").await;
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
}

#[tokio::test]
async fn a_limit_that_was_raised_is_used_and_where_it_came_too_late_only_shown() {
    let (bench, url, calls) = never("retry = { max_attempts = 5, delays_ms = [100] }").await;
    let late = bench.submit_to("never").await;
    assert_eq!(bench.settled(late).await.run.state, RunState::Attention);
    let early = bench.submit_to("never").await;
    tried(&bench, early, 4).await;
    bench.connect("never", &url, "retry = { max_attempts = 7, delays_ms = [100] }").await;
    assert_eq!(bench.settled(early).await.run.state, RunState::Attention);
    assert_eq!((shown(&bench, late).await, shown(&bench, early).await), ((5, 7), (7, 7)));
    assert_eq!(calls.load(Ordering::SeqCst), 12);
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
}
