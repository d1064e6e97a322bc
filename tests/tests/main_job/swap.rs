//! A newer connector under load: nothing fails, each attempt says which revision it ran on, a broken one is
//! refused while the old one serves on, and going back is one command.

use std::collections::BTreeSet;

use serde_json::Value;
use sluse_tests::host::component;

use crate::site::{Site, submission};

/// The same component with a custom section more: the same behaviour under another digest.
fn another_revision() -> anyhow::Result<Vec<u8>> {
    let mut bytes = std::fs::read(component("workzone")?)?;
    // Section 0, size, length of the name, the name, the content.
    bytes.extend_from_slice(&[0, 10, 4]);
    bytes.extend_from_slice(b"testsecond"[..4].into());
    bytes.extend_from_slice(b"other");
    Ok(bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_under_load_fails_nothing() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let mut runs = Vec::new();
    for index in 0..20 {
        runs.push(site.submit(&submission(&format!("load-{index}"))).await?);
    }
    let installed = site.post_bytes("/v1/connectors", "application/wasm", another_revision()?);
    let submitting = async {
        let mut runs = Vec::new();
        for index in 20..80 {
            runs.push(site.submit(&submission(&format!("load-{index}"))).await?);
        }
        anyhow::Ok(runs)
    };
    let (installed, submitted) = tokio::join!(installed, submitting);
    let installed = installed?;
    assert_eq!(installed.status, 201, "{}", installed.text());
    runs.extend(submitted?);
    for index in 80..90 {
        runs.push(site.submit(&submission(&format!("load-{index}"))).await?);
    }
    let mut digests = BTreeSet::new();
    for run in &runs {
        let found = site.settled(run).await?;
        assert_eq!(found["state"], "succeeded", "{found:#}");
        digests.insert(found["deliveries"][0]["attempts"][0]["revision"].to_string());
    }
    assert_eq!(digests.len(), 2, "both revisions have served: {digests:?}");
    assert_eq!(serde_json::to_value(site.workzone.ledger())?["cases"], 90);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_component_is_refused_and_the_old_one_serves_on() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let whole = std::fs::read(component("workzone")?)?;
    let cut_off = whole[..whole.len() / 2].to_vec();
    for (bytes, said) in [
        (b"not a component".to_vec(), "not a WebAssembly component"),
        (b"\0asm\x01\0\0\0".to_vec(), "not a WebAssembly component"),
        (cut_off, "not a WebAssembly component"),
        (b"\0asm\x0d\0\x01\0".to_vec(), "does not export"),
    ] {
        let reply = site.post_bytes("/v1/connectors", "application/wasm", bytes).await?;
        assert_eq!(reply.status, 422, "{}", reply.text());
        assert!(reply.text().contains(said), "{}", reply.text());
    }
    let too_large = vec![0; (32 << 20) + 2];
    assert_eq!(site.post_bytes("/v1/connectors", "application/wasm", too_large).await?.status, 413);
    let run = site.submit(&submission("after-the-refusals")).await?;
    assert_eq!(site.settled(&run).await?["state"], "succeeded");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_is_one_command() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let active = |revisions: &Value| -> String {
        let items = revisions["items"].as_array().cloned().unwrap_or_default();
        let active = items.iter().find(|revision| revision["standing"]["standing"] == "active");
        active.map(|revision| revision["digest"].to_string()).unwrap_or_default()
    };
    let first = active(&site.host.get("/v1/connectors").await?);
    let nothing_before = site.host.sluse(&["connector", "rollback", "workzone"], None).await?;
    assert_eq!(nothing_before.code, 3, "{}", nothing_before.stderr);
    let installed = site.post_bytes("/v1/connectors", "application/wasm", another_revision()?).await?;
    assert_eq!(installed.status, 201, "{}", installed.text());
    let second = active(&site.host.get("/v1/connectors").await?);
    assert_ne!(first, second);
    site.host.done(&["connector", "rollback", "workzone"], None).await?;
    assert_eq!(active(&site.host.get("/v1/connectors").await?), first);
    let run = site.submit(&submission("after-going-back")).await?;
    let found = site.settled(&run).await?;
    assert_eq!(found["deliveries"][0]["attempts"][0]["revision"].to_string(), first);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_survives_a_restart() -> anyhow::Result<()> {
    let Site { host, workzone } = Site::start().await?;
    let host = host.kill_and_restart().await?;
    let site = Site { host, workzone };
    let run = site.submit(&submission("after-a-restart")).await?;
    assert_eq!(site.settled(&run).await?["state"], "succeeded");
    Ok(())
}
