//! Operations that somebody asks for one by one, and waits for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use sluse_connector::{Breakage, BreakageKind, Ended};
use sluse_engine::{CallClass, CallError, CallRequest, Called, SubmitError};
use sluse_model::{
    Act, CALL_FLOW, DeliveryId, DeliveryState, Digest, Failure, GateKind, Name, Outcome, Problem, Reason, RunState,
};
use sluse_store::{DeliveryDetail, DeliveryFilter, Page, PageRequest, RunFilter, Store};
use tokio::{sync::Semaphore, time::Instant};

use crate::{
    bench::{Act as TargetAct, Bench, Target, clerk},
    once::{get, post, unavailable},
};

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

/// A call of an operation, by somebody who waits for so long.
pub(crate) fn call(operation: &str, within_ms: u64) -> CallRequest {
    CallRequest {
        connection: name("target"),
        operation: name(operation),
        input: json!({"text": "x"}),
        idempotency_key: None,
        within: Duration::from_millis(within_ms),
    }
}

fn under(key: &str, request: CallRequest) -> CallRequest {
    CallRequest { idempotency_key: Some(key.into()), ..request }
}

fn done() -> Ended<Outcome> {
    Ok(Ok(Outcome::Done { output: r#"{"id": "7"}"#.into() }))
}

/// Longer than anything here takes.
const LONG_MS: u64 = 20_000;

/// Each call of the connector waits for a permit, and is counted.
async fn held() -> (Bench, Arc<Semaphore>, Arc<AtomicU32>) {
    let target = Target::start(&[TargetAct::Answer(200)]).await;
    let (open, calls) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicU32::new(0)));
    let (closed, counted) = (open.clone(), calls.clone());
    let bench = Bench::start(&target.url, move |_, _, _, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        let closed = closed.clone();
        async move {
            closed.acquire().await.expect("open").forget();
            done()
        }
    })
    .await;
    (bench, open, calls)
}

async fn delivery(bench: &Bench, id: DeliveryId) -> DeliveryDetail {
    let store: &dyn Store = &*bench.store;
    store.delivery(id).await.expect("read").expect("a delivery")
}

async fn deliveries(bench: &Bench) -> u64 {
    let store: &dyn Store = &*bench.store;
    store.count_deliveries(DeliveryFilter::default()).await.expect("counted")
}

#[track_caller]
fn of_delivery(called: Result<Called, CallError>) -> DeliveryId {
    match called.expect("called") {
        Called::Done { delivery, .. } | Called::UnderWay { delivery, .. } => delivery,
        Called::Read { .. } => panic!("nothing is kept of it"),
    }
}

#[tokio::test]
async fn what_only_reads_leaves_no_row() {
    let target = Target::start(&[TargetAct::Answer(200)]).await;
    let bench = Bench::start(&target.url, |_, _, _, mut host| async move {
        assert!(host.send(post(false)).await.is_err(), "it changed something");
        assert!(host.create_attachment("a".into(), "b/c".into(), bytes::Bytes::new()).await.is_err());
        let status = host.send(get()).await.expect("an answer").status;
        Ok(Ok(Outcome::Done { output: json!({"status": status}).to_string() }))
    })
    .await;
    let called = bench.engine.call(call("read", LONG_MS)).await.expect("called");
    let revision = Digest::of(b"a component");
    assert_eq!(called, Called::Read { output: r#"{"status":200}"#.into(), revision });
    assert_eq!((target.seen().len(), deliveries(&bench).await), (1, 0));
}

#[tokio::test]
async fn everything_else_is_a_delivery_and_is_answered_once_it_is_done() {
    let target = Target::start(&[TargetAct::Answer(201)]).await;
    let bench = Bench::start(&target.url, |_, _, _, mut host| async move {
        host.send(post(false)).await.expect("an answer");
        done()
    })
    .await;
    let called = bench.engine.call(call("act", LONG_MS)).await.expect("called");
    let Called::Done { delivery: id, output, revision } = called else { panic!("{called:?}") };
    assert_eq!((output.as_str(), revision), (r#"{"id": "7"}"#, Some(Digest::of(b"a component"))));
    let kept = delivery(&bench, id).await;
    assert_eq!((kept.delivery.input.as_str(), kept.attempts.len()), (r#"{"text":"x"}"#, 1));
    let store: &dyn Store = &*bench.store;
    let run = store.run(kept.delivery.run).await.expect("read").expect("a run").run;
    assert_eq!((run.flow.as_str(), run.state, run.idempotency_key), (CALL_FLOW, RunState::Succeeded, None));
}

#[tokio::test]
async fn what_is_not_through_at_the_deadline_goes_on_and_is_found() {
    let (bench, open, _) = held().await;
    let called = bench.engine.call(under("k", call("act", 200))).await.expect("called");
    let Called::UnderWay { delivery: id, state } = called else { panic!("{called:?}") };
    assert_eq!(state, "running");
    open.add_permits(1);
    let closed = async || matches!(delivery(&bench, id).await.delivery.state, DeliveryState::Closed { .. });
    bench.until("it goes on", closed).await;
    let again = bench.engine.call(under("k", call("act", LONG_MS))).await.expect("called");
    assert!(matches!(again, Called::Done { delivery, .. } if delivery == id), "{again:?}");
}

#[tokio::test]
async fn what_only_reads_is_called_off_at_the_deadline() {
    let (bench, _open, calls) = held().await;
    let began = Instant::now();
    let late = bench.engine.call(call("read", 200)).await.expect_err("too late");
    assert!(matches!(late, CallError::DeadlinePassed { within_ms: 200, .. }), "{late:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!((calls.load(Ordering::SeqCst), deliveries(&bench).await), (1, 0));
    assert_eq!(bench.engine.gate(&name("target")), None, "it has left its place");
}

#[tokio::test]
async fn a_key_is_one_delivery_within_its_operation() {
    let (bench, open, calls) = held().await;
    open.add_permits(10);
    let engine = &bench.engine;
    let first = of_delivery(engine.call(under("k", call("act", LONG_MS))).await);
    assert_eq!(of_delivery(engine.call(under("k", call("act", LONG_MS))).await), first);
    let other = CallRequest { input: json!({"text": "y"}), ..under("k", call("act", LONG_MS)) };
    let refused = engine.call(other).await.expect_err("another input");
    assert!(matches!(refused, CallError::Submit(SubmitError::KeyTaken(_))), "{refused:?}");
    assert_ne!(of_delivery(engine.call(under("k", call("act-again", LONG_MS))).await), first);
    assert_ne!(of_delivery(engine.call(call("act", LONG_MS)).await), first);
    let bad = engine.call(under("", call("act", LONG_MS))).await.expect_err("no key");
    assert!(matches!(bad, CallError::Submit(SubmitError::BadKey)), "{bad:?}");
    assert_eq!((calls.load(Ordering::SeqCst), deliveries(&bench).await), (3, 3));
}

#[tokio::test]
async fn two_callers_with_one_key_get_one_answer() {
    let (bench, open, calls) = held().await;
    let request = || under("k", call("act", LONG_MS));
    let both = tokio::join!(bench.engine.call(request()), bench.engine.call(request()), async {
        bench.until("it runs", async || calls.load(Ordering::SeqCst) > 0).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        open.add_permits(2);
    });
    let (one, other) = (both.0.expect("called"), both.1.expect("called"));
    assert!(matches!(one, Called::Done { .. }), "{one:?}");
    assert_eq!(one, other);
    assert_eq!((calls.load(Ordering::SeqCst), deliveries(&bench).await), (1, 1));
}

#[tokio::test]
async fn a_caller_that_goes_away_calls_off_only_what_reads() {
    let (bench, open, calls) = held().await;
    for (operation, kept) in [("read", 0), ("act", 1)] {
        let gone = tokio::time::timeout(Duration::from_millis(300), bench.engine.call(call(operation, LONG_MS))).await;
        assert!(gone.is_err(), "{operation} was answered");
        assert_eq!(deliveries(&bench).await, kept, "{operation}");
    }
    open.add_permits(2);
    let closed = DeliveryFilter { state: Some("closed".into()), ..DeliveryFilter::default() };
    let store: &dyn Store = &*bench.store;
    let is_closed = async || store.count_deliveries(closed.clone()).await.expect("counted") == 1;
    bench.until("it goes on", is_closed).await;
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_input_that_does_not_fit_begins_nothing() {
    let (bench, _open, calls) = held().await;
    for (request, path) in [
        (CallRequest { input: json!({"text": 7}), ..call("act", LONG_MS) }, Some("/text")),
        (call("nothing", LONG_MS), None),
        (CallRequest { connection: name("nobody"), ..call("act", LONG_MS) }, None),
    ] {
        let refused = bench.engine.call(request).await.expect_err("it does not fit");
        match (refused, path) {
            (CallError::DoesNotFit { violations, .. }, Some(path)) => assert_eq!(violations[0].path, path),
            (CallError::UnknownOperation { .. } | CallError::UnknownConnection(_), None) => {}
            (other, _) => panic!("{other:?}"),
        }
    }
    assert_eq!((calls.load(Ordering::SeqCst), deliveries(&bench).await), (0, 0));
}

/// What the connector says of it, by the input.
async fn failing(input: String) -> Ended<Outcome> {
    let problem = || Problem::new("no", "Nej.");
    let input: Value = serde_json::from_str(&input).expect("JSON");
    Ok(match input["text"].as_str() {
        Some("trapped") => return Err(Breakage { kind: BreakageKind::Trapped, message: "unreachable".into() }),
        Some("invalid") => Err(Failure::Invalid { problem: problem() }),
        Some("rejected") => Err(Failure::Rejected { problem: problem() }),
        Some("denied") => Err(Failure::Denied { problem: problem() }),
        Some("unknown") => Err(Failure::Unknown { problem: problem() }),
        Some("busy") => Err(Failure::Unavailable { problem: problem(), retry_after_ms: Some(3_000) }),
        _ => Ok(Outcome::Done { output: r#"{"id": 7}"#.into() }),
    })
}

#[tokio::test]
async fn what_came_of_it_has_its_class() {
    let target = Target::start(&[TargetAct::Answer(200)]).await;
    let bench = Bench::start(&target.url, |_, _, input, _| failing(input)).await;
    let ask = async |operation: &str, text: &str| {
        let request = CallRequest { input: json!({"text": text}), ..call(operation, LONG_MS) };
        match bench.engine.call(request).await {
            Err(CallError::Failed(failure)) => *failure,
            other => panic!("{operation} {text}: {other:?}"),
        }
    };
    for (text, class, reason) in [
        ("trapped", CallClass::Broken, Reason::ConnectorBroken),
        ("invalid", CallClass::Invalid, Reason::Invalid),
        ("rejected", CallClass::Rejected, Reason::Rejected),
        ("denied", CallClass::Denied, Reason::Denied),
        ("unknown", CallClass::Unknown, Reason::OutcomeUnknown),
    ] {
        let read = ask("read", text).await;
        assert_eq!((read.class, read.delivery), (class, None), "{text}");
        let kept = ask("act", text).await;
        assert_eq!((kept.class, kept.delivery.and_then(|failed| failed.reason)), (class, Some(reason)), "{text}");
        assert_eq!(kept.problem.message, read.problem.message);
    }
    let busy = ask("read", "busy").await;
    assert_eq!((busy.class, busy.retry_after), (CallClass::Unavailable, Some(Duration::from_secs(3))));
    // Of what it gives for these the description says that it is a text.
    assert_eq!(ask("act", "else").await.class, CallClass::Broken);
}

#[tokio::test]
async fn a_person_s_work_is_answered_when_it_is_done() {
    let target = Target::start(&[TargetAct::Answer(200)]).await;
    let bench = Bench::start(&target.url, |_, _, input, _| failing(input)).await;
    let request = || CallRequest { input: json!({"text": "rejected"}), ..under("k", call("act", LONG_MS)) };
    let Err(CallError::Failed(failure)) = bench.engine.call(request()).await else { panic!("it was not rejected") };
    let id = failure.delivery.expect("kept").id;
    let act = Act::Resolve { output: r#"{"id": "by hand"}"#.into() };
    bench.engine.act(id, act, clerk(), Some("it was done".into()), None).await.expect("resolved");
    let Ok(Called::Done { output, .. }) = bench.engine.call(request()).await else { panic!("it is not done") };
    assert_eq!(output, r#"{"id": "by hand"}"#);
}

#[tokio::test]
async fn what_waits_to_be_tried_again_is_answered_when_that_succeeds() {
    let target = Target::start(&[TargetAct::Answer(200)]).await;
    let attempts = Arc::new(AtomicU32::new(0));
    let counted = attempts.clone();
    let bench = Bench::start(&target.url, move |_, _, _, _| {
        let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        async move { if first { unavailable() } else { done() } }
    })
    .await;
    let (called, ()) = tokio::join!(bench.engine.call(call("act", LONG_MS)), async {
        bench.until("it failed", async || attempts.load(Ordering::SeqCst) == 1).await;
        while attempts.load(Ordering::SeqCst) < 2 {
            bench.advance(Duration::from_millis(50));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(matches!(called, Ok(Called::Done { .. })), "{called:?}");
}

#[tokio::test]
async fn a_gate_that_is_closed_is_told_at_once_and_holds_what_is_durable() {
    let (bench, open, calls) = held().await;
    open.add_permits(10);
    let target = name("target");
    bench.engine.pause(&target, clerk(), "it is being moved").await.expect("paused");
    let began = Instant::now();
    let closed = bench.engine.call(call("read", LONG_MS)).await.expect_err("closed");
    let CallError::GateClosed { hold, .. } = &closed else { panic!("{closed:?}") };
    assert_eq!((hold.kind, closed.retry_after()), (GateKind::Paused, Some(Duration::from_secs(60))));
    assert!(began.elapsed() < Duration::from_secs(5), "it waited");
    let Ok(Called::UnderWay { delivery: id, state }) = bench.engine.call(call("act", 200)).await else {
        panic!("it is not held")
    };
    assert_eq!((state, calls.load(Ordering::SeqCst)), ("queued", 0));
    bench.engine.resume(&target, &clerk()).await.expect("resumed");
    let is_closed = async || matches!(delivery(&bench, id).await.delivery.state, DeliveryState::Closed { .. });
    bench.until("it goes on", is_closed).await;
}

#[tokio::test]
async fn a_rate_that_is_used_up_says_when_to_ask_again() {
    let (bench, open, _) = held().await;
    open.add_permits(10);
    let url = Target::start(&[TargetAct::Answer(200)]).await.url;
    bench.connect("slowly", &url, "gates = { rate = { attempts = 1, per_ms = 3000 } }").await;
    let request = || CallRequest { connection: name("slowly"), ..call("read", LONG_MS) };
    bench.engine.call(request()).await.expect("called");
    let closed = bench.engine.call(request()).await.expect_err("closed");
    let CallError::GateClosed { hold, .. } = &closed else { panic!("{closed:?}") };
    assert_eq!((hold.kind, closed.retry_after()), (GateKind::Rate, Some(Duration::from_secs(3))));
}

#[tokio::test]
async fn a_place_that_is_taken_is_waited_for() {
    let (bench, open, calls) = held().await;
    let url = Target::start(&[TargetAct::Answer(200)]).await.url;
    bench.connect("narrow", &url, "gates = { max_concurrent = 1 }").await;
    bench.submit_to("narrow").await;
    bench.until("it runs", async || calls.load(Ordering::SeqCst) == 1).await;
    let request = |operation, within_ms| CallRequest { connection: name("narrow"), ..call(operation, within_ms) };
    let full = bench.engine.call(request("read", 100)).await.expect_err("full");
    assert!(matches!(&full, CallError::GateClosed { hold, .. } if hold.kind == GateKind::Concurrency), "{full:?}");
    let (read, acted, ()) =
        tokio::join!(bench.engine.call(request("read", LONG_MS)), bench.engine.call(request("act", LONG_MS)), async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            open.add_permits(3);
        });
    assert!(matches!(read, Ok(Called::Read { .. })), "{read:?}");
    assert!(matches!(acted, Ok(Called::Done { .. })), "{acted:?}");
}

#[tokio::test]
async fn a_caller_without_a_place_keeps_nobody_from_the_connection() {
    let (bench, open, calls) = held().await;
    let url = Target::start(&[TargetAct::Answer(200)]).await.url;
    bench.connect("narrow", &url, "gates = { max_concurrent = 1 }").await;
    let narrow = |operation| CallRequest { connection: name("narrow"), ..call(operation, LONG_MS) };
    // The places of all calls, at another connection.
    let callers = |count: usize, request: CallRequest| -> Vec<_> {
        let call = |_| {
            let (engine, request) = (bench.engine.clone(), request.clone());
            tokio::spawn(async move { engine.call(request).await })
        };
        (0..count).map(call).collect()
    };
    bench.connect("wide", &url, "").await;
    let busy = callers(2, CallRequest { connection: name("wide"), ..call("read", LONG_MS) });
    bench.until("they run", async || calls.load(Ordering::SeqCst) == 2).await;
    let waiting: Vec<_> = [callers(1, narrow("read")), callers(1, narrow("act"))].into_iter().flatten().collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    bench.submit_to("narrow").await;
    bench.until("it goes on", async || calls.load(Ordering::SeqCst) == 3).await;
    assert!(waiting.iter().all(|waiting| !waiting.is_finished()), "there was a place");
    open.add_permits(10);
    for called in busy.into_iter().chain(waiting) {
        called.await.expect("no panic").expect("called");
    }
}

#[tokio::test]
async fn an_engine_that_stops_begins_no_call_and_answers_those_it_has() {
    let (bench, open, calls) = held().await;
    let engine = bench.engine.clone();
    let called = tokio::spawn(async move { engine.call(call("act", LONG_MS)).await });
    bench.until("it runs", async || calls.load(Ordering::SeqCst) == 1).await;
    let engine = bench.engine.clone();
    let stopping = tokio::spawn(async move { engine.stop().await });
    bench.until("it stops", async || bench.engine.stopping()).await;
    for operation in ["read", "act"] {
        let refused = bench.engine.call(call(operation, LONG_MS)).await.expect_err("it stops");
        assert!(matches!(refused, CallError::Submit(SubmitError::Stopping)), "{refused:?}");
    }
    open.add_permits(1);
    let called = called.await.expect("no panic");
    assert!(matches!(called, Ok(Called::Done { .. })), "{called:?}");
    assert_eq!(stopping.await.expect("stopped"), []);
}

#[tokio::test]
async fn an_engine_that_is_over_calls_off_what_reads() {
    let (bench, _open, calls) = held().await;
    // Which gives a call as long as it likes.
    bench.connect("patient", &Target::start(&[TargetAct::Answer(200)]).await.url, "").await;
    let engine = bench.engine.clone();
    let request = CallRequest { connection: name("patient"), ..call("read", LONG_MS) };
    let called = tokio::spawn(async move { engine.call(request).await });
    bench.until("it runs", async || calls.load(Ordering::SeqCst) == 1).await;
    // The bench gives two seconds to what is under way.
    bench.engine.stop().await;
    let refused = called.await.expect("no panic").expect_err("called off");
    assert!(matches!(refused, CallError::Submit(SubmitError::Stopping)), "{refused:?}");
}

#[tokio::test]
async fn runs_of_calls_are_listed_like_others() {
    let (bench, open, _) = held().await;
    open.add_permits(1);
    of_delivery(bench.engine.call(under("k", call("act", LONG_MS))).await);
    let store: &dyn Store = &*bench.store;
    let filter = RunFilter { flow: Some(name(CALL_FLOW)), state: None };
    let Page { items, .. } = store.runs(filter, PageRequest { limit: 10, after: None }).await.expect("read");
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].idempotency_key.as_deref(), Some("target/act/k"));
}
