//! `sluse run`: look at runs.

use serde_json::Value;
use sluse_engine::counted;

use super::timeline::Timeline;
use crate::{
    arguments::{Global, Run},
    client::{Host, query},
    failure::Failure,
    output,
};

pub(crate) async fn run(global: &Global, command: Run) -> Result<(), Failure> {
    let host = Host::of(global)?;
    match command {
        Run::List { flow, state, limit, after } => {
            let path = query(
                "/v1/runs",
                &[
                    ("flow", flow.as_ref().map(ToString::to_string)),
                    ("state", state.map(|state| state.as_str().to_owned())),
                    ("limit", Some(limit.to_string())),
                    ("after", after),
                ],
            );
            list(global, &host.get(&path).await?)
        }
        Run::Show { run } => show(global, &host.get(&format!("/v1/runs/{run}")).await?),
    }
}

fn list(global: &Global, page: &Value) -> Result<(), Failure> {
    if global.json {
        return Ok(output::json(page)?);
    }
    let cell = |run: &Value, key: &str| run[key].as_str().unwrap_or("").to_owned();
    let rows = page["items"].as_array().into_iter().flatten();
    let rows = rows
        .map(|run| ["id", "flow", "state", "accepted_at", "idempotency_key"].map(|key| cell(run, key)).to_vec())
        .collect();
    output::table(&["RUN", "FLOW", "STATE", "ACCEPTED", "KEY"], rows, "no runs");
    more(page);
    Ok(())
}

/// Says how to get the next page.
pub(crate) fn more(page: &Value) {
    if let Some(next) = page["next"].as_str() {
        output::say(&format!("more with --after {next}"));
    }
}

fn show(global: &Global, run: &Value) -> Result<(), Failure> {
    if global.json {
        return Ok(output::json(run)?);
    }
    let word = |key: &str| run[key].as_str().unwrap_or("");
    output::say(&format!("{}  {}  {}", word("id"), word("flow"), word("state")));
    match (run["stands_for"].as_str(), run["caused_by"].as_str()) {
        (Some(failed), _) => output::say(&format!("  stands for {failed}, which has failed")),
        (None, Some(delivery)) => output::say(&format!("  tells of {delivery}")),
        (None, None) => {}
    }
    if let Some(other) = run["handled_by"].as_str() {
        output::say(&format!("  has failed; {other} stands for it"));
    }
    if let Some(schedule) = run["origin"]["schedule"].as_str() {
        let item = run["origin"]["item"]["key"].as_str().map(|key| format!(", item {key}")).unwrap_or_default();
        output::say(&format!("  from schedule {schedule}, {}{item}", run["origin"]["tick"].as_str().unwrap_or("")));
    }
    for file in run["attachments"].as_array().into_iter().flatten() {
        let name = file["name"].as_str().unwrap_or("");
        let size = counted(file["size_bytes"].as_u64().unwrap_or(0), "byte", "bytes");
        output::say(&format!("  file {name}  {size}"));
    }
    Timeline::default().print(run);
    Ok(())
}

/// A failure when the run did not succeed, so that programs need not read.
pub(crate) fn not_succeeded(run: &Value) -> Result<(), Failure> {
    let id = run["id"].as_str().unwrap_or("");
    match run["state"].as_str() {
        Some("succeeded") => Ok(()),
        Some("attention") => {
            let mut deliveries = run["deliveries"].as_array().into_iter().flatten();
            let waits = deliveries.find(|delivery| delivery["state"] == "attention");
            let see = match waits.and_then(|delivery| delivery["id"].as_str()) {
                Some(delivery) => format!("delivery show {delivery}"),
                None => format!("run show {id}"),
            };
            Err(Failure::NotSucceeded(format!("run {id} waits for a person: see `sluse {see}`")))
        }
        _ => Err(Failure::NotSucceeded(format!("run {id} has failed"))),
    }
}
