//! What is started for a run that fails: once, with what was submitted and what failed, and its source hears of that.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sluse_connector::{FeedItem, FeedPage, Host};
use sluse_model::{
    Act as PersonAct, DeliveryState, Failure, ItemStanding, Outcome, Problem, Resolution, Run, RunState,
};
use sluse_store::{PageRequest, RunDetail, RunFilter, Store};

use crate::{
    bench::{Act, Bench, Target, clerk, fake},
    feeds::{Source, bench, item},
};

/// A flow `watched` that hands its failures to `error-case`, whose step sends this text. `more` is about the failures.
async fn watch(bench: &Bench, more: &str, sent: &str, about_handler: &str) {
    let step = |name: &str, text: &str| {
        format!(
            "[[flow.step]]\nname = \"{name}\"\nconnection = \"target\"\noperation = \"act\"\ninput = {{ text = \"{text}\" }}\n"
        )
    };
    let text = format!(
        "[[flow]]\nname = \"watched\"\nschema = true\n[flow.on_failure]\nflow = \"error-case\"\n{more}\n{}{}\
         [[flow]]\nname = \"error-case\"\nschema = true\n{about_handler}\n{}",
        step("act", "{{ submission.text }}"),
        step("more", "{{ submission.more | default('more') }}"),
        step("make-case", sent),
    );
    bench.apply(text).await;
}

async fn poll(bench: &Bench) {
    let feed = "connection = \"target\"\nfeed = \"items\"\n";
    bench.apply(format!("[[schedule]]\nname = \"often\"\nevery = \"1m\"\nflow = \"watched\"\n{feed}")).await;
}

/// The runs of a flow, the latest first.
async fn runs(bench: &Bench, flow: &str) -> Vec<Run> {
    let filter = RunFilter { flow: Some(flow.parse().expect("a name")), state: None };
    let store: &dyn Store = &*bench.store;
    store.runs(filter, PageRequest { limit: 100, after: None }).await.expect("read").items
}

/// The one run of a flow, once it is closed or needs a person.
async fn settled(bench: &Bench, flow: &str) -> RunDetail {
    bench.until(flow, async || !runs(bench, flow).await.is_empty()).await;
    let [run] = &runs(bench, flow).await[..] else { panic!("more than one run of {flow}") };
    bench.settled(run.id).await
}

async fn heard(bench: &Bench, source: &Source, expected: &[ItemStanding]) {
    bench.until("what the source hears", async || source.heard().len() >= expected.len()).await;
    let heard: Vec<_> = source.heard().iter().map(|(_, items)| items[0].1).collect();
    assert_eq!(heard, expected);
}

fn submitted(detail: &RunDetail) -> Value {
    serde_json::from_str(&detail.submission).expect("JSON")
}

async fn closed(bench: &Bench, flow: &str) -> RunDetail {
    bench
        .until("a run that is closed", async || runs(bench, flow).await.iter().all(|run| run.closed_at.is_some()))
        .await;
    settled(bench, flow).await
}

#[tokio::test]
async fn a_case_is_made_of_a_failure_and_nobody_need_look_at_it_twice() {
    let source = Arc::new(Source::default());
    source.add([item("a", "no")]);
    let bench = bench(&source).await;
    watch(&bench, "", "a case of {{ submission.failure.step }}", "").await;
    poll(&bench).await;
    let case = settled(&bench, "error-case").await;
    assert_eq!(case.run.state, RunState::Succeeded);
    let failed = closed(&bench, "watched").await;
    let DeliveryState::Closed { resolution: Resolution::Failed, at } = failed.deliveries[0].state else {
        panic!("{failed:?}")
    };
    assert_eq!((failed.run.state, failed.run.handled_by), (RunState::Failed, Some(case.run.id)));
    assert_eq!((case.run.stands_for, case.run.caused_by), (Some(failed.run.id), Some(failed.deliveries[0].id)));
    let mut said = submitted(&case);
    let since = said["failure"]["at"].take();
    assert!(since.as_str().is_some_and(|since| *since <= *at.to_string()), "{since}");
    let expected = json!({
        "submission": {"text": "no"},
        "failure": {"step": "act", "connection": "target", "operation": "act", "reason": "rejected", "code": "no",
            "message": "It says no.", "at": null},
        "steps": {},
        "run": failed.run.id,
    });
    assert_eq!(said, expected);
    heard(&bench, &source, &[ItemStanding::Succeeded]).await;
}

#[tokio::test]
async fn what_does_not_fit_becomes_a_case_too() {
    let source = Arc::new(Source::default());
    source.add([FeedItem { input: "not JSON".into(), ..item("a", "") }]);
    let bench = bench(&source).await;
    watch(&bench, "", "{{ submission.failure.reason }}: {{ submission.submission }}", "").await;
    poll(&bench).await;
    let case = settled(&bench, "error-case").await;
    assert_eq!(submitted(&case)["submission"], "not JSON");
    assert_eq!(submitted(&case)["failure"]["reason"], "mapping-failed");
    // It holds the word that the connector refuses.
    assert_eq!(case.run.state, RunState::Attention);
    heard(&bench, &source, &[ItemStanding::Held]).await;
    let resolve = PersonAct::Resolve { output: "{}".into() };
    bench
        .engine
        .act(case.deliveries[0].id, resolve, clerk(), Some("made by hand".into()), None)
        .await
        .expect("resolved");
    heard(&bench, &source, &[ItemStanding::Held, ItemStanding::Succeeded]).await;
    assert_eq!(closed(&bench, "watched").await.run.state, RunState::Failed);
}

#[tokio::test]
async fn a_later_step_that_cannot_begin_is_a_failure_like_any_other() {
    let source = Arc::new(Source::default());
    let listed = FeedItem { input: json!({"text": "yes", "more": [1]}).to_string(), ..item("a", "") };
    source.add([listed]);
    let bench = bench(&source).await;
    watch(&bench, "", "a case", "").await;
    bench
        .apply(
            r#"
[[flow]]
name = "watched"
schema = true
on_failure = { flow = "error-case" }
[[flow.step]]
name = "act"
connection = "target"
operation = "act"
input = { text = "{{ submission.text }}" }
[[flow.step]]
name = "more"
connection = "target"
operation = "act"
input = { text = "and {{ submission.more }}" }
"#
            .into(),
        )
        .await;
    poll(&bench).await;
    let case = settled(&bench, "error-case").await;
    assert_eq!((submitted(&case)["failure"]["step"].as_str(), case.run.state), (Some("more"), RunState::Succeeded));
    assert!(submitted(&case)["steps"]["act"].is_object(), "{}", case.submission);
    assert_eq!(closed(&bench, "watched").await.run.state, RunState::Failed);
    heard(&bench, &source, &[ItemStanding::Succeeded]).await;
}

#[tokio::test]
async fn what_goes_on_waiting_can_be_tried_again_after_the_case_was_made() {
    let refusing = Arc::new(Mutex::new(true));
    let asked = refusing.clone();
    let url = Target::start(&[Act::Answer(200)]).await.url;
    let connector = fake(move |_, _, input, _| {
        let refuses = input.contains("no") && *asked.lock().expect("not poisoned");
        let refused = Failure::Rejected { problem: Problem::new("no", "It says no.") };
        std::future::ready(Ok(if refuses { Err(refused) } else { Ok(Outcome::Done { output: "{}".into() }) }))
    });
    let bench = Bench::of(connector, &url).await;
    watch(&bench, "resolves = false", "a case", "").await;
    let submission = sluse_engine::Submission {
        flow: "watched".parse().expect("a name"),
        ..crate::bench::submission(json!({"text": "no"}), None)
    };
    let run = bench.engine.submit(submission).await.expect("accepted").run;
    assert_eq!(settled(&bench, "error-case").await.run.state, RunState::Succeeded);
    let waiting = bench.settled(run).await;
    assert_eq!(waiting.run.state, RunState::Attention);
    let retry = || PersonAct::Retry { did_not_happen: false };
    // It fails once more: there is a case of it already.
    bench.engine.act(waiting.deliveries[0].id, retry(), clerk(), None, None).await.expect("asked for");
    bench.until("another attempt", async || bench.first_delivery(run).await.delivery.attempts == 2).await;
    assert_eq!((bench.settled(run).await.run.state, runs(&bench, "error-case").await.len()), (RunState::Attention, 1));
    *refusing.lock().expect("not poisoned") = false;
    bench.engine.act(waiting.deliveries[0].id, retry(), clerk(), None, None).await.expect("asked for");
    bench.until("its end", async || runs(&bench, "watched").await[0].state == RunState::Succeeded).await;
}

#[tokio::test]
async fn what_the_policy_closes_has_a_case_and_its_owner_hears_of_one_that_fails() {
    let url = Target::start(&[Act::Answer(200)]).await.url;
    let refused = || Failure::Rejected { problem: Problem::new("no", "It says no.") };
    let connector = fake(move |_, _, input, _| {
        std::future::ready(Ok(if input.contains("told") {
            Ok(Outcome::Done { output: "{}".into() })
        } else {
            Err(refused())
        }))
    });
    let bench = Bench::of(connector, &url).await;
    bench.connect("closing", &url, "retry = { when_failed = \"close\" }").await;
    let step = |name: &str, connection: &str| {
        format!(
            "[[flow.step]]\nname = \"{name}\"\nconnection = \"{connection}\"\noperation = \"act\"\ninput = {{ text = \"{name}\" }}\n"
        )
    };
    let text = [
        "[[flow]]\nname = \"watched\"\nschema = true\non_failure = { flow = \"error-case\", when = [\"closed\"] }\n".to_owned(),
        step("act", "closing"),
        "[[flow]]\nname = \"error-case\"\nschema = true\nowner_notice = { flow = \"tell-owner\", when = [\"attention\"] }\n".to_owned(),
        step("make-case", "target"),
        "[[flow]]\nname = \"tell-owner\"\nschema = true\n".to_owned(),
        step("told", "target"),
    ];
    bench.apply(text.concat()).await;
    let run = bench.submit_to("watched").await;
    let case = settled(&bench, "error-case").await;
    let failure = &submitted(&case)["failure"];
    assert_eq!((&failure["reason"], &failure["code"]), (&Value::Null, &json!("no")));
    assert_eq!((bench.settled(run).await.run.state, case.run.state), (RunState::Failed, RunState::Attention));
    // Nothing is started for what was started; but somebody is told.
    let notice = settled(&bench, "tell-owner").await;
    assert_eq!((notice.run.caused_by, notice.run.stands_for), (Some(case.deliveries[0].id), None));
    assert_eq!(runs(&bench, "error-case").await.len(), 1);
}

#[tokio::test]
async fn the_files_are_there_for_the_case() {
    let url = Target::start(&[Act::Answer(200)]).await.url;
    let connector = fake(|_, _, input, mut host: Box<dyn Host>| async move {
        if input.contains("no") {
            return Ok(Err(Failure::Rejected { problem: Problem::new("no", "It says no.") }));
        }
        let files = host.attachments().await;
        let found = files.is_ok_and(|files| files.iter().any(|file| input.contains(&file.id.to_string())));
        Ok(Ok(Outcome::Done { output: json!({ "id": found.to_string() }).to_string() }))
    })
    .polled(|_, _, mut host: Box<dyn Host>| async move {
        let file = host.create_attachment("å.txt".into(), "text/plain".into(), "hej".into()).await.expect("kept");
        let with_file = FeedItem { attachments: vec![file.id.to_string()], ..item("a", "no") };
        Ok(Ok(FeedPage { items: vec![with_file], cursor: None, more: false }))
    });
    let bench = Bench::of(connector, &url).await;
    watch(&bench, "", "a case with {{ attachments[0].id }}", "").await;
    poll(&bench).await;
    let case = settled(&bench, "error-case").await;
    assert_eq!((case.run.state, case.attachments.len()), (RunState::Succeeded, 1));
    assert_eq!(case.attachments, closed(&bench, "watched").await.attachments);
    assert_eq!(case.deliveries[0].output.as_deref(), Some(r#"{"id":"true"}"#));
}
