//! `sluse delivery`: look at deliveries.

use serde_json::Value;

use super::{run::more, timeline::lines_of};
use crate::{
    arguments::{Delivery, Global},
    client::{Host, query},
    failure::Failure,
    output,
};

pub(crate) async fn run(global: &Global, command: Delivery) -> Result<(), Failure> {
    let host = Host::of(global)?;
    match command {
        Delivery::List { state, limit, after } => {
            let path =
                query("/v1/deliveries", &[("state", state), ("limit", Some(limit.to_string())), ("after", after)]);
            list(global, &host.get(&path).await?)
        }
        Delivery::Show { delivery } => show(global, &host.get(&format!("/v1/deliveries/{delivery}")).await?),
    }
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or("")
}

fn list(global: &Global, page: &Value) -> Result<(), Failure> {
    if global.json {
        return Ok(output::json(page)?);
    }
    let rows = page["items"].as_array().into_iter().flatten();
    let rows = rows
        .map(|delivery| {
            vec![
                word(delivery, "id").into(),
                word(delivery, "step").into(),
                word(delivery, "connection").into(),
                word(delivery, "operation").into(),
                standing(delivery),
                delivery["attempt_count"].to_string(),
                word(delivery, "changed_at").into(),
            ]
        })
        .collect();
    let heading = ["DELIVERY", "STEP", "CONNECTION", "OPERATION", "STATE", "ATTEMPTS", "CHANGED"];
    output::table(&heading, rows, "no deliveries");
    more(page);
    Ok(())
}

/// The state with what a person wants to know of it.
fn standing(delivery: &Value) -> String {
    match word(delivery, "state") {
        "attention" => format!("attention: {}", word(delivery, "reason")),
        "retrying" => format!("retrying at {}", word(delivery, "due")),
        "waiting" => format!("waiting for an answer until {}", word(delivery, "until")),
        "closed" => word(delivery, "resolution").to_owned(),
        state => state.to_owned(),
    }
}

fn show(global: &Global, delivery: &Value) -> Result<(), Failure> {
    if global.json {
        return Ok(output::json(delivery)?);
    }
    for key in ["id", "run", "step", "connection", "operation"] {
        output::say(&format!("{key:<12}{}", word(delivery, key)));
    }
    output::say(&format!("{:<12}{}", "state", standing(delivery)));
    output::say(&format!("{:<12}{} of {}", "attempts", delivery["attempt_count"], delivery["max_attempts"]));
    if let Some(due) = delivery["due"].as_str() {
        output::say(&format!("{:<12}{due}", "due"));
    }
    if let Some(gate) = delivery.get("gate") {
        output::say(&format!("{:<12}{}", "held by", gate_line(gate)));
    }
    if let Some(problem) = delivery.get("problem").filter(|problem| !problem.is_null()) {
        output::say(&format!("{:<12}{} [{}]", "problem", word(problem, "message"), word(problem, "code")));
        if let Some(detail) = problem["detail"].as_str() {
            output::say(&format!("{:<12}{detail}", ""));
        }
    }
    if let Some(last) = delivery.get("last_error") {
        let problem = &last["problem"];
        let (at, message, code) = (word(last, "at"), word(problem, "message"), word(problem, "code"));
        output::say(&format!("{:<12}{at}  {message} [{code}]", "last error"));
    }
    for (place, attempt) in delivery["attempts"].as_array().into_iter().flatten().enumerate() {
        let result = &attempt["result"];
        let revision = word(attempt, "revision").get(..12).unwrap_or("");
        let kind = result["kind"].as_str().unwrap_or("under way");
        let resumed = if attempt["resumed"] == true { ", resumed" } else { "" };
        output::say(&format!(
            "attempt {}{resumed}  {}  {kind}  revision {revision}",
            attempt["number"],
            word(attempt, "began_at")
        ));
        for line in lines_of(delivery, place) {
            output::say(&format!("  {}  {:<5}  {}", word(line, "at"), word(line, "level"), word(line, "message")));
        }
    }
    journal(delivery);
    callbacks(delivery);
    output::say(&format!("input\n{}", pretty(&delivery["input"])));
    if let Some(found) = delivery.get("output") {
        output::say(&format!("output\n{}", pretty(found)));
    }
    Ok(())
}

/// What must happen once: first of all what nobody knows.
fn journal(delivery: &Value) {
    let told = |standing: &str| match standing {
        "open" => "may have happened: look at the target".to_owned(),
        "did-not-happen" => "did not happen".to_owned(),
        standing => standing.to_owned(),
    };
    for intent in delivery["journal"].as_array().into_iter().flatten() {
        output::say(&format!(
            "{:<12}{}, sent at {} in attempt {}: {}",
            if intent["number"] == 1 { "journal" } else { "" },
            word(intent, "request"),
            word(intent, "opened_at"),
            intent["attempt"],
            told(word(intent, "standing")),
        ));
    }
}

/// What its target answered at its addresses.
fn callbacks(delivery: &Value) {
    for (place, callback) in delivery["callbacks"].as_array().into_iter().flatten().enumerate() {
        let told = match word(callback, "standing") {
            "late" => "came too late, and was refused",
            standing => standing,
        };
        let heading = if place == 0 { "callbacks" } else { "" };
        output::say(&format!("{heading:<12}{}  {told}", word(callback, "arrived_at")));
    }
}

/// Which gate is closed, since when and until when, and why.
fn gate_line(gate: &Value) -> String {
    let until = gate["until"].as_str().map(|until| format!(" until {until}")).unwrap_or_default();
    format!("{} since {}{until}: {}", word(gate, "kind"), word(gate, "since"), word(gate, "message"))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
