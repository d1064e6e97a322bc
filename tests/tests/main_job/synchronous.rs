//! Somebody waits for the answer: one operation over the API and on the command line, and a host that is killed
//! meanwhile.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use sluse_tests::{
    client::{self, Reply},
    echo::{CountingTarget, configuration},
    host::{Host, HostOptions},
};

/// A host with the connection `target`.
async fn host_with(target: &CountingTarget) -> anyhow::Result<Host> {
    let host = Host::start(HostOptions::default()).await?;
    host.install("echo").await?;
    host.apply(&configuration(target.url(), "post", "retry = { base_ms = 50, cap_ms = 50, floor_ms = 50 }")).await?;
    Ok(host)
}

fn request(host: &Host, operation: &str, key: &str, input: &Value) -> anyhow::Result<Request<Body>> {
    let mut request = Request::post(format!("{}/v1/connections/target/operations/{operation}", host.url()))
        .header("authorization", format!("Bearer {}", host.token()))
        .header("content-type", "application/json");
    if !key.is_empty() {
        request = request.header("idempotency-key", key);
    }
    Ok(request.body(input.to_string().into())?)
}

async fn call(host: &Host, operation: &str, key: &str, input: &Value) -> anyhow::Result<Reply> {
    client::send(request(host, operation, key, input)?).await
}

/// The problem's short name, and the status that it came with.
fn problem(reply: &Reply) -> anyhow::Result<(u16, String)> {
    let kind = reply.json()?["type"].as_str().unwrap_or("").replace("urn:sluse:problem:", "");
    Ok((reply.status.as_u16(), kind))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_answered_in_the_same_request() -> anyhow::Result<()> {
    let target = CountingTarget::start(0).await?;
    let host = host_with(&target).await?;

    let read = call(&host, "fetch", "", &json!({})).await?;
    assert_eq!(read.status, 200, "{}", read.text());
    assert_eq!(read.json()?["output"]["status"], 201);
    assert!(read.json()?["delivery"].is_null());
    assert_eq!(host.get("/v1/deliveries").await?["items"], json!([]), "nothing is left of it");

    let sent = call(&host, "post", "k", &json!({"text": "Grød på æøå"})).await?;
    assert_eq!(sent.status, 200, "{}", sent.text());
    let again = call(&host, "post", "k", &json!({"text": "Grød på æøå"})).await?;
    assert_eq!((again.status.as_u16(), again.json()?), (200, sent.json()?));
    assert_eq!(
        problem(&call(&host, "post", "k", &json!({"text": "other"})).await?)?,
        (409, "idempotency-key-taken".into())
    );
    assert_eq!(target.requests(), 2, "one read, and one that must happen once");
    let delivery = sent.json()?["delivery"].as_str().unwrap_or("").to_owned();
    assert_eq!(host.get(&format!("/v1/deliveries/{delivery}")).await?["resolution"], "succeeded");

    // The input has no text; what keeps a file cannot be asked for so.
    let invalid = call(&host, "post", "", &json!({"text": 7})).await?;
    assert_eq!(
        (problem(&invalid)?, invalid.json()?["errors"][0]["path"].clone()),
        ((422, "does-not-fit".into()), "/text".into())
    );
    assert_eq!(problem(&call(&host, "keep", "", &json!({})).await?)?, (502, "call-denied".into()));
    assert_eq!(call(&host, "nothing", "", &json!({})).await?.status, 404);
    let path = "/v1/connections/target/operations/fetch?deadline_ms=7";
    assert_eq!(host.post(path, &json!({})).await?.status, 400);
    let path = "/v1/connections/target/operations/fetch";
    assert_eq!(host.api("POST", path, "multipart/form-data; boundary=b", Body::from("--b--")).await?.status, 415);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_prints_the_output_and_says_what_came_of_it() -> anyhow::Result<()> {
    let target = CountingTarget::start(0).await?;
    let host = host_with(&target).await?;
    let called = host.done(&["call", "target", "fetch", "-"], Some(b"{}")).await?;
    assert_eq!(called["output"]["status"], 201);
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), br#"{"text": "x"}"#)?;
    let input = file.path().to_str().unwrap_or("");
    let told = host.sluse_for_people(&["call", "target", "post", input, "--key", "k"]).await?;
    assert_eq!((told.code, told.json()?["status"].clone()), (0, json!(201)), "{}", told.stderr);

    for (words, code) in
        [(["target", "fetch", input], 0), (["target", "fan-out", input], 10), (["nobody", "fetch", input], 3)]
    {
        let told = host.sluse(&[["call"].as_slice(), words.as_slice()].concat(), None).await?;
        assert_eq!(told.code, code, "{words:?}: {}", told.stderr);
    }
    // What it met is told to people with what support needs, and to programs as the host says it.
    let refused = ["call", "target", "keep", input];
    let told = host.sluse_for_people(&refused).await?;
    assert!(told.code == 12 && told.stdout.is_empty(), "{}: {}{}", told.code, told.stdout, told.stderr);
    assert!(told.stderr.contains("\n  request-forbidden: "), "{}", told.stderr);
    let told = host.sluse(&refused, None).await?;
    assert_eq!((told.code, told.json()?["type"].clone()), (12, json!("urn:sluse:problem:call-denied")));
    assert_eq!(told.json()?["problem"]["code"], "request-forbidden", "{}", told.stdout);

    host.done(&["connection", "pause", "target", "--why", "it is being moved"], None).await?;
    let told = host.sluse(&["call", "target", "fetch", "-"], Some(b"{}")).await?;
    assert!(told.code == 13 && told.stderr.contains("it is being moved"), "{}: {}", told.code, told.stderr);
    let told = host.sluse(&["call", "target", "post", input, "--deadline", "200ms"], None).await?;
    assert!(told.code == 16 && told.stderr.contains("sluse delivery show del-"), "{}: {}", told.code, told.stderr);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_deadline_a_read_is_called_off_and_the_rest_goes_on() -> anyhow::Result<()> {
    let target = CountingTarget::start(1).await?;
    let host = host_with(&target).await?;
    let asked = |operation: &str| format!("/v1/connections/target/operations/{operation}?deadline_ms=200");
    let read = host.post(&asked("fetch"), &json!({})).await?;
    assert_eq!(problem(&read)?, (504, "deadline-passed".into()), "{}", read.text());
    assert_eq!(target.requests(), 1, "it was on its way");

    host.done(&["connection", "pause", "target", "--why", "it is being moved"], None).await?;
    let sent = host.post(&asked("post"), &json!({"text": "x"})).await?;
    let delivery = sent.json()?["delivery"].as_str().unwrap_or_default().to_owned();
    let location = sent.headers.get("location").and_then(|location| location.to_str().ok());
    assert_eq!((sent.status.as_u16(), sent.json()?["state"].clone()), (202, json!("queued")), "{}", sent.text());
    assert_eq!(location, Some(format!("/v1/deliveries/{delivery}").as_str()));
    host.done(&["connection", "resume", "target"], None).await?;
    until("it is done", async || Ok(host.get(&format!("/v1/deliveries/{delivery}")).await?["state"] == "closed"))
        .await?;
    assert_eq!(target.requests(), 2, "it happened after its caller had gone");
    Ok(())
}

/// A caller who waits for as long as the host lives.
fn waits(host: &Host, operation: &str) -> anyhow::Result<tokio::task::JoinHandle<anyhow::Result<Reply>>> {
    let request = request(host, operation, "k", &json!({"text": "x"}))?;
    Ok(tokio::spawn(client::send(request)))
}

async fn until(what: &str, holds: impl AsyncFn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    for _ in 0..600 {
        if holds().await? {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("{what}: it never came to that")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_before_a_kill_goes_on_and_happens_once() -> anyhow::Result<()> {
    let target = CountingTarget::start(0).await?;
    let host = host_with(&target).await?;
    host.done(&["connection", "pause", "target", "--why", "it is being moved"], None).await?;
    let caller = waits(&host, "post")?;
    until("it is accepted", async || Ok(host.get("/v1/deliveries").await?["items"][0]["state"] == "queued")).await?;
    let host = host.kill_and_restart().await?;
    assert!(caller.await?.is_err(), "nobody was there to answer");

    host.done(&["connection", "resume", "target"], None).await?;
    let again = call(&host, "post", "k", &json!({"text": "x"})).await?;
    assert_eq!(
        (again.status.as_u16(), again.json()?["output"]["status"].clone()),
        (200, json!(201)),
        "{}",
        again.text()
    );
    assert_eq!(target.requests(), 1);
    Ok(())
}

/// Nobody knows whether it happened, and the guest cannot look.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_on_the_wire_at_a_kill_is_not_sent_again() -> anyhow::Result<()> {
    let target = CountingTarget::start(1).await?;
    let host = host_with(&target).await?;
    let caller = waits(&host, "post")?;
    until("it is sent", async || Ok(target.requests() == 1)).await?;
    let host = host.kill_and_restart().await?;
    assert!(caller.await?.is_err(), "nobody was there to answer");

    let again = call(&host, "post", "k", &json!({"text": "x"})).await?;
    assert_eq!(problem(&again)?, (502, "call-outcome-unknown".into()), "{}", again.text());
    assert_eq!(again.json()?["reason"], "outcome-unknown");
    let delivery = again.json()?["delivery"].as_str().unwrap_or("").to_owned();
    assert_eq!(host.get(&format!("/v1/deliveries/{delivery}")).await?["state"], "attention");
    assert_eq!(target.requests(), 1, "it was sent twice");
    Ok(())
}
