//! What people do about deliveries.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use sluse_engine::ActError;
use sluse_model::{
    Act as PersonAct, ActKind, DeliveryId, DeliveryState, Failure, Outcome, Problem, Reason, Resolution, RunId,
    RunState, Standing, Timestamp, fakes::SeededDice,
};
use sluse_store::{DeliveryDetail, Runs as _};

use crate::{
    bench::{Act, Bench, Target, clerk},
    once::{send, unavailable},
};

const RETRY: PersonAct = PersonAct::Retry { did_not_happen: false };

async fn act(bench: &Bench, id: DeliveryId, act: PersonAct) -> Result<DeliveryDetail, ActError> {
    bench.engine.act(id, act, clerk(), Some("somebody looked".into()), None).await
}

async fn waiting(bench: &Bench, run: RunId) -> DeliveryId {
    assert_eq!(bench.settled(run).await.run.state, RunState::Attention);
    bench.first_delivery(run).await.delivery.id
}

/// A host whose target refuses the first times, and how often it was asked.
async fn refusing(times: u32) -> (Bench, Arc<AtomicU32>) {
    let target = Target::start(&[Act::Answer(200)]).await;
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let bench = Bench::start(&target.url, move |_, _, input, _| {
        let refuses = counted.fetch_add(1, Ordering::SeqCst) < times;
        let rejected = Failure::Rejected { problem: Problem::new("no", "No.") };
        let output = json!({"id": input}).to_string();
        std::future::ready(Ok(if refuses { Err(rejected) } else { Ok(Outcome::Done { output }) }))
    })
    .await;
    (bench, calls)
}

#[tokio::test]
async fn what_is_asked_for_again_is_tried_again() {
    let (bench, calls) = refusing(1).await;
    let run = bench.submit("x").await;
    let id = waiting(&bench, run).await;
    act(&bench, id, RETRY).await.expect("done");
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    let detail = bench.first_delivery(run).await;
    assert_eq!((detail.delivery.attempts, calls.load(Ordering::SeqCst)), (2, 2));
    assert_eq!(detail.acts[0].act, ActKind::Retry);
    assert_eq!((detail.acts[0].by.name.as_str(), detail.acts[0].why.as_deref()), ("clerk", Some("somebody looked")));
}

#[tokio::test]
async fn a_person_may_ask_for_more_than_the_limit() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let bench = Bench::start(&target.url, |_, _, _, _| std::future::ready(unavailable())).await;
    let run = bench.submit("x").await;
    let id = waiting(&bench, run).await;
    assert_eq!(bench.first_delivery(run).await.delivery.attempts, 3);
    for attempts in 4..=5 {
        act(&bench, id, RETRY).await.expect("done");
        // It is tried once, and not again by itself.
        waiting(&bench, run).await;
        assert_eq!(bench.first_delivery(run).await.delivery.attempts, attempts);
    }
}

#[tokio::test]
async fn a_delivery_that_waits_for_its_next_attempt_can_be_hurried() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let bench = Bench::start(&target.url, |call, _, _, _| {
        let done = Ok(Ok(Outcome::Done { output: "{}".into() }));
        std::future::ready(if call.attempt == 1 { unavailable() } else { done })
    })
    .await;
    bench.connect("slow", &target.url, "retry = { delays_ms = [86400000] }").await;
    let run = bench.submit_to("slow").await;
    let retries = async || matches!(bench.first_delivery(run).await.delivery.state, DeliveryState::Retrying { .. });
    bench.until("an attempt", retries).await;
    act(&bench, bench.first_delivery(run).await.delivery.id, RETRY).await.expect("done");
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
}

#[tokio::test]
async fn a_try_by_hand_is_one_of_those_that_there_are() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let bench = Bench::start(&target.url, |_, _, _, _| std::future::ready(unavailable())).await;
    bench.connect("slow", &target.url, "retry = { max_attempts = 3, delays_ms = [86400000, 50] }").await;
    let run = bench.submit_to("slow").await;
    let retries = async || matches!(bench.first_delivery(run).await.delivery.state, DeliveryState::Retrying { .. });
    bench.until("an attempt", retries).await;
    act(&bench, bench.first_delivery(run).await.delivery.id, RETRY).await.expect("done");
    // The second by hand, the third by itself, and no fourth.
    waiting(&bench, run).await;
    let detail = bench.first_delivery(run).await;
    assert_eq!((detail.delivery.attempts, detail.attempts.len()), (3, 3));
}

#[tokio::test]
async fn an_edited_input_goes_out() {
    let (bench, _) = refusing(1).await;
    let run = bench.submit("x").await;
    let id = waiting(&bench, run).await;
    let wrong = PersonAct::Edit { input: r#"{"text": 7}"#.into(), did_not_happen: false };
    let Err(ActError::DoesNotFit { what: "input", violations, .. }) = act(&bench, id, wrong).await else {
        panic!("a wrong input was taken")
    };
    assert_eq!(violations[0].path, "/text");
    assert!(bench.first_delivery(run).await.acts.is_empty());
    let right = PersonAct::Edit { input: r#"{"text":"y"}"#.into(), did_not_happen: false };
    act(&bench, id, right).await.expect("done");
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    let detail = bench.first_delivery(run).await;
    assert_eq!(detail.delivery.input, r#"{"text":"y"}"#);
    assert_eq!(detail.acts[0].input_before.as_deref(), Some(r#"{"text":"x"}"#));
    assert!(detail.delivery.output.is_some_and(|output| output.contains("y")));
}

#[tokio::test]
async fn what_was_resolved_by_hand_is_what_later_steps_see() {
    let (bench, _) = refusing(1).await;
    let target = Target::start(&[Act::Answer(200)]).await;
    let again = json!({"text": "{{ steps.act.id }}"});
    let steps = [("act", "act", json!({"text": "{{ submission.text }}"})), ("again", "act-again", again)];
    bench.configure(&target.url, &steps).await;
    let run = bench.submit("x").await;
    let id = waiting(&bench, run).await;
    let wrong = PersonAct::Resolve { output: r#"{"id": 67453}"#.into() };
    assert!(matches!(act(&bench, id, wrong).await, Err(ActError::DoesNotFit { what: "output", .. })));
    let without_why = bench.engine.act(id, PersonAct::Close, clerk(), Some("  ".into()), None).await;
    assert!(matches!(without_why, Err(ActError::NoReason)), "{without_why:?}");
    act(&bench, id, PersonAct::Resolve { output: r#"{"id":"67453"}"#.into() }).await.expect("done");
    let detail = bench.settled(run).await;
    assert_eq!(detail.run.state, RunState::Succeeded);
    assert_eq!(detail.deliveries[1].input, r#"{"text":"67453"}"#);
}

#[tokio::test]
async fn what_was_closed_by_hand_stays_closed() {
    let (bench, calls) = refusing(9).await;
    let run = bench.submit("x").await;
    let id = waiting(&bench, run).await;
    act(&bench, id, PersonAct::Close).await.expect("done");
    let detail = bench.settled(run).await;
    assert_eq!(detail.run.state, RunState::Failed);
    let state = &detail.deliveries[0].state;
    assert!(matches!(state, DeliveryState::Closed { resolution: Resolution::Failed, .. }), "{state:?}");
    let Err(ActError::NotPossible { what, .. }) = act(&bench, id, RETRY).await else { panic!("it was done") };
    assert_eq!(what, "the delivery is closed (failed), and stays so");
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_is_not_possible_says_what_is() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let bench = Bench::start(&target.url, |_, _, _, _| std::future::pending()).await;
    let nobody = DeliveryId::new(Timestamp::from_millis(1), &SeededDice::new(1));
    assert!(matches!(act(&bench, nobody, RETRY).await, Err(ActError::Unknown(id)) if id == nobody));
    let run = bench.submit("x").await;
    let begun = async || bench.first_delivery(run).await.delivery.attempts == 1;
    bench.until("an attempt", begun).await;
    let id = bench.first_delivery(run).await.delivery.id;
    let Err(error) = act(&bench, id, PersonAct::Close).await else { panic!("it was done") };
    assert_eq!(error.to_string(), "`close` is not possible: an attempt is under way; wait until it has ended");
    let (bench, _) = refusing(1).await;
    let run = bench.submit("x").await;
    let id = waiting(&bench, run).await;
    let Err(error) = act(&bench, id, PersonAct::Skip).await else { panic!("it was done") };
    let expected = "`skip` is not possible: the delivery is in state `attention`, where one can `retry`, `edit`, \
                    `resolve`, `close`, `assign`";
    assert_eq!(error.to_string(), expected);
}

/// A delivery whose request may have happened; the target answers the second one.
async fn in_doubt() -> (Bench, Target, RunId, DeliveryId) {
    let target = Target::start(&[Act::Drop, Act::Answer(201)]).await;
    let bench = Bench::start(&target.url, |_, _, _, mut host| async move {
        match send(&mut host, false).await {
            Ok(_) => Ok(Ok(Outcome::Done { output: "{}".into() })),
            Err(_) => Ok(Err(Failure::Unknown { problem: Problem::new("unknown", "Nobody knows.") })),
        }
    })
    .await;
    let run = bench.submit("x").await;
    let id = waiting(&bench, run).await;
    (bench, target, run, id)
}

async fn standings(bench: &Bench, run: RunId) -> Vec<Standing> {
    bench.first_delivery(run).await.journal.iter().map(|intent| intent.standing).collect()
}

#[tokio::test]
async fn what_is_in_doubt_goes_out_again_only_after_somebody_said_that_it_did_not_happen() {
    let (bench, target, run, id) = in_doubt().await;
    assert_eq!(standings(&bench, run).await, [Standing::Open]);
    // The connector is to look; this one cannot.
    act(&bench, id, RETRY).await.expect("done");
    waiting(&bench, run).await;
    assert_eq!(target.seen().len(), 1);
    let edit = |did_not_happen| PersonAct::Edit { input: r#"{"text":"y"}"#.into(), did_not_happen };
    assert!(matches!(act(&bench, id, edit(false)).await, Err(ActError::InDoubt)));
    act(&bench, id, PersonAct::Retry { did_not_happen: true }).await.expect("done");
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(target.seen().len(), 2);
}

#[tokio::test]
async fn what_is_in_doubt_may_be_edited_once_it_is_answered() {
    let (bench, target, run, id) = in_doubt().await;
    let edit = PersonAct::Edit { input: r#"{"text":"y"}"#.into(), did_not_happen: true };
    act(&bench, id, edit).await.expect("done");
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(target.seen().len(), 2);
}

#[tokio::test]
async fn what_happened_after_all_is_never_sent_again() {
    let (bench, target, run, id) = in_doubt().await;
    act(&bench, id, PersonAct::Resolve { output: r#"{"id":"67453"}"#.into() }).await.expect("done");
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(standings(&bench, run).await, [Standing::Happened]);
    assert_eq!(target.seen().len(), 1);
}

#[tokio::test]
async fn a_missing_input_can_be_given() {
    let (bench, _) = refusing(0).await;
    let target = Target::start(&[Act::Answer(200)]).await;
    let again = json!({"text": "{{ steps.act.nothing }}"});
    let steps = [("act", "act", json!({"text": "{{ submission.text }}"})), ("again", "act", again)];
    bench.configure(&target.url, &steps).await;
    let run = bench.submit("x").await;
    bench.advance(Duration::from_secs(1));
    let detail = bench.settled(run).await;
    assert_eq!(detail.run.state, RunState::Attention);
    let second = &detail.deliveries[1];
    let DeliveryState::Attention(attention) = &second.state else { panic!("{second:?}") };
    assert_eq!(attention.reason, Reason::MappingFailed);
    assert!(matches!(act(&bench, second.id, RETRY).await, Err(ActError::NotPossible { .. })));
    let edit = PersonAct::Edit { input: r#"{"text":"y"}"#.into(), did_not_happen: false };
    act(&bench, second.id, edit).await.expect("done");
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(bench.store.run(run).await.expect("read").expect("a run").deliveries[1].attempts, 1);
}

#[tokio::test]
async fn nothing_is_done_about_what_has_changed_since_somebody_looked() {
    let (bench, _target, run, _) = in_doubt().await;
    let delivery = bench.first_delivery(run).await.delivery;
    let retry = |seen| bench.engine.act(delivery.id, PersonAct::Retry { did_not_happen: true }, clerk(), None, seen);
    let refused = retry(Some(delivery.attempts - 1)).await;
    assert!(matches!(&refused, Err(ActError::Changed(what)) if what.contains("you have seen 0")), "{refused:?}");
    assert_eq!(bench.first_delivery(run).await.delivery, delivery);
    retry(Some(delivery.attempts)).await.expect("done");
}
