//! The host is killed in the worst moment: the case exists at the target, and the host has not heard of it.

use super::ledger::Ledger;
use super::submissions::{self, Submission};
use super::{Ended, hand_in, submit};
use crate::demo::host::Host;
use crate::demo::target::Target;
use crate::demo::{Children, Manner, Stage};
use anyhow::{Result, bail};
use serde_json::json;
use std::time::Duration;

/// The target answers so slowly that nobody hears it before the kill: one byte a minute.
const SILENCE_MS: u64 = 60_000;

/// The host sends within a second; a busy machine takes longer.
const CREATED_WITHIN: Duration = Duration::from_secs(60);

/// Hands a submission in, kills the host between the creation of the case and its answer, starts it again and tells
/// how the run ended. Gives the new host too.
pub(super) async fn survive(
    stage: &Stage<'_>,
    host: &Host,
    target: &mut Target,
    number: u64,
    manner: Manner,
    children: &mut Children,
) -> Result<(Host, Submission, Ended)> {
    manner.show("\na kill: the target creates the case and does not get to say so before the host is dead");
    silence(target, manner).await?;
    let submission = submissions::submission(stage.folder(), number)?;
    hand_in(host, &submission, &[], manner).await?;
    created(target, &submission.reference).await?;
    children.kill_last().await?;
    manner.show(&format!("  case {} exists at the target, and the host is killed", submission.reference));
    let host = stage.host(manner, children).await?;
    // The same key is the same submission: it is the run from before that is shown.
    let ended = submit(&host, &submission, manner).await?;
    Ok((host, submission, ended))
}

/// Lets the next creation of a case happen without its answer being heard.
async fn silence(target: &mut Target, manner: Manner) -> Result<()> {
    let url = target.url("base_url_v4")?.to_owned();
    let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| format!("{}/Files", &rest[at..])));
    let action = json!({"kind": "drip", "chunk_bytes": 1, "every_ms": SILENCE_MS});
    let fault = json!({"method": "POST", "path": path, "times": 1, "action": action});
    target.plant(&fault, "a case is created, and its answer is not heard", manner).await
}

/// Waits until the target has the case.
async fn created(target: &Target, reference: &str) -> Result<()> {
    let looking = async {
        loop {
            let ledger: Ledger = target.ledger().await?;
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
