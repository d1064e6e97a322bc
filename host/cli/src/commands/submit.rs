//! `sluse submit`: hand in a submission, and perhaps wait for what becomes of it.

use std::time::Duration;

use anyhow::Context;
use reqwest::Method;
use serde_json::Value;
use sluse_model::RunId;
use tokio::time::Instant;

use super::{run::not_succeeded, timeline::Timeline};
use crate::{
    arguments::{Global, Submit},
    client::Host,
    failure::Failure,
    files::json_text,
    form::Form,
    output,
};

/// How often a run that is waited for is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

pub(crate) async fn run(global: &Global, command: Submit) -> Result<(), Failure> {
    let submission = json_text(&command.submission).await?;
    let host = Host::of(global)?;
    let mut request = host.request(Method::POST, &format!("/v1/flows/{}/runs", command.flow));
    if let Some(key) = &command.key {
        request = request.header("Idempotency-Key", key);
    }
    request = if command.attachments.is_empty() {
        request.header("Content-Type", "application/json").body(submission)
    } else {
        let mut form = Form::new(&submission);
        for file in &command.attachments {
            form.add_file(file).await?;
        }
        form.attach_to(request)
    };
    let submitted: Value = host.answer(request).await?;
    let id: RunId = submitted["run"].as_str().unwrap_or("").parse().context("the host did not say which run it is")?;
    if !command.wait {
        return tell(global, &submitted, id);
    }
    let run = wait(&host, id, Duration::from_secs(command.timeout), !global.json).await?;
    if global.json {
        output::json(&run)?;
    }
    not_succeeded(&run)
}

fn tell(global: &Global, submitted: &Value, id: RunId) -> Result<(), Failure> {
    if global.json {
        return Ok(output::json(submitted)?);
    }
    let before = if submitted["before"] == true { " (it was submitted before, under the same key)" } else { "" };
    output::say(&format!("accepted as {id}{before}; see `sluse run show {id}`"));
    Ok(())
}

/// Looks at a run until it is closed or needs a person.
async fn wait(host: &Host, id: RunId, timeout: Duration, print: bool) -> Result<Value, Failure> {
    let deadline = Instant::now() + timeout;
    let mut timeline = Timeline::default();
    loop {
        let run: Value = host.get(&format!("/v1/runs/{id}")).await?;
        if print {
            timeline.print(&run);
        }
        if run["state"] != "running" {
            return Ok(run);
        }
        if Instant::now() >= deadline {
            let message = format!("run {id} is still running; look again with `sluse run show {id}`");
            return Err(Failure::NotSucceeded(message));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
