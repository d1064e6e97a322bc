//! What must happen once: nothing that may have happened is sent again by itself.

use std::time::Duration;

use serde_json::json;
use sluse_connector::{Body, Effect, Host, Method, Request, SendError};
use sluse_model::{DeliveryState, Failure, Outcome, Problem, Reason, RunState};

use crate::bench::{Act, Bench, Target};

pub(crate) fn post(reconciled: bool) -> Request {
    Request {
        method: Method::Post,
        endpoint: None,
        path: "/things".into(),
        headers: Vec::new(),
        body: Body::Empty,
        timeout: None,
        effect: Effect::Once,
        intent_key: None,
        reconciled,
        keep: None,
    }
}

pub(crate) fn get() -> Request {
    Request { method: Method::Get, effect: Effect::Read, ..post(false) }
}

pub(crate) fn unavailable() -> sluse_connector::Ended<Outcome> {
    Ok(Err(Failure::Unavailable { problem: Problem::new("busy", "Busy."), retry_after_ms: None }))
}

pub(crate) async fn send(host: &mut Box<dyn Host>, reconciled: bool) -> Result<u16, SendError> {
    host.send(post(reconciled)).await.map(|response| response.status)
}

/// Sends once and says `unavailable`, whatever came of it; gives the state and what the target saw.
async fn after(acts: &'static [Act]) -> (DeliveryState, usize, usize) {
    let target = Target::start(acts).await;
    let bench = Bench::start(&target.url, |_, _, _, mut host| async move {
        let _ = send(&mut host, false).await;
        unavailable()
    })
    .await;
    let run = bench.submit("x").await;
    bench.settled(run).await;
    let detail = bench.first_delivery(run).await;
    (detail.delivery.state, detail.attempts.len(), target.seen().len())
}

#[track_caller]
fn is_unknown(state: &DeliveryState) {
    let reason = match state {
        DeliveryState::Attention(attention) => attention.reason,
        state => panic!("{state:?}"),
    };
    assert_eq!(reason, Reason::OutcomeUnknown);
}

#[tokio::test]
async fn an_interrupted_request_is_never_sent_again_by_itself() {
    let (state, attempts, seen) = after(&[Act::Drop]).await;
    is_unknown(&state);
    assert_eq!((attempts, seen), (3, 1), "each attempt could have looked");
}

#[tokio::test]
async fn a_broken_target_leaves_it_open() {
    for acts in [&[Act::Answer(500)], &[Act::Answer(502)], &[Act::Answer(504)], &[Act::Answer(408)]] {
        let (state, attempts, seen) = after(acts).await;
        is_unknown(&state);
        assert_eq!((attempts, seen), (3, 1));
    }
}

#[tokio::test]
async fn what_happened_is_not_repeated() {
    let (state, attempts, seen) = after(&[Act::Answer(201)]).await;
    assert!(matches!(&state, DeliveryState::Attention(attention) if attention.reason == Reason::AttemptsExhausted));
    assert_eq!((attempts, seen), (3, 1));
}

#[tokio::test]
async fn what_was_refused_may_go_again() {
    for acts in [&[Act::Answer(503)], &[Act::Answer(429)], &[Act::Answer(409)]] {
        let (state, attempts, seen) = after(acts).await;
        assert!(matches!(&state, DeliveryState::Attention(attention) if attention.reason == Reason::AttemptsExhausted));
        assert_eq!((attempts, seen), (3, 3));
    }
}

#[tokio::test]
async fn what_never_left_may_go_again() {
    let bench = Bench::start("http://127.0.0.1:9", |_, _, _, mut host| async move {
        let error = send(&mut host, false).await.expect_err("nobody listens there");
        assert!(matches!(error, SendError::Unreachable(_)), "{error:?}");
        unavailable()
    })
    .await;
    let run = bench.submit("x").await;
    bench.settled(run).await;
    assert_eq!(bench.first_delivery(run).await.attempts.len(), 3);
}

#[tokio::test]
async fn a_second_try_is_held_back_until_the_connector_has_looked() {
    let target = Target::start(&[Act::Drop, Act::Answer(404), Act::Answer(201)]).await;
    let bench = Bench::start(&target.url, |_, _, _, mut host| async move {
        assert!(matches!(send(&mut host, false).await, Err(SendError::Interrupted(_))));
        assert!(matches!(send(&mut host, false).await, Err(SendError::Interrupted(_))), "held back");
        assert!(matches!(send(&mut host, true).await, Err(SendError::Interrupted(_))), "nobody has looked");
        assert_eq!(host.send(get()).await.map(|response| response.status), Ok(404));
        assert!(matches!(send(&mut host, false).await, Err(SendError::Interrupted(_))), "it does not say so");
        assert_eq!(send(&mut host, true).await, Ok(201));
        Ok(Ok(Outcome::Done { output: "{}".into() }))
    })
    .await;
    let run = bench.submit("x").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(target.seen().len(), 3, "those in the middle never left");
}

#[tokio::test]
async fn a_call_that_is_cut_off_in_the_middle_leaves_the_request_in_doubt() {
    // The target never answers, and the call's time ends first.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let holding = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            held.push(stream);
        }
    });
    let bench = Bench::start(&url, |_, _, _, mut host| async move {
        let _ = send(&mut host, false).await;
        unavailable()
    })
    .await;
    let run = bench.submit("x").await;
    bench.settled(run).await;
    is_unknown(&bench.first_delivery(run).await.delivery.state);
    holding.abort();
}

/// Sends, and stops waiting for the answers after a moment, as the sandbox does with a host that is slow.
async fn send_and_stop_waiting(host: &mut Box<dyn Host>, count: usize) {
    let requests = (0..count).map(|_| post(false)).collect();
    let waited = tokio::time::timeout(Duration::from_millis(300), host.send_all(requests)).await;
    assert!(waited.is_err(), "the target hangs");
}

#[tokio::test]
async fn what_the_connector_stopped_waiting_for_is_in_doubt() {
    // One of the two is answered, and the connector hears of neither.
    let target = Target::start(&[Act::Answer(201), Act::Hang]).await;
    let bench = Bench::start(&target.url, |call, _, _, mut host| async move {
        let mut other = post(false);
        other.body = Body::Content(sluse_connector::Content::Bytes("other".into()));
        if call.attempt > 1 {
            return unavailable();
        }
        send_and_stop_waiting(&mut host, 2).await;
        match host.send(other).await {
            Err(SendError::Interrupted(_)) => unavailable(),
            sent => panic!("{sent:?}"),
        }
    })
    .await;
    let run = bench.submit("x").await;
    bench.settled(run).await;
    is_unknown(&bench.first_delivery(run).await.delivery.state);
    assert_eq!(target.seen().len(), 2);
}

#[tokio::test]
async fn an_operation_that_promised_to_read_only_cannot_write() {
    let target = Target::start(&[Act::Answer(201)]).await;
    let bench = Bench::start(&target.url, |_, _, _, mut host| async move {
        let refused = send(&mut host, false).await;
        assert!(matches!(&refused, Err(SendError::Forbidden(why)) if why.contains("`reads-only`")), "{refused:?}");
        Ok(Ok(Outcome::Done { output: "{}".into() }))
    })
    .await;
    bench.configure(&target.url, &[("only", "read", json!({}))]).await;
    let run = bench.submit("x").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(target.seen().len(), 0);
}
