//! The host is killed in the worst moment: the case exists at the target, and the host has not heard of it.

use super::files::{self, Submission, Target};
use super::host::Host;
use super::ledger::Ledger;
use super::story::{self, Ended};
use super::{Children, Manner, Stage};
use crate::programs::root;
use anyhow::{Result, bail};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::process::Command;

/// The target answers so slowly that nobody hears it before the kill: one byte a minute.
const SILENCE_MS: u64 = 60_000;

/// The host sends within a second; a busy machine takes longer.
const CREATED_WITHIN: Duration = Duration::from_secs(60);

/// Hands a submission in, kills the host between the creation of the case and its answer, starts it again and tells
/// how the run ended. Gives the new host too.
pub(super) async fn survive(
    stage: &Stage,
    host: &Host,
    target: &Value,
    number: u64,
    manner: Manner,
    children: &mut Children,
) -> Result<(Host, Submission, Ended)> {
    manner.show("\na kill: the target creates the case and does not get to say so before the host is dead");
    silence(stage, target).await?;
    let submission = files::submission(stage.folder.path(), number)?;
    story::hand_in(host, &submission, &[], manner).await?;
    created(stage, target, &submission.reference).await?;
    children.kill_last().await?;
    manner.show(&format!("  case {} exists at the target, and the host is killed", submission.reference));
    let host = story::start_host(stage, manner, children).await?;
    // The same key is the same submission: it is the run from before that is shown.
    let ended = story::submit(&host, &submission, manner).await?;
    Ok((host, submission, ended))
}

/// Lets the next creation of a case happen without its answer being heard.
async fn silence(stage: &Stage, target: &Value) -> Result<()> {
    let path = format!("{}Files", Target(target).text("base_url_v4")?);
    let path = path.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| rest[at..].to_owned()));
    let action = json!({"kind": "drip", "chunk_bytes": 1, "every_ms": SILENCE_MS});
    let fault = json!({"method": "POST", "path": path, "times": 1, "action": action}).to_string();
    let mut command = Command::new(&stage.binaries.workzone);
    command.args(["fault", Target(target).text("origin")?, &fault]).current_dir(root()).kill_on_drop(true);
    let output = command.output().await?;
    if !output.status.success() {
        bail!("the simulated WorkZone takes no fault: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// Waits until the target has the case.
async fn created(stage: &Stage, target: &Value, reference: &str) -> Result<()> {
    let looking = async {
        loop {
            let ledger: Ledger = story::read_ledger(stage, target).await?;
            if ledger.has(reference) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    match tokio::time::timeout(CREATED_WITHIN, looking).await {
        Ok(found) => found,
        Err(_) => bail!("submission {reference} has no case within {} s", CREATED_WITHIN.as_secs()),
    }
}
