//! Files larger than memory: a 200 MB PDF goes in over HTTP and out to the target, and no process grows by it.

use std::{io::Write, time::Duration};

use serde_json::json;
use sluse_tests::host::resident_bytes;

use crate::site::{FLOW_WITH_FILES, Site, submission};

const FILE_BYTES: u64 = 200 << 20;
const MAX_GROWTH_BYTES: u64 = 32 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_200_mb_file_passes_through_little_memory() -> anyhow::Result<()> {
    let site = Site::start().await?;
    assert_eq!(site.apply(&[FLOW_WITH_FILES]).await?.status, 200);
    // What a first delivery needs is there before the large one.
    let run = site.submit(&submission("before")).await?;
    site.settled(&run).await?;
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    let (submission_file, large) = (path("submission.json"), path("large.pdf"));
    std::fs::write(&submission_file, json!({"reference": "large"}).to_string())?;
    let mut file = std::fs::File::create(&large)?;
    let mut piece = vec![0; 1 << 20];
    for index in 0..FILE_BYTES >> 20 {
        piece[..8].copy_from_slice(&index.to_le_bytes());
        file.write_all(&piece)?;
    }
    drop(file);
    let process_id = site.host.process_id();
    let before = resident_bytes(process_id)?;
    let watch = tokio::spawn(async move {
        let mut peak = 0;
        while let Ok(now) = resident_bytes(process_id) {
            peak = peak.max(now);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        peak
    });
    let words = ["submit", "case-with-files", &submission_file, "--attach", &large, "--wait"];
    let run = site.host.done(&words, None).await?;
    assert_eq!(run["state"], "succeeded", "{run:#}");
    let ledger = serde_json::to_value(site.workzone.ledger())?;
    let digest = run["attachments"][0]["digest"].as_str().unwrap_or("?");
    assert!(ledger.to_string().contains(digest), "the target has the same bytes");
    let Site { host, .. } = site;
    host.stop().await?;
    let grown = watch.await?.saturating_sub(before);
    assert!(grown < MAX_GROWTH_BYTES, "the host grew by {} MiB", grown >> 20);
    Ok(())
}
