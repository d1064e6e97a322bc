//! Files that deliveries publish, and numbers that they reserve: once, whatever happens to an attempt.

use std::{fs, path::Path};

use bytes::Bytes;
use serde_json::json;
use sluse_connector::{
    Ended, FolderError, Host, NumberError,
    fakes::{FakeConnector, description},
};
use sluse_model::{Description, Failure, Outcome, Problem, RunState, Standing};
use tempfile::TempDir;

use crate::{
    bench::{Act, Bench, Target, fake},
    once::{send, unavailable},
};

fn done(output: serde_json::Value) -> Ended<Outcome> {
    Ok(Ok(Outcome::Done { output: output.to_string() }))
}

fn rejected(reason: String) -> Ended<Outcome> {
    Ok(Err(Failure::Rejected { problem: Problem::new("refused", reason) }))
}

async fn put(host: &mut Box<dyn Host>, bytes: &[u8]) -> Result<(), FolderError> {
    host.put_file("outbox".into(), "loen.txt".into(), Bytes::copy_from_slice(bytes)).await
}

/// A connector that publishes the text of its input as `loen.txt`, and fails the first time after that.
fn publisher() -> FakeConnector {
    fake(|call, _, input, mut host| async move {
        match put(&mut host, input.as_bytes()).await {
            Ok(()) if call.attempt == 1 => unavailable(),
            Ok(()) => done(json!({ "id": "published" })),
            Err(FolderError::Unavailable(_)) => unavailable(),
            Err(error) => rejected(error.to_string()),
        }
    })
}

pub(crate) async fn grant(bench: &Bench, folder: &Path) {
    let path = folder.display();
    let text = format!(
        r#"
[[connection]]
name = "shelf"
connector = "fake"
grant = {{ cidrs = ["127.0.0.0/8"], folders = {{ outbox = {{ path = "{path}" }} }} }}
retry = {{ max_attempts = 50, base_ms = 10, cap_ms = 10, floor_ms = 10 }}
[connection.endpoints.default]
url = "http://127.0.0.1:1"
allow_plaintext = true
[[flow]]
name = "shelf"
schema = true
[[flow.step]]
name = "act"
connection = "shelf"
operation = "act"
input = {{ text = "shelf" }}
"#
    );
    bench.apply(text).await;
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    names.map(|name| name.into_string().expect("UTF-8")).collect()
}

#[tokio::test]
async fn a_file_is_published_once_over_attempts_although_it_was_taken() {
    let folder = TempDir::new().expect("a folder");
    let bench = Bench::of(publisher(), "http://127.0.0.1:1").await;
    grant(&bench, folder.path()).await;
    let run = bench.submit_to("shelf").await;
    let file = folder.path().join("loen.txt");
    bench.until("published", async || file.exists()).await;
    assert_eq!(fs::read_to_string(&file).expect("a file"), r#"{"text":"shelf"}"#);
    fs::remove_file(&file).expect("whoever reads from the folder takes it");
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(names(folder.path()), [""; 0], "it is not published again");
}

#[tokio::test]
async fn the_same_file_of_another_delivery_is_one_file_and_another_one_is_a_conflict() {
    let folder = TempDir::new().expect("a folder");
    let bench = Bench::of(publisher(), "http://127.0.0.1:1").await;
    grant(&bench, folder.path()).await;
    let first = bench.submit_to("shelf").await;
    assert_eq!(bench.settled(first).await.run.state, RunState::Succeeded);
    fs::remove_file(folder.path().join("loen.txt")).expect("it was published");
    let again = bench.submit_to("shelf").await;
    assert_eq!(bench.settled(again).await.run.state, RunState::Succeeded);
    assert_eq!(names(folder.path()), [""; 0], "the same batch is one file");
    let text = r#"
[[flow]]
name = "other"
schema = true
[[flow.step]]
name = "act"
connection = "shelf"
operation = "act"
input = { text = "something else" }
"#;
    bench.apply(text.into()).await;
    let other = bench.submit_to("other").await;
    assert_eq!(bench.settled(other).await.run.state, RunState::Attention);
    let detail = bench.first_delivery(other).await;
    let told = format!("{:?}", detail.attempts.last().expect("an attempt").result);
    assert!(told.contains("with other bytes was published"), "{told}");
}

#[tokio::test]
async fn a_folder_that_is_gone_is_waited_for() {
    let parent = TempDir::new().expect("a folder");
    let folder = parent.path().join("ind");
    let bench = Bench::of(publisher(), "http://127.0.0.1:1").await;
    grant(&bench, &folder).await;
    let run = bench.submit_to("shelf").await;
    bench.until("tried", async || !bench.first_delivery(run).await.attempts.is_empty()).await;
    fs::create_dir(&folder).expect("somebody mounts it");
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(names(&folder), ["loen.txt"]);
}

#[tokio::test]
async fn what_is_not_granted_says_what_to_write() {
    let bench = Bench::start("http://127.0.0.1:1", |_, _, _, mut host| async move {
        let Err(FolderError::Forbidden(folder)) = put(&mut host, b"x").await else { return done(json!({})) };
        let Err(NumberError::Forbidden(number)) = host.reserve_numbers("lines".into(), 1, None).await else {
            return done(json!({}));
        };
        rejected(format!("{folder}\n{number}"))
    })
    .await;
    let run = bench.submit("x").await;
    bench.settled(run).await;
    let told = format!("{:?}", bench.first_delivery(run).await.attempts[0].result);
    assert!(told.contains("[connection.grant.folders.outbox]"), "{told}");
    assert!(told.contains("[connection.sequences.lines]"), "{told}");
}

#[tokio::test]
async fn an_operation_that_only_reads_publishes_nothing() {
    let folder = TempDir::new().expect("a folder");
    let bench = Bench::of(publisher(), "http://127.0.0.1:1").await;
    grant(&bench, folder.path()).await;
    let text = r#"
[[flow]]
name = "reading"
schema = true
[[flow.step]]
name = "read"
connection = "shelf"
operation = "read"
input = { text = "x" }
"#;
    bench.apply(text.into()).await;
    let run = bench.submit_to("reading").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Attention);
    assert_eq!(names(folder.path()), [""; 0]);
}

#[tokio::test]
async fn numbers_are_the_same_on_every_attempt() {
    let connector = FakeConnector::new(
        Description { sequences: vec!["lines".into()], ..description("fake", "1.0.0", &["act"]) },
        |call, _, _, mut host| async move {
            let reserve = |purpose: Option<&str>| (2, purpose.map(str::to_owned));
            let mut firsts = Vec::new();
            for (count, purpose) in [reserve(None), reserve(None), reserve(Some("total")), reserve(Some("total"))] {
                firsts.push(host.reserve_numbers("lines".into(), count, purpose).await.expect("granted"));
            }
            if call.attempt == 1 { unavailable() } else { done(json!({ "firsts": firsts })) }
        },
    );
    let bench = Bench::counting(connector).await;
    for expected in [[10, 12, 14, 14], [16, 18, 20, 20]] {
        let run = bench.submit_to("counter").await;
        let settled = bench.settled(run).await;
        assert_eq!(settled.run.state, RunState::Succeeded);
        let output = bench.first_delivery(run).await.delivery.output.expect("an output");
        assert_eq!(output, json!({ "firsts": expected }).to_string());
    }
}

#[tokio::test]
async fn a_sequence_that_has_ended_says_what_to_raise() {
    let connector = FakeConnector::new(
        Description { sequences: vec!["lines".into()], ..description("fake", "1.0.0", &["act"]) },
        |_, _, _, mut host| async move {
            match host.reserve_numbers("lines".into(), 100, None).await {
                Err(NumberError::Forbidden(reason)) => rejected(reason),
                other => rejected(format!("{other:?}")),
            }
        },
    );
    let bench = Bench::counting(connector).await;
    let run = bench.submit_to("counter").await;
    bench.settled(run).await;
    let told = format!("{:?}", bench.first_delivery(run).await.attempts[0].result);
    assert!(told.contains("raise `last`"), "{told}");
}

#[tokio::test]
async fn an_answer_that_did_nothing_lets_it_go_again() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let bench = Bench::start(&target.url, |call, _, _, mut host| async move {
        let mut request = crate::once::post(false);
        request.intent_key = Some("pay".into());
        host.send(request).await.expect("answered");
        if call.attempt == 1 {
            host.conclude("pay", Standing::DidNotHappen).expect("it was answered");
            return unavailable();
        }
        done(json!({ "id": "paid" }))
    })
    .await;
    let run = bench.submit("x").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(target.seen().len(), 2, "the first did nothing");
}

#[tokio::test]
async fn an_answer_that_looks_as_if_it_failed_does_not_let_it_go_again() {
    let target = Target::start(&[Act::Answer(500)]).await;
    let bench = Bench::start(&target.url, |call, _, _, mut host| async move {
        let mut request = crate::once::post(false);
        request.intent_key = Some("reject".into());
        let answer = host.send(request).await;
        if call.attempt == 1 {
            assert_eq!(answer.map(|response| response.status), Ok(500));
            host.conclude("reject", Standing::Happened).expect("it was answered");
            return unavailable();
        }
        assert!(send(&mut host, false).await.is_ok(), "nothing is in doubt there");
        done(json!({ "id": "done" }))
    })
    .await;
    let run = bench.submit("x").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(target.seen().len(), 2, "the first, and the other one");
}
