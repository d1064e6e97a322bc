//! Asked to stop: what is under way has a bounded time, the rest waits for the next start, and what nobody knows is
//! said.

use std::time::Duration;

use serde_json::{Value, json};
use sluse_tests::{
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

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_on_the_wire_is_in_doubt_after_a_stop_and_it_is_listed() -> anyhow::Result<()> {
    // It never answers what comes first.
    let target = CountingTarget::start(1).await?;
    let options = HostOptions::default();
    let settings = format!("{}[engine]\nstop_within_seconds = 1\n", options.settings);
    let host = Host::start(HostOptions { settings, ..options }).await?;
    host.install("echo").await?;
    host.apply(&configuration(target.url(), "post", ONE_AT_A_TIME)).await?;
    let first = submit(&host).await?;
    while target.requests() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
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
