//! What the target may do, and what becomes of the case: one, or a person is asked.

use std::time::Duration;

use sluse_tests::workzone::{Fault, FaultAction};

use crate::site::{Site, submission};

async fn cases(site: &Site) -> anyhow::Result<u64> {
    Ok(serde_json::to_value(site.workzone.ledger())?["cases"].as_u64().unwrap_or(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unavailable_target_is_tried_again() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let busy: Fault = serde_json::from_value(serde_json::json!({
        "method": "GET", "path": "/OData4/Files", "times": 2, "action": {"kind": "status", "status": 503},
    }))?;
    site.workzone.fault(busy);
    let run = site.submit(&submission("busy")).await?;
    let found = site.settled(&run).await?;
    assert_eq!(found["state"], "succeeded", "{found:#}");
    assert_eq!(found["deliveries"][0]["attempts"].as_array().map(Vec::len), Some(3), "{found:#}");
    assert_eq!(cases(&site).await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_that_was_committed_and_not_answered_is_found() -> anyhow::Result<()> {
    let site = Site::start().await?;
    site.workzone.fault(Fault::next("/OData4/Files", FaultAction::DropAfterCommit).on("POST"));
    let run = site.submit(&submission("dropped")).await?;
    let found = site.settled(&run).await?;
    assert_eq!(found["state"], "succeeded", "{found:#}");
    assert_eq!(cases(&site).await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ended_is_replaced_once() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let run = site.submit(&submission("token-1")).await?;
    assert_eq!(site.settled(&run).await?["state"], "succeeded");
    site.workzone.revoke_tokens();
    let run = site.submit(&submission("token-2")).await?;
    let found = site.settled(&run).await?;
    assert_eq!(found["state"], "succeeded", "{found:#}");
    assert_eq!(found["deliveries"][0]["attempts"].as_array().map(Vec::len), Some(1), "within one attempt");
    assert_eq!(site.workzone.tokens_given(), 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_was_created_behind_a_kill_is_found_and_not_created_again() -> anyhow::Result<()> {
    let site = Site::start().await?;
    // The target commits and then takes its time: the host is killed before it hears of it.
    let slow: Fault = serde_json::from_value(serde_json::json!({
        "method": "POST", "path": "/OData4/Files", "times": 1, "action": {"kind": "drip", "chunk_bytes": 1, "every_ms": 2000},
    }))?;
    site.workzone.fault(slow);
    let run = site.submit(&submission("killed")).await?;
    for _ in 0..200 {
        if cases(&site).await? == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!(cases(&site).await?, 1, "the target has committed");
    let Site { host, workzone } = site;
    let site = Site { host: host.kill_and_restart().await?, workzone };
    let found = site.settled(&run).await?;
    assert_eq!(found["state"], "succeeded", "{found:#}");
    assert_eq!(found["deliveries"][0]["attempts"].as_array().map(Vec::len), Some(2), "{found:#}");
    assert_eq!(cases(&site).await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_before_a_kill_is_done_after_it() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let unavailable: Fault = serde_json::from_value(serde_json::json!({
        "method": "GET", "path": "/OData4/Files", "times": 1, "action": {"kind": "retry-after", "status": 503, "seconds": 3},
    }))?;
    site.workzone.fault(unavailable);
    let run = site.submit(&submission("patient")).await?;
    for _ in 0..200 {
        if site.host.get(&format!("/v1/runs/{run}")).await?["deliveries"][0]["state"] == "retrying" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let Site { host, workzone } = site;
    let site = Site { host: host.kill_and_restart().await?, workzone };
    assert_eq!(site.settled(&run).await?["state"], "succeeded");
    assert_eq!(cases(&site).await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_what_is_under_way_finish() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let slow: Fault = serde_json::from_value(serde_json::json!({
        "method": "GET", "path": "/OData4/Files", "delay_ms": 1500, "action": {"kind": "pass"},
    }))?;
    site.workzone.fault(slow);
    site.submit(&submission("stopping")).await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let Site { host, workzone } = site;
    host.stop().await?;
    assert_eq!(serde_json::to_value(workzone.ledger())?["cases"], 1);
    Ok(())
}
