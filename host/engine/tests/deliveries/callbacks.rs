//! What a target answers later, at an address that it was given.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use sluse_connector::{Arrival, Call, CallbackError, Ended, Host};
use sluse_engine::{ActError, AnswerError, ReceivedSignature, TargetAnswer};
use sluse_model::{
    Act as PersonAct, Actor, DeliveryState, Failure, Name, Outcome, Problem, Reason, RunId, RunState, Timestamp,
    TokenId, fakes::SeededDice,
};
use sluse_store::DeliveryDetail;

use crate::{
    attention::told,
    bench::{Act, Bench, CALLBACKS_URL, NOW, Target},
};

const AN_HOUR: Duration = Duration::from_secs(60 * 60);

/// What the connector and its target do with one another.
#[derive(Debug, Default)]
struct Seen {
    /// The addresses that were given, in each call.
    addresses: Vec<Vec<String>>,
    /// How each wait ended.
    arrivals: Vec<(String, Option<(String, Bytes)>)>,
}

type Shared = Arc<Mutex<Seen>>;

async fn opens(host: &mut Box<dyn Host>, seen: &Shared, timeouts: &[Duration]) {
    let mut addresses = Vec::new();
    for timeout in timeouts {
        addresses.push(host.open_callback(*timeout).await.expect("an address"));
    }
    seen.lock().expect("not poisoned").addresses.push(addresses);
}

fn waits(state: &str) -> Ended<Outcome> {
    Ok(Ok(Outcome::Waiting { state: state.into() }))
}

fn done() -> Ended<Outcome> {
    Ok(Ok(Outcome::Done { output: "{}".into() }))
}

fn unavailable() -> Ended<Outcome> {
    Ok(Err(Failure::Unavailable { problem: Problem::new("busy", "Busy."), retry_after_ms: None }))
}

fn rejected() -> Ended<Outcome> {
    Ok(Err(Failure::Rejected { problem: Problem::new("no", "No.") }))
}

/// A connector that gives two addresses, waits, and goes on as told: the number of the resumption, from 0, is handed over.
async fn bench(resume: impl Fn(usize) -> Ended<Outcome> + Send + Sync + 'static) -> (Bench, Shared) {
    let target = Target::start(&[Act::Answer(200)]).await;
    let seen = Shared::default();
    let (asked, told) = (seen.clone(), seen.clone());
    let execute = move |_: Call, _, _, mut host: Box<dyn Host>| {
        let seen = asked.clone();
        async move {
            opens(&mut host, &seen, &[2 * AN_HOUR, AN_HOUR]).await;
            waits("left")
        }
    };
    let resume = move |_: Call, state: String, arrival: Arrival, _| {
        let said = match arrival {
            Arrival::Answered { media_type, body } => Some((media_type, body)),
            Arrival::TimedOut => None,
        };
        let mut seen = told.lock().expect("not poisoned");
        seen.arrivals.push((state, said));
        std::future::ready(resume(seen.arrivals.len() - 1))
    };
    (Bench::resuming(&target.url, execute, resume).await, seen)
}

fn address(seen: &Shared, call: usize, ordinal: usize) -> String {
    seen.lock().expect("not poisoned").addresses[call][ordinal].clone()
}

/// What a target sends to an address.
async fn answer(bench: &Bench, address: &str, body: &'static str) -> Result<(), AnswerError> {
    signed_answer(bench, address, body, None).await
}

/// The same, signed.
async fn signed_answer(
    bench: &Bench,
    address: &str,
    body: &'static str,
    signature: Option<ReceivedSignature>,
) -> Result<(), AnswerError> {
    let token = address.strip_prefix(CALLBACKS_URL).and_then(|path| path.strip_prefix("/callbacks/")).expect("ours");
    let media_type = Some("application/json".into());
    bench
        .engine
        .take_answer(TargetAnswer {
            token: token.into(),
            media_type,
            signature,
            body: Bytes::from_static(body.as_bytes()),
        })
        .await
}

async fn submitted(bench: &Bench) -> (RunId, DeliveryDetail) {
    let run = bench.submit("x").await;
    let is_waiting = async || bench.first_delivery(run).await.delivery.state.as_str() == "waiting";
    bench.until("it waits", is_waiting).await;
    (run, bench.first_delivery(run).await)
}

fn ends(detail: &DeliveryDetail) -> Vec<(u32, bool, &str)> {
    let end = |attempt: &sluse_model::Attempt| attempt.result.clone().map_or(String::new(), |result| result.kind);
    let ends = detail.attempts.iter().map(|attempt| (attempt.number, attempt.resumed, end(attempt).leak() as &str));
    ends.collect()
}

#[track_caller]
fn reason(detail: &DeliveryDetail) -> Reason {
    match &detail.delivery.state {
        DeliveryState::Attention(attention) => attention.reason,
        state => panic!("{state:?}"),
    }
}

#[tokio::test]
async fn an_answer_ends_the_wait_and_the_same_attempt_goes_on() {
    let (bench, seen) = bench(|_| done()).await;
    let (run, detail) = submitted(&bench).await;
    // As long as the address that is good for the shortest time.
    assert_eq!(detail.delivery.state, DeliveryState::Waiting { until: NOW.plus(AN_HOUR) });
    answer(&bench, &address(&seen, 0, 0), "{\"said\":1}").await.expect("taken");
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    let detail = bench.first_delivery(run).await;
    assert_eq!(ends(&detail), [(1, false, "waiting"), (1, true, "done")]);
    assert_eq!(detail.delivery.attempts, 1);
    let said = Some(("application/json".to_owned(), Bytes::from_static(b"{\"said\":1}")));
    assert_eq!(seen.lock().expect("not poisoned").arrivals, [("left".to_owned(), said)]);
    let lines: Vec<_> = detail.timeline.iter().map(|line| line.message.as_str()).collect();
    assert!(lines[0].starts_with("Waits for the target's answer until"), "{lines:?}");
    assert!(lines[1].starts_with("The target answered at"), "{lines:?}");
}

#[tokio::test]
async fn the_same_answer_again_is_taken_and_another_one_is_not() {
    let (bench, seen) = bench(|_| done()).await;
    let (run, _) = submitted(&bench).await;
    let address = address(&seen, 0, 0);
    for _ in 0..2 {
        answer(&bench, &address, "{\"said\":1}").await.expect("taken");
    }
    let other = answer(&bench, &address, "{\"said\":2}").await;
    assert!(matches!(other, Err(AnswerError::Answered)), "{other:?}");
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    answer(&bench, &address, "{\"said\":1}").await.expect("taken");
    assert_eq!(seen.lock().expect("not poisoned").arrivals.len(), 1);
}

#[tokio::test]
async fn an_address_is_the_same_on_every_attempt_and_another_after_each_wait() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let seen = Shared::default();
    let (asked, told) = (seen.clone(), seen.clone());
    let execute = move |call: Call, _, _, mut host: Box<dyn Host>| {
        let seen = asked.clone();
        async move {
            opens(&mut host, &seen, &[AN_HOUR]).await;
            if call.attempt == 1 { unavailable() } else { waits("first") }
        }
    };
    let resume = move |_: Call, state: String, _: Arrival, mut host: Box<dyn Host>| {
        let seen = told.clone();
        async move {
            opens(&mut host, &seen, &[AN_HOUR]).await;
            if state == "first" { waits("second") } else { done() }
        }
    };
    let bench = Bench::resuming(&target.url, execute, resume).await;
    let run = bench.submit("x").await;
    for call in [1, 2] {
        let given = async || {
            bench.advance(Duration::from_millis(50));
            let is_waiting = bench.first_delivery(run).await.delivery.state.as_str() == "waiting";
            is_waiting && seen.lock().expect("not poisoned").addresses.len() > call
        };
        bench.until("it waits", given).await;
        answer(&bench, &address(&seen, call, 0), "{}").await.expect("taken");
    }
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(address(&seen, 0, 0), address(&seen, 1, 0));
    assert_ne!(address(&seen, 1, 0), address(&seen, 2, 0));
    assert_ne!(address(&seen, 2, 0), address(&seen, 3, 0));
}

#[tokio::test]
async fn a_resumption_that_finds_the_target_unavailable_is_tried_again_with_the_same_answer() {
    let (bench, seen) = bench(|number| if number == 0 { unavailable() } else { done() }).await;
    let (run, _) = submitted(&bench).await;
    answer(&bench, &address(&seen, 0, 0), "one").await.expect("taken");
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    let detail = bench.first_delivery(run).await;
    assert_eq!(ends(&detail), [(1, false, "waiting"), (1, true, "unavailable"), (2, true, "done")]);
    let seen = seen.lock().expect("not poisoned");
    assert_eq!((seen.addresses.len(), &seen.arrivals[0]), (1, &seen.arrivals[1]));
}

#[tokio::test]
async fn no_answer_in_time_is_a_person_s_work() {
    let (bench, seen) = bench(|_| rejected()).await;
    let (run, _) = submitted(&bench).await;
    bench.advance(AN_HOUR);
    assert_eq!(bench.settled(run).await.run.state, RunState::Attention);
    let detail = bench.first_delivery(run).await;
    assert_eq!((reason(&detail), ends(&detail)[1]), (Reason::TimedOut, (1, true, "timed-out")));
    assert!(detail.timeline.iter().any(|line| line.message == "The target did not answer in time."));
    // What comes now changes nothing, and people see that it came.
    let late = answer(&bench, &address(&seen, 0, 0), "{}").await;
    assert!(matches!(late, Err(AnswerError::Late)), "{late:?}");
    let after = bench.first_delivery(run).await;
    assert_eq!((after.delivery, after.callbacks.len()), (detail.delivery, 1));
}

#[tokio::test]
async fn no_answer_in_time_is_assigned_by_a_rule_of_its_own() {
    let (bench, _) = bench(|_| rejected()).await;
    let flow = r#"
[[flow]]
name = "watched"
schema = true
[[flow.attention]]
reason = "rejected"
queue = "clerks"
[[flow.attention]]
reason = "timed-out"
queue = "callers"
[[flow.step]]
name = "act"
connection = "target"
operation = "act"
input = { text = "x" }
"#;
    bench.apply(flow.into()).await;
    let run = bench.submit_to("watched").await;
    let is_waiting = async || bench.first_delivery(run).await.delivery.state.as_str() == "waiting";
    bench.until("it waits", is_waiting).await;
    bench.advance(AN_HOUR);
    assert_eq!(bench.settled(run).await.run.state, RunState::Attention);
    let detail = bench.first_delivery(run).await;
    let DeliveryState::Attention(attention) = &detail.delivery.state else { panic!("{detail:?}") };
    assert_eq!((attention.reason, attention.queue.as_ref().map(Name::as_str)), (Reason::TimedOut, Some("callers")));
}

#[tokio::test]
async fn the_owner_is_not_told_that_no_answer_came() {
    let (bench, _) = bench(|_| rejected()).await;
    let step =
        "[[flow.step]]\nname = \"act\"\nconnection = \"target\"\noperation = \"act\"\ninput = { text = \"x\" }\n";
    let notice = "[flow.owner_notice]\nflow = \"tell-owner\"\n";
    let flow = |name: &str, more: &str| format!("[[flow]]\nname = \"{name}\"\nschema = true\n{more}{step}");
    bench.apply(format!("{}{}", flow("tell-owner", ""), flow("watched", notice))).await;
    let run = bench.submit_to("watched").await;
    let is_waiting = async || bench.first_delivery(run).await.delivery.state.as_str() == "waiting";
    bench.until("it waits", is_waiting).await;
    bench.advance(AN_HOUR);
    assert_eq!(bench.settled(run).await.run.state, RunState::Attention);
    assert_eq!(reason(&bench.first_delivery(run).await), Reason::TimedOut);
    assert_eq!(told(&bench, 0).await, []);
}

#[tokio::test]
async fn what_the_target_refused_in_its_answer_has_its_own_reason() {
    let (bench, seen) = bench(|_| rejected()).await;
    let (run, _) = submitted(&bench).await;
    answer(&bench, &address(&seen, 0, 0), "{}").await.expect("taken");
    assert_eq!(bench.settled(run).await.run.state, RunState::Attention);
    assert_eq!(reason(&bench.first_delivery(run).await), Reason::Rejected);
}

#[tokio::test]
async fn nobody_answers_at_an_address_that_was_never_given() {
    let (bench, seen) = bench(|_| done()).await;
    let (_, before) = submitted(&bench).await;
    let mut forged = address(&seen, 0, 0);
    let last = forged.pop().expect("a letter");
    // Two letters further: the last letter carries bits that say nothing.
    forged.truncate(forged.len() - 1);
    forged.push(if last == 'A' { 'B' } else { 'A' });
    forged.push(last);
    for wrong in [forged, format!("{CALLBACKS_URL}/callbacks/"), format!("{CALLBACKS_URL}/callbacks/x")] {
        let told = answer(&bench, &wrong, "{}").await;
        assert!(matches!(told, Err(AnswerError::Unknown)), "{told:?}");
    }
    assert_eq!(bench.first_delivery(before.delivery.run).await, before);
}

#[tokio::test]
async fn a_call_gets_no_more_addresses_than_its_phase_has_and_none_for_ever() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let refused = Arc::new(Mutex::new(Vec::new()));
    let record = refused.clone();
    let bench = Bench::start(&target.url, move |_, _, _, mut host: Box<dyn Host>| {
        let record = record.clone();
        async move {
            let mut told = vec![host.open_callback(Duration::ZERO).await, host.open_callback(400 * 24 * AN_HOUR).await];
            for _ in 0..17 {
                told.push(host.open_callback(AN_HOUR).await);
            }
            *record.lock().expect("not poisoned") = told;
            done()
        }
    })
    .await;
    let run = bench.submit("x").await;
    bench.settled(run).await;
    let told = refused.lock().expect("not poisoned");
    let is_forbidden = |told: &Result<String, CallbackError>| matches!(told, Err(CallbackError::Forbidden(_)));
    let forbidden: Vec<usize> =
        told.iter().enumerate().filter(|(_, told)| is_forbidden(told)).map(|(at, _)| at).collect();
    assert_eq!(forbidden, [0, 1, 18]);
}

#[tokio::test]
async fn a_wait_is_over_when_its_time_is_whatever_becomes_of_the_clock() {
    let (bench, _) = bench(|_| rejected()).await;
    let (run, _) = submitted(&bench).await;
    let year = 365 * 24 * AN_HOUR;
    bench.step_back(year);
    // Whoever looks for work sees that time has changed.
    bench.submit("y").await;
    let waits_anew = async || {
        let until = Timestamp::from_millis(NOW.plus(2 * AN_HOUR).as_millis() - year.as_millis() as i64);
        matches!(bench.first_delivery(run).await.delivery.state, DeliveryState::Waiting { until: found } if found <= until)
    };
    bench.until("it waits anew", waits_anew).await;
    bench.advance(AN_HOUR);
    assert_eq!(bench.settled(run).await.run.state, RunState::Attention);
    assert_eq!(reason(&bench.first_delivery(run).await), Reason::TimedOut);
}

/// The vector of the specification's own libraries: who signs with what, when.
const SIGNED_AT: Timestamp = Timestamp::from_millis(1_614_265_330_000);
const SIGNED: &str = r#"{"test": 2432232314}"#;

fn signature(id: &str) -> Option<ReceivedSignature> {
    Some(ReceivedSignature {
        id: id.into(),
        timestamp: "1614265330".into(),
        signatures: "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".into(),
    })
}

/// A host whose target signs its answers.
async fn signing_bench() -> (Bench, Shared) {
    let (bench, seen) = bench(|_| done()).await;
    bench.step_back(NOW.since(SIGNED_AT));
    let name = "answers-key".parse().expect("a name");
    let key = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_vec();
    bench.engine.set_secret(&name, key).await.expect("written");
    let more = "callbacks = { secret = { secret = \"answers-key\" } }";
    bench.connect("signing", "http://127.0.0.1:1", more).await;
    (bench, seen)
}

#[tokio::test]
async fn an_answer_that_has_to_be_signed_is_taken_once_when_it_is() {
    let (bench, seen) = signing_bench().await;
    let run = bench.submit_to("signing").await;
    let is_waiting = async || bench.first_delivery(run).await.delivery.state.as_str() == "waiting";
    bench.until("it waits", is_waiting).await;
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    let address = address(&seen, 0, 0);
    let before = bench.first_delivery(run).await;
    let mut altered = signature(id);
    if let Some(altered) = &mut altered {
        altered.signatures = "v1,AAAA".into();
    }
    for (body, forged) in [(SIGNED, None), (SIGNED, altered), (SIGNED, signature("other")), ("{}", signature(id))] {
        let told = signed_answer(&bench, &address, body, forged).await;
        assert!(matches!(told, Err(AnswerError::NotSigned(_))), "{told:?}");
    }
    bench.advance(Duration::from_secs(301));
    let told = signed_answer(&bench, &address, SIGNED, signature(id)).await;
    assert!(matches!(&told, Err(AnswerError::NotSigned(why)) if why.contains("five minutes")), "{told:?}");
    bench.step_back(Duration::from_secs(2));
    assert_eq!(bench.first_delivery(run).await, before, "nothing has changed");
    for _ in 0..2 {
        signed_answer(&bench, &address, SIGNED, signature(id)).await.expect("taken");
    }
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(bench.first_delivery(run).await.callbacks.len(), 1);
    assert_eq!(seen.lock().expect("not poisoned").arrivals.len(), 1);
}

#[tokio::test]
async fn a_wait_is_ended_by_hand_when_the_answer_comes_another_way() {
    let (bench, seen) = bench(|_| done()).await;
    let clerk = || Actor { token: TokenId::new(NOW, &SeededDice::new(1)), name: "clerk".into() };
    let why = || Some("they phoned it in".to_owned());
    for (act, state) in [
        (PersonAct::Resolve { output: r#"{"id":"67453"}"#.into() }, RunState::Succeeded),
        (PersonAct::Close, RunState::Failed),
    ] {
        let (run, waiting) = submitted(&bench).await;
        let id = waiting.delivery.id;
        let retry = bench.engine.act(id, PersonAct::Retry { did_not_happen: true }, clerk(), why(), None).await;
        assert!(
            matches!(&retry, Err(ActError::NotPossible { what, .. }) if what.contains("`resolve`, `close`")),
            "{retry:?}"
        );
        bench.engine.act(id, act, clerk(), why(), None).await.expect("done");
        assert_eq!(bench.settled(run).await.run.state, state);
        let call = seen.lock().expect("not poisoned").addresses.len() - 1;
        let late = answer(&bench, &address(&seen, call, 0), "{}").await;
        assert!(matches!(late, Err(AnswerError::Late)), "{late:?}");
        bench.advance(2 * AN_HOUR);
        assert_eq!(bench.settled(run).await.run.state, state);
    }
    assert!(seen.lock().expect("not poisoned").arrivals.is_empty());
}
