//! Asked to stop: what is under way has a bounded time, the rest waits for the next start, and what nobody knows is
//! said.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use sluse_tests::{
    client,
    echo::{CountingTarget, configuration},
    host::{Host, HostOptions},
};

use crate::site::settled;

/// One after the other, so that the rest waits.
pub(crate) const ONE_AT_A_TIME: &str =
    "gates = { max_concurrent = 1 }\nretry = { base_ms = 50, cap_ms = 50, floor_ms = 50 }";

/// Hands in to the flow that sends to a counting target, and gives the run's id.
pub(crate) async fn submit(host: &Host) -> anyhow::Result<String> {
    let submitted = host.post("/v1/flows/send/runs", &json!({"text": "x"})).await?;
    anyhow::ensure!(submitted.status == 202, "not accepted: {}", submitted.text());
    Ok(submitted.json()?["run"].as_str().unwrap_or("").to_owned())
}

/// A host that gives what is under way so much time, with a flow that sends to the target by `post`.
async fn host_that_stops_within(seconds: u32, target: &CountingTarget) -> anyhow::Result<Host> {
    let options = HostOptions::default();
    let settings = format!("{}[engine]\nstop_within_seconds = {seconds}\n", options.settings);
    let host = Host::start(HostOptions { settings, ..options }).await?;
    host.install("echo").await?;
    host.apply(&configuration(target.url(), "post", ONE_AT_A_TIME)).await?;
    Ok(host)
}

/// Waits until the target has heard of something.
async fn heard(target: &CountingTarget) {
    while target.requests() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_on_the_wire_is_in_doubt_after_a_stop_and_it_is_listed() -> anyhow::Result<()> {
    // It never answers what comes first.
    let target = CountingTarget::start(1).await?;
    let host = host_that_stops_within(1, &target).await?;
    let first = submit(&host).await?;
    heard(&target).await;
    let mut waiting = Vec::new();
    for _ in 0..5 {
        waiting.push(submit(&host).await?);
    }

    let (host, log) = host.stop_and_restart().await?;
    let delivery = host.get(&format!("/v1/runs/{first}")).await?["deliveries"][0]["id"].clone();
    let said: Vec<&str> = log.lines().filter(|line| line.contains("was cut off")).collect();
    assert_eq!(said.len(), 1, "{log}");
    assert!(said[0].contains(delivery.as_str().unwrap_or("?")), "{}", said[0]);
    assert!(said[0].contains("whether `POST /` happened is not known yet"), "{}", said[0]);

    for run in &waiting {
        let run = settled(&host, run).await?;
        assert_eq!(run["state"], "succeeded", "{run:#}");
        assert_eq!(run["deliveries"][0]["attempts"].as_array().map(Vec::len), Some(1), "its turn had not come");
    }
    // The guest cannot look, so a person has to.
    let held = settled(&host, &first).await?;
    assert_eq!(held["deliveries"][0]["state"], "attention", "{held:#}");
    assert_eq!(held["deliveries"][0]["reason"], Value::from("outcome-unknown"), "{held:#}");
    assert_eq!(target.requests(), 6, "none was sent twice");
    Ok(())
}

/// Hands in under a key. Whether that is accepted; otherwise nobody answers any more, or says that the host stops.
async fn is_accepted(host: &Host, key: &str) -> anyhow::Result<bool> {
    let request = http::Request::post(format!("{}/v1/flows/send/runs", host.url()))
        .header("authorization", format!("Bearer {}", host.token()))
        .header("content-type", "application/json")
        .header("idempotency-key", key);
    let Ok(reply) = client::send(request.body(json!({"text": "x"}).to_string().into())?).await else {
        return Ok(false);
    };
    anyhow::ensure!([202, 503].contains(&reply.status.as_u16()), "{}: {}", reply.status, reply.text());
    Ok(reply.status == 202)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_stops_accepts_nothing_while_it_ends_what_is_under_way() -> anyhow::Result<()> {
    /// The signal is heard within this, and much sooner.
    const STOPS_ACCEPTING_WITHIN: Duration = Duration::from_secs(30);
    // It does not answer what comes first before it is told to, and the host waits for longer than all of this takes.
    let target = CountingTarget::start(1).await?;
    let host = host_that_stops_within(120, &target).await?;
    let first = submit(&host).await?;
    heard(&target).await;

    host.ask_to_stop().await?;
    let (asked_at, mut accepted) = (Instant::now(), BTreeSet::new());
    loop {
        let key = format!("before-{}", accepted.len());
        if !is_accepted(&host, &key).await? {
            break;
        }
        accepted.insert(key);
        anyhow::ensure!(asked_at.elapsed() < STOPS_ACCEPTING_WITHIN, "it goes on accepting");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for number in 0..10 {
        assert!(!is_accepted(&host, &format!("after-{number}")).await?, "it accepts again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    target.answer_one();

    let (host, log) = host.stop_and_restart().await?;
    assert!(!log.contains("was cut off"), "{log}");
    let found = settled(&host, &first).await?;
    let attempts = found["deliveries"][0]["attempts"].as_array().map(Vec::len);
    assert_eq!((found["state"].as_str(), attempts), (Some("succeeded"), Some(1)), "it lived to hear this: {found:#}");
    let runs = host.get("/v1/runs?flow=send&limit=500").await?["items"].clone();
    let keys = runs.as_array().into_iter().flatten().filter_map(|run| run["idempotency_key"].as_str());
    assert_eq!(keys.map(str::to_owned).collect::<BTreeSet<_>>(), accepted, "exactly what was accepted is there");
    Ok(())
}
