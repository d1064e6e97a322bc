//! A disk that is full: submissions are refused, what was accepted stays, and work goes on when there is room.

use std::{fs::File, io::Write, path::Path};

use serde_json::json;
use sluse_tests::{
    client::{self, Reply},
    echo::{CountingTarget, configuration},
    host::{Host, HostOptions},
};

use crate::{refusals::contents, site::settled};

/// Room for the program's own files and some submissions.
const DISK_MIB: u32 = 48;

/// A submission, or a file of one, that takes room.
const SUBMISSION_BYTES: usize = 200_000;

const MOST_SUBMISSIONS: usize = 400;

/// Writes until nothing fits any more.
pub(crate) fn fill(path: &Path) -> anyhow::Result<()> {
    let mut file = File::create(path)?;
    let block = [0; 4096];
    while file.write_all(&block).is_ok() {}
    Ok(())
}

/// A host on a disk of its own, with a flow that sends to the target.
async fn host_on_a_small_disk(target: &CountingTarget) -> anyhow::Result<Host> {
    let host = Host::start(HostOptions { disk_mib: Some(DISK_MIB), ..HostOptions::default() }).await?;
    host.install("echo").await?;
    let patient = "retry = { base_ms = 50, cap_ms = 200, floor_ms = 50 }";
    host.apply(&configuration(target.url(), "post", patient)).await?;
    Ok(host)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_loses_nothing() -> anyhow::Result<()> {
    let target = CountingTarget::start(0).await?;
    let host = host_on_a_small_disk(&target).await?;
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

/// Hands in a submission with this file, under a key that is always the same.
async fn submit_with(host: &Host, file: &str) -> anyhow::Result<Reply> {
    let form = format!(
        "--b\r\nContent-Disposition: form-data; name=\"submission\"\r\n\r\n{{\"text\": \"x\"}}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"drawing.png\"\r\n\r\n{file}\r\n--b--\r\n"
    );
    let request = http::Request::post(format!("{}/v1/flows/send/runs", host.url()))
        .header("authorization", format!("Bearer {}", host.token()))
        .header("content-type", "multipart/form-data; boundary=b")
        .header("idempotency-key", "with-a-file");
    client::send(request.body(form.into())?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_finds_no_room_is_refused_whole_and_taken_later() -> anyhow::Result<()> {
    let target = CountingTarget::start(0).await?;
    let host = host_on_a_small_disk(&target).await?;
    let contents_before = contents(&host)?;
    let file = "x".repeat(SUBMISSION_BYTES);
    let ballast = host.data().join("ballast");
    fill(&ballast)?;
    let refused = submit_with(&host, &file).await?;
    assert_eq!(refused.status, 507, "{}", refused.text());
    assert_eq!(refused.json()?["type"], "urn:sluse:problem:disk-full", "{}", refused.text());
    assert_eq!(host.get("/v1/runs").await?["items"], json!([]), "nothing was accepted");
    assert_eq!(contents(&host)?, contents_before, "a part of the file is there");

    std::fs::remove_file(&ballast)?;
    let accepted = submit_with(&host, &file).await?;
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let run = settled(&host, accepted.json()?["run"].as_str().unwrap_or("")).await?;
    assert_eq!(run["state"], "succeeded", "{run:#}");
    let (id, attachment) = (run["id"].as_str().unwrap_or(""), run["attachments"][0]["id"].as_str().unwrap_or(""));
    let path = format!("/v1/runs/{id}/attachments/{attachment}");
    let kept = host.api("GET", &path, "", axum::body::Body::empty()).await?;
    assert!(kept.status == 200 && kept.body == file.as_bytes(), "{} with {} bytes", kept.status, kept.body.len());
    assert_eq!(target.requests(), 1);
    host.stop().await?;
    Ok(())
}
