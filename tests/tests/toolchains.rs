//! One connector as four toolchains emit it: Rust, JavaScript, Python, and Rust for `wasm32-wasip2`. Those that need
//! more of the machine are features; `cargo xtask test --with …` builds them first.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use bytes::Bytes;
use sluse_connector::{
    Answer, AttachmentError, Call, CallLimits, Connector, Effect, Ended, Loader as _, Method, Response, fakes::FakeHost,
};
use sluse_model::{Attachment, AttachmentId, Digest, Failure, Outcome, Timestamp, fakes::SeededDice};
use sluse_sandbox::{Compiler, Sandbox, SandboxSettings};
use sluse_tests::host::component;

/// Interpreters take more than a compiled connector.
const LIMITS: CallLimits =
    CallLimits { memory_bytes: 256 << 20, cpu: Duration::from_secs(20), wall: Duration::from_secs(60) };

fn call() -> Call {
    Call {
        delivery: "del-1".into(),
        attempt: 1,
        accepted_at: Timestamp::from_millis(1_700_000_000_000),
        attempt_at: Timestamp::from_millis(1_700_000_060_000),
        settings: "{}".into(),
    }
}

fn output(ended: Ended<Outcome>) -> anyhow::Result<serde_json::Value> {
    match ended {
        Ok(Ok(Outcome::Done { output })) => Ok(serde_json::from_str(&output)?),
        other => anyhow::bail!("expected an output, got {other:?}"),
    }
}

/// Loads a guest, and asks of it what each of them can.
async fn serves(component: PathBuf) -> anyhow::Result<()> {
    let cache = tempfile::tempdir()?;
    let sandbox = Sandbox::start(SandboxSettings {
        cache_folder: cache.path().join("components"),
        max_instances: 4,
        compiler: Compiler::InProcess,
        dice: Arc::new(SeededDice::new(7)),
    })?;
    let bytes = fs::read(&component).with_context(|| format!("`{}`", component.display()))?;
    let connector = sandbox.load(Bytes::from(bytes)).await?;
    echoes_and_posts(&*connector).await?;
    lists_files(&*connector).await
}

async fn echoes_and_posts(connector: &dyn Connector) -> anyhow::Result<()> {
    let input = r#"{"text":"Hej på dig"}"#;
    let host = FakeHost::default();
    let echoed = output(connector.execute(call(), "echo", input, LIMITS, Box::new(host.clone())).await)?;
    assert_eq!(echoed["text"], "Hej på dig");
    assert!(host.record().requests.is_empty());

    let body = Answer::Bytes(Bytes::from_static(b"made"));
    let host = FakeHost::answering([Ok(Response { status: 201, headers: Vec::new(), body })]);
    let posted = output(connector.execute(call(), "post", input, LIMITS, Box::new(host.clone())).await)?;
    assert_eq!(posted["status"], 201, "{posted}");
    let record = host.record();
    let [request] = record.requests.as_slice() else { panic!("one request, not {:?}", record.requests) };
    assert_eq!((request.method, request.effect), (Method::Post, Effect::Once));
    Ok(())
}

/// Of a host that has a file, and of a host that cannot tell.
async fn lists_files(connector: &dyn Connector) -> anyhow::Result<()> {
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
    let listed = output(connector.execute(call(), "attachments", "{}", LIMITS, Box::new(host.clone())).await)?;
    assert_eq!(listed["files"][0]["id"], file.id.to_string(), "{listed}");
    assert_eq!(listed["files"][0]["name"], "ansøgning.pdf", "{listed}");

    host.record().attachments_fail = Some(AttachmentError::Unavailable("the disk is away".into()));
    let ended = connector.execute(call(), "attachments", "{}", LIMITS, Box::new(host)).await;
    let Ok(Err(Failure::Unavailable { problem, .. })) = ended else { panic!("{ended:?}") };
    assert!(problem.detail.is_some_and(|detail| detail.contains("the disk is away")), "{}", problem.message);
    Ok(())
}

#[tokio::test]
async fn a_component_of_rust_serves() -> anyhow::Result<()> {
    serves(component("echo")?).await
}

#[cfg(feature = "javascript")]
#[tokio::test]
async fn a_component_of_javascript_serves() -> anyhow::Result<()> {
    serves(component("javascript")?).await
}

#[cfg(feature = "python")]
#[tokio::test]
async fn a_component_of_python_serves() -> anyhow::Result<()> {
    serves(component("python")?).await
}

/// The same source as the component of Rust, and it imports WASI.
#[cfg(feature = "wasip2")]
#[tokio::test]
async fn a_component_for_wasip2_serves() -> anyhow::Result<()> {
    let components = component("echo")?;
    let guests = components.ancestors().nth(2).context("components are in the guests' folder")?;
    let component = guests.join("wasm32-wasip2/guest/sluse_guest_echo.wasm");
    let bytes = fs::read(&component).with_context(|| format!("`{}`", component.display()))?;
    assert!(bytes.windows(9).any(|window| window == b"wasi:cli/"), "it imports WASI");
    serves(component).await
}
