//! A disk that is full: submissions are refused, what was accepted stays, and work goes on when there is room.

use std::{fs::File, io::Write, path::Path};

use axum::{Router, http::StatusCode, routing::post};
use serde_json::json;
use sluse_tests::host::{Host, HostOptions};

use crate::site::settled;

/// Room for the program's own files and some submissions.
const DISK_MIB: u32 = 48;

/// A submission that takes room.
const SUBMISSION_BYTES: usize = 200_000;

const MOST_SUBMISSIONS: usize = 400;

async fn target() -> anyhow::Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let router = Router::new().route("/", post(|| async { StatusCode::CREATED }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

fn configuration(url: &str) -> String {
    format!(
        r#"
[[connection]]
name = "target"
connector = "echo"
grant = {{ cidrs = ["127.0.0.0/8"] }}
retry = {{ base_ms = 50, cap_ms = 200, floor_ms = 50 }}
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

/// Writes until nothing fits any more.
fn fill(path: &Path) -> anyhow::Result<()> {
    let mut file = File::create(path)?;
    let block = [0; 4096];
    while file.write_all(&block).is_ok() {}
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_loses_nothing() -> anyhow::Result<()> {
    let host = Host::start(HostOptions { disk_mib: Some(DISK_MIB), ..HostOptions::default() }).await?;
    host.install("echo").await?;
    host.apply(&configuration(&target().await?)).await?;
    let ballast = host.data().join("ballast");
    fill(&ballast)?;

    let submission = json!({"text": "x".repeat(SUBMISSION_BYTES)});
    let mut accepted = Vec::new();
    let refused = loop {
        let reply = host.post("/v1/flows/send/runs", &submission).await?;
        if reply.status != 202 {
            break reply;
        }
        accepted.push(reply.json()?["run"].as_str().unwrap_or("").to_owned());
        anyhow::ensure!(accepted.len() < MOST_SUBMISSIONS, "the disk is never full");
    };
    assert_eq!(refused.status, 507, "{}", refused.text());
    assert_eq!(refused.json()?["type"], "urn:sluse:problem:disk-full", "{}", refused.text());
    let ready = host.api("GET", "/readyz", "", axum::body::Body::empty()).await?;
    assert_eq!(ready.status, 503, "{}", ready.text());

    std::fs::remove_file(&ballast)?;
    let reply = host.post("/v1/flows/send/runs", &submission).await?;
    assert_eq!(reply.status, 202, "{}", reply.text());
    accepted.push(reply.json()?["run"].as_str().unwrap_or("").to_owned());
    for run in &accepted {
        let run = settled(&host, run).await?;
        assert_eq!(run["state"], "succeeded", "{run:#}");
    }
    host.stop().await?;
    Ok(())
}
