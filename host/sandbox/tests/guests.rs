//! Components as toolchains emit them: the guests of the workspace, run through the whole sandbox.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::{fs, path::PathBuf};

use bytes::Bytes;
use sluse_connector::{
    Answer, AttachmentError, BreakageKind, CallLimits, Effect, Loader as _, Method, Response, fakes::FakeHost,
};
use sluse_model::{Attachment, AttachmentId, Digest, Failure, TimelineLevel, Timestamp, fakes::SeededDice};
use support::{Bench, broken, call, done, limits};

/// Where `cargo xtask guests` puts its products: beside the profile's folder that this test runs from.
fn components() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(3).expect("<target>/<profile>/deps/<test>").join("guests/components")
}

fn component(name: &str, fix: &str) -> Bytes {
    let path = components().join(format!("{name}.wasm"));
    match fs::read(&path) {
        Ok(bytes) => Bytes::from(bytes),
        Err(error) => panic!("`{}` is not there ({error}): run `{fix}` first", path.display()),
    }
}

fn answer(status: u16, body: &str) -> FakeHost {
    let body = Answer::Bytes(Bytes::copy_from_slice(body.as_bytes()));
    FakeHost::answering([Ok(Response { status, headers: Vec::new(), body })])
}

/// Asks the guest to echo and to post, as every guest of ours can.
async fn echoes_and_posts(name: &str, component: Bytes) {
    let bench = Bench::start();
    let connector = bench.sandbox.load(component).await.unwrap_or_else(|error| panic!("`{name}`: {error}"));
    // Interpreters take more than a compiled connector.
    let limits = CallLimits { memory_bytes: 256 << 20, cpu: std::time::Duration::from_secs(20), ..limits() };
    let host = FakeHost::default();
    let input = r#"{"text":"Hej på dig"}"#;
    let ended = connector.execute(call(), "echo", input, limits, Box::new(host.clone())).await;
    let output: serde_json::Value = serde_json::from_str(&done(ended)).unwrap();
    assert_eq!(output["text"], "Hej på dig");
    assert!(host.record().requests.is_empty());

    let host = answer(201, "made");
    let ended = connector.execute(call(), "post", input, limits, Box::new(host.clone())).await;
    let output: serde_json::Value = serde_json::from_str(&done(ended)).unwrap();
    assert_eq!(output["status"], 201, "{output}");
    let record = host.record();
    let [request] = record.requests.as_slice() else { panic!("one request, not {:?}", record.requests) };
    assert_eq!((request.method, request.effect), (Method::Post, Effect::Once));
}

/// Asks the guest for the files of the run: of a host that has one, and of a host that cannot tell.
async fn lists_files(component: Bytes) {
    let bench = Bench::start();
    let connector = bench.sandbox.load(component).await.unwrap();
    let limits = CallLimits { memory_bytes: 256 << 20, cpu: std::time::Duration::from_secs(20), ..limits() };
    let host = FakeHost::default();
    let content = Bytes::from_static(b"%PDF");
    let file = Attachment {
        id: AttachmentId::new(Timestamp::from_millis(1), &SeededDice::new(1)),
        name: "ansøgning.pdf".into(),
        media_type: "application/pdf".into(),
        size_bytes: 4,
        digest: Digest::of(&content),
    };
    host.record().attachments.push((file.clone(), content));
    let ended = connector.execute(call(), "attachments", "{}", limits, Box::new(host.clone())).await;
    let output: serde_json::Value = serde_json::from_str(&done(ended)).unwrap();
    assert_eq!(output["files"][0]["id"], file.id.to_string(), "{output}");
    assert_eq!(output["files"][0]["name"], "ansøgning.pdf", "{output}");

    host.record().attachments_fail = Some(AttachmentError::Unavailable("the disk is away".into()));
    let ended = connector.execute(call(), "attachments", "{}", limits, Box::new(host)).await;
    let Ok(Err(Failure::Unavailable { problem, .. })) = ended else { panic!("{ended:?}") };
    assert!(problem.detail.is_some_and(|detail| detail.contains("the disk is away")), "{}", problem.message);
}

#[tokio::test]
async fn echo_echoes_and_posts() {
    echoes_and_posts("echo", component("echo", "cargo xtask guests echo")).await;
}

#[tokio::test]
async fn echo_lists_files() {
    lists_files(component("echo", "cargo xtask guests echo")).await;
}

#[tokio::test]
async fn echo_writes_to_the_log() {
    let bench = Bench::start();
    let connector = bench.sandbox.load(component("echo", "cargo xtask guests echo")).await.unwrap();
    let host = FakeHost::default();
    done(connector.execute(call(), "log", r#"{"text":"a line"}"#, limits(), Box::new(host.clone())).await);
    assert_eq!(host.record().lines, [(TimelineLevel::Info, "a line".to_owned())]);
}

#[tokio::test]
async fn echo_checks_its_connection() {
    let bench = Bench::start();
    let connector = bench.sandbox.load(component("echo", "cargo xtask guests echo")).await.unwrap();
    let findings = connector.check(call(), limits(), Box::new(answer(200, ""))).await.unwrap().unwrap();
    assert!(findings.iter().all(|finding| finding.passed) && !findings.is_empty(), "{findings:?}");
}

#[tokio::test]
async fn a_usual_call_does_not_grow_its_memory() {
    let bench = Bench::start();
    let connector = bench.sandbox.load(component("growth", "cargo xtask guests growth")).await.unwrap();
    let record = r#"{"name":"Havnegade 5","kind":"building","owner":"Jens Jensen","note":"with annexes"}"#;
    let input = format!(r#"{{"records":[{}]}}"#, [record; 50].join(","));
    let host = Box::new(FakeHost::default());
    let output = done(connector.execute(call(), "usual", &input, limits(), host).await);
    let pages: serde_json::Value = serde_json::from_str(&output).unwrap();
    assert_eq!(pages["before"], pages["after"], "{output}");
}

#[tokio::test]
async fn a_connector_that_holds_too_much_is_told_which_limit_to_raise() {
    let bench = Bench::start();
    let connector = bench.sandbox.load(component("growth", "cargo xtask guests growth")).await.unwrap();
    let hold = r#"{"block_bytes":1048576,"blocks":100}"#;
    let limits = CallLimits { cpu: std::time::Duration::from_secs(20), ..limits() };
    let breakage = broken(connector.execute(call(), "hold", hold, limits, Box::new(FakeHost::default())).await);
    assert_eq!(breakage.kind, BreakageKind::MemoryExceeded, "{}", breakage.message);
    let limits = CallLimits { memory_bytes: 128 << 20, ..limits };
    done(connector.execute(call(), "hold", hold, limits, Box::new(FakeHost::default())).await);
    bench.serves_others().await;
}

#[cfg(feature = "javascript")]
#[tokio::test]
async fn javascript_echoes_and_posts() {
    echoes_and_posts("javascript", component("javascript", "cargo xtask guests --with javascript")).await;
}

#[cfg(feature = "javascript")]
#[tokio::test]
async fn javascript_lists_files() {
    lists_files(component("javascript", "cargo xtask guests --with javascript")).await;
}

#[cfg(feature = "python")]
#[tokio::test]
async fn python_lists_files() {
    lists_files(component("python", "cargo xtask guests --with python")).await;
}

#[cfg(feature = "python")]
#[tokio::test]
async fn python_echoes_and_posts() {
    echoes_and_posts("python", component("python", "cargo xtask guests --with python")).await;
}

/// The echo guest, built for `wasm32-wasip2`: the same source, and it imports WASI.
#[cfg(feature = "wasip2")]
#[tokio::test]
async fn a_component_for_wasip2_echoes_and_posts() {
    let fix = "cargo xtask test --with wasip2";
    let built = components().join("../wasm32-wasip2/guest/sluse_guest_echo.wasm");
    let component = fs::read(&built).unwrap_or_else(|error| panic!("`{}`: {error}: run `{fix}`", built.display()));
    assert!(component.windows(9).any(|window| window == b"wasi:cli/"), "it imports WASI");
    echoes_and_posts("echo for wasip2", Bytes::from(component)).await;
}
