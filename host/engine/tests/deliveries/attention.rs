//! Whose work it is when something waits for a person, and who is told of it.

use std::time::Duration;

use serde_json::{Value, json};
use sluse_connector::Ended;
use sluse_model::{
    Act as PersonAct, Attention, DeliveryState, Failure, Name, Outcome, Problem, Reason, Run, RunId, RunState,
};
use sluse_store::{Configuration as _, PageRequest, RunDetail, RunFilter, Runs as _};

use crate::{
    bench::{Act, Bench, NOW, Target, clerk},
    once::unavailable,
};

fn rejected() -> Ended<Outcome> {
    Ok(Err(Failure::Rejected { problem: Problem::new("no", "No.").with_detail("secret detail") }))
}

fn done() -> Ended<Outcome> {
    Ok(Ok(Outcome::Done { output: r#"{"id":"1"}"#.into() }))
}

/// A host whose connector answers its operation `act` so, and its other ones well.
async fn bench(act: fn() -> Ended<Outcome>) -> (Bench, String) {
    let target = Target::start(&[Act::Answer(200)]).await;
    let bench = Bench::start(&target.url, move |_, operation, _, _| {
        std::future::ready(if operation == "act" { act() } else { done() })
    })
    .await;
    (bench, target.url)
}

/// The flow `cared-for`: `act` at the connection of its name, which is as `retry` says, and then `act-again` with what
/// came of it. `more` is about the flow.
async fn cared_for(bench: &Bench, url: &str, retry: &str, more: &str) {
    bench
        .apply(format!(
            r#"
[[connection]]
name = "cared-for"
connector = "fake"
grant = {{ cidrs = ["127.0.0.0/8"] }}
retry = {{ max_attempts = 1, {retry} }}
[connection.endpoints.default]
url = "{url}"
allow_plaintext = true

[[flow]]
name = "tell-owner"
schema = true
[[flow.step]]
name = "tell"
connection = "target"
operation = "act-again"
input = {{ told = "{{{{ submission }}}}" }}

[[flow]]
name = "cared-for"
schema = true
{more}
[[flow.step]]
name = "act"
connection = "cared-for"
operation = "act"
input = {{ text = "a secret text" }}
[[flow.step]]
name = "again"
connection = "cared-for"
operation = "act-again"
input = {{ text = "{{{{ steps.act.nothing }}}}" }}
"#
        ))
        .await;
}

const QUEUES: &str = r#"
[[flow.attention]]
reason = "mapping-failed"
queue = "forms"
[[flow.attention]]
reason = "attempts-exhausted"
connection = "cared-for"
queue = "operators"
[[flow.attention]]
step = "act"
queue = "clerks"
"#;

const NOTICES: &str = "[flow.owner_notice]\nflow = \"tell-owner\"\n";

async fn act(bench: &Bench, run: RunId, act: PersonAct) {
    let id = bench.first_delivery(run).await.delivery.id;
    bench.engine.act(id, act, clerk(), Some("somebody looked".into()), None).await.expect("done");
}

/// The reason and the queue of what waits for a person, by step.
async fn work(bench: &Bench, run: RunId) -> Vec<(Reason, Option<String>)> {
    let detail = bench.settled(run).await;
    let work = detail.deliveries.into_iter().filter_map(|delivery| match delivery.state {
        DeliveryState::Attention(Attention { reason, queue, .. }) => {
            Some((reason, queue.map(|queue| queue.to_string())))
        }
        _ => None,
    });
    work.collect()
}

fn of(reason: Reason, queue: &str) -> Vec<(Reason, Option<String>)> {
    vec![(reason, Some(queue.to_owned()))]
}

#[tokio::test]
async fn what_waits_for_a_person_is_assigned_by_the_first_rule_that_fits() {
    let (bench, url) = bench(rejected).await;
    cared_for(&bench, &url, "", QUEUES).await;
    let run = bench.submit_to("cared-for").await;
    assert_eq!(work(&bench, run).await, of(Reason::Rejected, "clerks"));
    act(&bench, run, PersonAct::Resolve { output: r#"{"id":"1"}"#.into() }).await;
    assert_eq!(work(&bench, run).await, of(Reason::MappingFailed, "forms"));
}

#[tokio::test]
async fn a_next_step_that_cannot_begin_is_assigned_too() {
    let (bench, url) = bench(done).await;
    cared_for(&bench, &url, "", QUEUES).await;
    let run = bench.submit_to("cared-for").await;
    assert_eq!(work(&bench, run).await, of(Reason::MappingFailed, "forms"));
}

#[tokio::test]
async fn whoever_somebody_assigned_it_to_has_it_until_it_is_tried_again() {
    let (bench, url) = bench(unavailable).await;
    cared_for(&bench, &url, "", QUEUES).await;
    let run = bench.submit_to("cared-for").await;
    assert_eq!(work(&bench, run).await, of(Reason::AttemptsExhausted, "operators"));
    let queue: Option<Name> = Some("mine".parse().expect("a name"));
    act(&bench, run, PersonAct::Assign { queue }).await;
    assert_eq!(work(&bench, run).await, of(Reason::AttemptsExhausted, "mine"));
    act(&bench, run, PersonAct::Retry { did_not_happen: false }).await;
    assert_eq!(work(&bench, run).await, of(Reason::AttemptsExhausted, "operators"));
}

#[tokio::test]
async fn what_was_lost_is_assigned_too() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let bench = Bench::start(&target.url, |_, _, _, _| std::future::pending()).await;
    cared_for(&bench, &target.url, "", QUEUES).await;
    let run = bench.submit_to("cared-for").await;
    let begun = async || bench.first_delivery(run).await.delivery.attempts == 1;
    bench.until("an attempt", begun).await;
    bench.advance(Duration::from_secs(3600));
    let _another = bench.another_engine().await;
    assert_eq!(work(&bench, run).await, of(Reason::AttemptsExhausted, "operators"));
}

/// The runs of the flow that carries notices, once there are as many.
pub(crate) async fn told(bench: &Bench, times: usize) -> Vec<Run> {
    let runs = async || {
        let filter = RunFilter { flow: Some("tell-owner".parse().expect("a name")), state: None };
        bench.store.runs(filter, PageRequest { limit: 10, after: None }).await.expect("read").items
    };
    bench.until("it is told", async || runs().await.len() >= times).await;
    runs().await
}

/// What the one notice says, and its run.
async fn notice(bench: &Bench) -> (Value, RunDetail) {
    let runs = told(bench, 1).await;
    assert_eq!(runs.len(), 1, "{runs:?}");
    let detail = bench.settled(runs[0].id).await;
    (serde_json::from_str(&detail.submission).expect("JSON"), detail)
}

#[tokio::test]
async fn the_owner_is_told_when_the_last_attempt_has_failed() {
    let (bench, url) = bench(unavailable).await;
    cared_for(&bench, &url, "when_exhausted = \"close\"", NOTICES).await;
    let run = bench.submit_to("cared-for").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Failed);
    let failed = bench.first_delivery(run).await.delivery;
    let (notice, detail) = notice(&bench).await;
    let DeliveryState::Closed { at, .. } = &failed.state else { panic!("{failed:?}") };
    let expected = json!({
        "type": "delivery.failed",
        "timestamp": at,
        "data": {
            "run": run, "flow": "cared-for", "delivery": failed.id, "step": "act", "connection": "cared-for",
            "operation": "act", "attempts": 1, "problem": {"code": "busy", "message": "Busy."},
        },
    });
    assert_eq!(notice, expected);
    // It is itself a delivery, and says what it is about.
    assert_eq!((detail.run.state, detail.run.caused_by), (RunState::Succeeded, Some(failed.id)));
    let sent: Value = serde_json::from_str(&detail.deliveries[0].input).expect("JSON");
    assert_eq!(sent["told"], expected);
}

#[tokio::test]
async fn what_waits_for_a_person_is_told_where_that_was_asked_for() {
    let (bench, url) = bench(rejected).await;
    cared_for(&bench, &url, "", &format!("{NOTICES}when = [\"attention\"]")).await;
    let run = bench.submit_to("cared-for").await;
    bench.settled(run).await;
    let (notice, _) = notice(&bench).await;
    assert_eq!((&notice["type"], &notice["data"]["reason"]), (&json!("delivery.attention"), &json!("rejected")));
    assert!(!notice.to_string().contains("secret"), "{notice}");
    // Resolved by hand, and what follows cannot begin: whoever resolved it may not know.
    act(&bench, run, PersonAct::Resolve { output: r#"{"id":"1"}"#.into() }).await;
    let runs = told(&bench, 2).await;
    let next = bench.settled(run).await.deliveries[1].id;
    assert_eq!((runs.len(), runs[0].caused_by), (2, Some(next)));
}

#[tokio::test]
async fn nobody_is_told_of_what_a_queue_has_or_somebody_closed_by_hand() {
    let (bench, url) = bench(rejected).await;
    cared_for(&bench, &url, "", NOTICES).await;
    let run = bench.submit_to("cared-for").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Attention);
    act(&bench, run, PersonAct::Close).await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Failed);
    assert_eq!(told(&bench, 0).await, []);
}

#[tokio::test]
async fn a_notice_that_fails_is_not_told_of_in_turn() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let bench = Bench::start(&target.url, |_, _, _, _| std::future::ready(rejected())).await;
    cared_for(&bench, &target.url, "when_failed = \"close\"", NOTICES).await;
    // As if it had come in between: `apply` refuses it.
    let mut carrier =
        bench.store.flow(&"tell-owner".parse().expect("a name")).await.expect("read").expect("a flow").flow;
    let all = json!({"flow": "tell-owner", "when": ["closed", "attention"]});
    carrier.owner_notice = Some(serde_json::from_value(all).expect("a notice"));
    bench.store.apply(Vec::new(), vec![carrier], Vec::new(), NOW).await.expect("applied");
    let bench_engine = bench.another_engine().await;
    let run = bench.submit_to("cared-for").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Failed);
    let (_, detail) = notice(&bench).await;
    assert_eq!(detail.run.state, RunState::Attention);
    assert_eq!(told(&bench, 1).await.len(), 1);
    drop(bench_engine);
}

#[tokio::test]
async fn a_notice_that_cannot_be_carried_waits_for_a_person() {
    let (bench, url) = bench(rejected).await;
    cared_for(&bench, &url, "when_failed = \"close\"", NOTICES).await;
    let carrier = r#"
[[flow]]
name = "tell-owner"
schema = true
[[flow.step]]
name = "tell"
connection = "target"
operation = "act-again"
input = { told = "{{ submission.data.reason }}" }
"#;
    bench.apply(carrier.into()).await;
    let run = bench.submit_to("cared-for").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Failed);
    let (_, detail) = notice(&bench).await;
    let DeliveryState::Attention(attention) = &detail.deliveries[0].state else { panic!("{detail:?}") };
    assert_eq!(attention.reason, Reason::MappingFailed);
}
