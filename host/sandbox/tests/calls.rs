//! Calls that go well: what passes the seam, in both directions.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use bytes::Bytes;
use sluse_connector::{Answer, Effect, Method, Response, fakes::FakeHost};
use sluse_model::TimelineLevel;
use support::{Bench, Guest, done, execute};

const SEND: &str = r#"(import "sluse:connector/http@0.1.0" "send" (func $send (param i32 i32)))"#;
const LOG: &str = r#"(import "sluse:connector/log@0.1.0" "write" (func $log (param i32 i32 i32)))"#;

#[tokio::test]
async fn a_component_says_who_it_is_when_it_is_loaded() {
    let bench = Bench::start();
    let connector = bench.load(&Guest::named("archive")).await;
    let description = connector.description();
    assert_eq!((description.name.as_str(), description.version.as_str()), ("archive", "1.0.0"));
    assert!(description.operation("run").is_some());
}

#[tokio::test]
async fn an_operation_answers() {
    let bench = Bench::start();
    let connector = bench.load(&Guest::named("archive")).await;
    assert_eq!(done(execute(&connector, &FakeHost::default()).await), "{}");
}

#[tokio::test]
async fn a_log_line_reaches_the_host() {
    let bench = Bench::start();
    let guest = Guest::named("talker")
        .importing(LOG)
        .data(1024, "hej\x07")
        .executing("(call $log (i32.const 2) (i32.const 1024) (i32.const 4)) (i32.const 16)");
    let host = FakeHost::default();
    done(execute(&bench.load(&guest).await, &host).await);
    assert_eq!(host.record().lines, [(TimelineLevel::Warn, r"hej\u{7}".to_owned())]);
}

#[tokio::test]
async fn a_request_reaches_the_host_and_its_answer_the_component() {
    let bench = Bench::start();
    // A request of zeros with a path: get, no endpoint, no header, no body, nothing else.
    let guest = Guest::named("reader")
        .importing(SEND)
        .data(1024, "/cases")
        .with("(func $status (result i32) (i32.load16_u (i32.const 2056)))")
        .executing(
            "(i32.store (i32.const 1216) (i32.const 1024)) (i32.store (i32.const 1220) (i32.const 6))
             (call $send (i32.const 1200) (i32.const 2048))
             (if (i32.ne (call $status) (i32.const 204)) (then unreachable))
             (i32.const 16)",
        );
    let response = Response { status: 204, headers: Vec::new(), body: Answer::Bytes(Bytes::new()) };
    let host = FakeHost::answering([Ok(response)]);
    done(execute(&bench.load(&guest).await, &host).await);
    let record = host.record();
    let [request] = record.requests.as_slice() else { panic!("one request, not {:?}", record.requests) };
    assert_eq!((request.method, request.path.as_str(), request.effect), (Method::Get, "/cases", Effect::Read));
}
