//! Asked to stop: what is under way has a bounded time, the rest waits for the next start, and what nobody knows is
//! said.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, http::StatusCode, routing::post};
use serde_json::{Value, json};
use sluse_tests::host::{Host, HostOptions};

use crate::site::settled;

/// A target that never answers what comes first.
async fn target() -> anyhow::Result<(String, Arc<AtomicUsize>)> {
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = requests.clone();
    let answer = move || async move {
        if counted.fetch_add(1, Ordering::SeqCst) == 0 {
            std::future::pending::<()>().await;
        }
        StatusCode::CREATED
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(answer))).await });
    Ok((url, requests))
}

/// One after the other, so that the rest waits.
fn configuration(url: &str) -> String {
    format!(
        r#"
[[connection]]
name = "target"
connector = "echo"
grant = {{ cidrs = ["127.0.0.0/8"] }}
gates = {{ max_concurrent = 1 }}
retry = {{ base_ms = 50, cap_ms = 50, floor_ms = 50 }}
[connection.endpoints.default]
url = "{url}"
allow_plaintext = true
[[flow]]
name = "send"
schema = '{{"type": "object"}}'
[[flow.step]]
name = "send"
connection = "target"
operation = "post"
input = {{ text = "x" }}
"#
    )
}

async fn submit(host: &Host) -> anyhow::Result<String> {
    let submitted = host.post("/v1/flows/send/runs", &json!({})).await?;
    anyhow::ensure!(submitted.status == 202, "not accepted: {}", submitted.text());
    Ok(submitted.json()?["run"].as_str().unwrap_or("").to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_on_the_wire_is_in_doubt_after_a_stop_and_it_is_listed() -> anyhow::Result<()> {
    let (url, requests) = target().await?;
    let options = HostOptions::default();
    let settings = format!("{}[engine]\nstop_within_seconds = 1\n", options.settings);
    let host = Host::start(HostOptions { settings, ..options }).await?;
    host.install("echo").await?;
    host.apply(&configuration(&url)).await?;
    let first = submit(&host).await?;
    while requests.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
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
    assert_eq!(requests.load(Ordering::SeqCst), 6, "none was sent twice");
    Ok(())
}
