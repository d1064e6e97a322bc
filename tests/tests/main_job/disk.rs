//! A disk that is full: submissions are refused, what was accepted stays, and work goes on when there is room.

use std::{fs::File, io::Write, path::Path};

use serde_json::json;
use sluse_tests::{
    echo::{CountingTarget, configuration},
    host::{Host, HostOptions},
};

use crate::site::settled;

/// Room for the program's own files and some submissions.
const DISK_MIB: u32 = 48;

/// A submission that takes room.
const SUBMISSION_BYTES: usize = 200_000;

const MOST_SUBMISSIONS: usize = 400;

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
    let target = CountingTarget::start(0).await?;
    let patient = "retry = { base_ms = 50, cap_ms = 200, floor_ms = 50 }";
    host.apply(&configuration(target.url(), "post", patient)).await?;
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
    assert_eq!(target.requests(), accepted.len() as u64);
    host.stop().await?;
    Ok(())
}
