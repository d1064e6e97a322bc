//! Deliveries that share an ordering key go one after the other.

use std::sync::{Arc, Mutex};

use serde_json::json;
use sluse_connector::Ended;
use sluse_engine::{ApplyOptions, ConfigurationFile};
use sluse_model::{Act as PersonAct, Failure, GateKind, Outcome, Problem, RunState};
use sluse_store::Runs as _;

use crate::bench::{Act, Bench, Target, clerk};

fn flow(order_by: &str) -> ConfigurationFile {
    let text = format!(
        r#"
[[flow]]
name = "ordered"
schema = '{{"type": "object", "required": ["who", "text"], "properties": {{"who": {{}}, "text": {{"type": "string"}}}}}}'
order_by = "{order_by}"
[[flow.step]]
name = "act"
connection = "target"
operation = "act"
input = {{ text = "{{{{ submission.text }}}}" }}
"#
    );
    ConfigurationFile { name: "ordered.toml".into(), text }
}

fn rejected() -> Ended<Outcome> {
    Ok(Err(Failure::Rejected { problem: Problem::new("no", "No.") }))
}

/// What was carried out, in order; what says `no` is rejected.
async fn bench(order_by: &str) -> (Bench, Arc<Mutex<Vec<String>>>) {
    let target = Target::start(&[Act::Answer(200)]).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = seen.clone();
    let bench = Bench::start(&target.url, move |_, _, input, _| {
        record.lock().expect("not poisoned").push(input.clone());
        let ended = if input.contains("no") { rejected() } else { Ok(Ok(Outcome::Done { output: "{}".into() })) };
        std::future::ready(ended)
    })
    .await;
    bench.engine.configure(&[flow(order_by)], ApplyOptions::default()).await.expect("applied");
    (bench, seen)
}

async fn submit(bench: &Bench, who: serde_json::Value, text: &str) -> sluse_model::RunId {
    let submission = sluse_engine::Submission {
        flow: "ordered".parse().expect("a name"),
        data: json!({"who": who, "text": text}),
        files: Vec::new(),
        idempotency_key: None,
    };
    bench.engine.submit(submission).await.expect("accepted").run
}

#[tokio::test]
async fn a_failed_head_holds_its_own_key_and_nobody_else_s() {
    let (bench, seen) = bench("{{ submission.who }}").await;
    let head = submit(&bench, json!("a"), "no").await;
    assert_eq!(bench.settled(head).await.run.state, RunState::Attention);
    let behind = submit(&bench, json!("a"), "behind").await;
    let other = submit(&bench, json!("b"), "other").await;
    assert_eq!(bench.settled(other).await.run.state, RunState::Succeeded);
    let detail = bench.first_delivery(behind).await;
    assert_eq!(detail.behind, Some(bench.first_delivery(head).await.delivery.id));
    let gate = bench.engine.outlook(&detail).await.expect("read").gate.expect("it is held");
    assert_eq!(gate.kind, GateKind::Order);
    assert_eq!(*seen.lock().expect("not poisoned"), [r#"{"text":"no"}"#, r#"{"text":"other"}"#]);
}

#[tokio::test]
async fn whoever_is_behind_goes_on_when_the_one_before_is_done() {
    let (bench, seen) = bench("{{ submission.who }}").await;
    let mut runs = Vec::new();
    for number in 0..20 {
        runs.push(submit(&bench, json!(7), &number.to_string()).await);
    }
    for run in runs {
        assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    }
    let expected: Vec<String> = (0..20).map(|number| format!(r#"{{"text":"{number}"}}"#)).collect();
    assert_eq!(*seen.lock().expect("not poisoned"), expected);
}

#[tokio::test]
async fn an_empty_key_is_none() {
    let (bench, _) = bench("{{ submission.who if submission.who else '' }}").await;
    let head = submit(&bench, json!(""), "no").await;
    assert_eq!(bench.settled(head).await.run.state, RunState::Attention);
    let next = submit(&bench, json!(null), "next").await;
    assert_eq!(bench.settled(next).await.run.state, RunState::Succeeded);
}

#[tokio::test]
async fn a_key_that_can_never_be_made_is_refused() {
    let (bench, _) = bench("{{ submission.who }}").await;
    let refused = bench.engine.configure(&[flow("{{ steps.act.id }}")], ApplyOptions::default()).await;
    assert!(format!("{refused:?}").contains("this very step"), "{refused:?}");
}

/// What a person has to put right is overtaken by nobody, though its input could not be computed.
#[tokio::test]
async fn a_head_whose_input_cannot_be_computed_holds_its_key() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = seen.clone();
    let bench = Bench::start(&target.url, move |_, operation, input, _| {
        if operation == "act-again" {
            record.lock().expect("not poisoned").push(input.clone());
        }
        let output = if input.contains("whole") { r#"{"id":"2"}"# } else { "{}" };
        std::future::ready(Ok(Ok(Outcome::Done { output: output.into() })))
    })
    .await;
    let more = r#"
[[flow.step]]
name = "more"
connection = "target"
operation = "act-again"
input = { case = "{{ steps.act.id }}" }
"#;
    let flow = flow("{{ submission.who }}");
    let flow = ConfigurationFile { text: flow.text + more, ..flow };
    bench.engine.configure(&[flow], ApplyOptions::default()).await.expect("applied");

    let head = submit(&bench, json!("a"), "without an id").await;
    assert_eq!(bench.settled(head).await.run.state, RunState::Attention);
    let behind = submit(&bench, json!("a"), "whole").await;
    let head_step = bench.store.run(head).await.expect("read").expect("a run").deliveries[1].id;
    assert_eq!(bench.first_delivery(behind).await.behind, Some(head_step));

    let edit = PersonAct::Edit { input: r#"{"case":"1"}"#.into(), did_not_happen: false };
    bench.engine.act(head_step, edit, clerk(), Some("looked it up".into()), None).await.expect("edited");
    for run in [head, behind] {
        assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    }
    assert_eq!(*seen.lock().expect("not poisoned"), [r#"{"case":"1"}"#, r#"{"case":"2"}"#]);
}
