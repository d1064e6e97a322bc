//! Steps with a condition: carried out, passed by, or left to a person who knows better.

use serde_json::{Value, json};
use sluse_engine::SubmitError;
use sluse_model::{DeliveryState, Outcome, Reason, RunState};
use sluse_store::RunDetail;

use crate::bench::{Act, Bench, Target, clerk, submission};

/// A connector that gives back what the submission says it finds.
async fn bench() -> Bench {
    let target = Target::start(&[Act::Answer(200)]).await;
    Bench::start(&target.url, |_, _, input, _| async move {
        let input: Value = serde_json::from_str(&input).expect("JSON");
        let output = json!({"branch": input["text"], "id": "42"});
        Ok(Ok(Outcome::Done { output: output.to_string() }))
    })
    .await
}

/// A flow `branching`: each step is a name, its condition or an empty text, and the text that it sends.
async fn branching(bench: &Bench, steps: &[(&str, &str, &str)]) {
    let mut text = "[[flow]]\nname = \"branching\"\nschema = true\n".to_owned();
    for (name, when, sent) in steps {
        let when = if when.is_empty() { String::new() } else { format!("when = \"{when}\"\n") };
        text.push_str(&format!(
            "[[flow.step]]\nname = \"{name}\"\nconnection = \"target\"\noperation = \"act-again\"\n{when}input = {{ text = \"{sent}\" }}\n"
        ));
    }
    bench.apply(text).await;
}

async fn ran(bench: &Bench, data: Value) -> RunDetail {
    let submission = sluse_engine::Submission { flow: "branching".parse().expect("a name"), ..submission(data, None) };
    let run = bench.engine.submit(submission).await.expect("accepted").run;
    bench.settled(run).await
}

/// The steps that were carried out, and those that were passed by.
fn steps(detail: &RunDetail) -> (Vec<&str>, Vec<&str>) {
    let carried_out = detail.deliveries.iter().map(|delivery| delivery.step.as_str()).collect();
    (carried_out, detail.skipped.iter().map(|skipped| skipped.step.as_str()).collect())
}

/// Found or not: another step each.
const BRANCHES: [(&str, &str, &str); 4] = [
    ("search", "", "{{ submission.finds }}"),
    ("update", "{{ steps.search.branch == 'Success' }}", "update"),
    ("create", "{{ steps.search.branch != 'Success' }}", "create"),
    ("tell", "", "{{ steps.update.id | default('none') }}"),
];

#[tokio::test]
async fn a_step_behind_one_that_was_passed_by_is_counted() {
    let bench = bench().await;
    branching(&bench, &BRANCHES).await;
    let found = ran(&bench, json!({"finds": "Success"})).await;
    assert_eq!(steps(&found), (vec!["search", "update", "tell"], vec!["create"]));
    let figures = bench.engine.figures().await.expect("read");
    let target = figures.counts.connections.iter().find(|(name, _)| name.as_str() == "target").expect("it is there").1;
    assert_eq!((target.accepted, target.settled.succeeded), (3, 3));
}

#[tokio::test]
async fn a_branch_finds_its_step() {
    let bench = bench().await;
    branching(&bench, &BRANCHES).await;
    let found = ran(&bench, json!({"finds": "Success"})).await;
    assert_eq!(
        (found.run.state, steps(&found)),
        (RunState::Succeeded, (vec!["search", "update", "tell"], vec!["create"]))
    );
    assert_eq!(found.deliveries[2].input, r#"{"text":"42"}"#);
    let missed = ran(&bench, json!({"finds": "ValidationError"})).await;
    assert_eq!(
        (missed.run.state, steps(&missed)),
        (RunState::Succeeded, (vec!["search", "create", "tell"], vec!["update"]))
    );
    assert_eq!(missed.deliveries[2].input, r#"{"text":"none"}"#);
    assert_eq!((missed.skipped[0].step_index, missed.skipped[0].when.as_str()), (1, BRANCHES[1].1));
}

#[tokio::test]
async fn a_run_ends_with_the_last_step_that_is_not_skipped() {
    let bench = bench().await;
    branching(&bench, &[BRANCHES[0], BRANCHES[1]]).await;
    let missed = ran(&bench, json!({"finds": "Timeout"})).await;
    assert_eq!((missed.run.state, steps(&missed)), (RunState::Succeeded, (vec!["search"], vec!["update"])));
    assert_eq!(missed.run.closed_at, missed.deliveries[0].changed_at.into());
}

#[tokio::test]
async fn a_run_may_begin_behind_its_first_step_or_with_its_end() {
    let bench = bench().await;
    let only = [("find", "{{ submission.known }}", "find"), ("open", "{{ steps.find is undefined }}", "open")];
    branching(&bench, &only).await;
    let new = ran(&bench, json!({"known": false})).await;
    assert_eq!((new.run.state, steps(&new)), (RunState::Succeeded, (vec!["open"], vec!["find"])));
    let known = ran(&bench, json!({"known": true})).await;
    assert_eq!(steps(&known), (vec!["find"], vec!["open"]));
    branching(&bench, &only[..1]).await;
    let nothing = ran(&bench, json!({"known": false})).await;
    assert_eq!((nothing.run.state, steps(&nothing)), (RunState::Succeeded, (vec![], vec!["find"])));
}

#[tokio::test]
async fn what_is_neither_true_nor_false_is_refused_or_waits_for_a_person() {
    let bench = bench().await;
    branching(&bench, &[("pay", "{{ submission.pays }}", "pay")]).await;
    let submission = sluse_engine::Submission {
        flow: "branching".parse().expect("a name"),
        ..submission(json!({"pays": "true"}), None)
    };
    let refused = bench.engine.submit(submission).await.expect_err("a text is no condition");
    assert!(matches!(&refused, SubmitError::NotMapped { what: "condition", .. }), "{refused}");
    assert!(refused.to_string().contains("the text `true`"), "{refused}");

    // Of a later step, nobody is there to be told.
    branching(&bench, &[BRANCHES[0], ("update", "{{ steps.search.branch }}", "update"), ("tell", "", "told")]).await;
    let waits = ran(&bench, json!({"finds": "Success"})).await;
    assert_eq!((waits.run.state, steps(&waits)), (RunState::Attention, (vec!["search", "update"], vec![])));
    let DeliveryState::Attention(attention) = &waits.deliveries[1].state else { panic!("{waits:?}") };
    assert_eq!(attention.reason, Reason::MappingFailed);
    assert!(attention.problem.message.starts_with("The condition of step `update`"), "{attention:?}");
    // A person says what goes out, or what came of it; the run goes on.
    let edit = sluse_model::Act::Edit { input: r#"{"text":"by hand"}"#.into(), did_not_happen: false };
    bench.engine.act(waits.deliveries[1].id, edit, clerk(), None, None).await.expect("edited");
    let done = bench.settled(waits.run.id).await;
    assert_eq!((done.run.state, steps(&done).0), (RunState::Succeeded, vec!["search", "update", "tell"]));
}

#[tokio::test]
async fn what_a_person_resolves_decides_of_the_next_step() {
    let bench = bench().await;
    let last = "{{ steps.unsure is defined and steps.unsure.branch == 'Success' }}";
    branching(&bench, &[BRANCHES[0], ("unsure", "{{ steps.search.branch }}", "x"), ("last", last, "y")]).await;
    let waits = ran(&bench, json!({"finds": "x"})).await;
    let resolve = sluse_model::Act::Resolve { output: r#"{"branch":"Default"}"#.into() };
    bench.engine.act(waits.deliveries[1].id, resolve, clerk(), Some("looked".into()), None).await.expect("resolved");
    let done = bench.settled(waits.run.id).await;
    assert_eq!((done.run.state, steps(&done)), (RunState::Succeeded, (vec!["search", "unsure"], vec!["last"])));
}
