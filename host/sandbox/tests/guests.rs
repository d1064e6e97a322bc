//! The guests of the workspace, run through the whole sandbox.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::{fs, path::PathBuf};

use bytes::Bytes;
use sluse_connector::{Answer, BreakageKind, CallLimits, Loader as _, Response, fakes::FakeHost};
use sluse_model::TimelineLevel;
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
