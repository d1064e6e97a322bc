//! `sluse delivery`: look at deliveries, and act on those that wait for a person.

use std::path::Path;

use serde_json::{Value, json};
use sluse_model::{DeliveryId, Name, Timestamp};

use super::{next::next, run::more, timeline::lines_of};
use crate::{
    arguments::{Delivery, DeliveryFilter, Global},
    client::{Host, query},
    failure::Failure,
    files::json_text,
    output,
};

/// What the API calls what somebody has seen.
const SEEN: &str = "attempts_seen";

/// As much of a message as a list shows.
const MAX_LISTED_CHARS: usize = 60;

pub(crate) async fn run(global: &Global, command: Delivery) -> Result<(), Failure> {
    let host = Host::of(global)?;
    match command {
        Delivery::List { filter, limit, after } => {
            let mut values = named(*filter);
            values.extend([("limit", Some(limit.to_string())), ("after", after)]);
            list(global, &host.get(&query("/v1/deliveries", &values)).await?)
        }
        Delivery::Show { delivery } => show(global, &host.get(&format!("/v1/deliveries/{delivery}")).await?),
        Delivery::Retry { delivery, doubt, seen, why } => {
            let body = json!({"did_not_happen": doubt.did_not_happen, "why": why, SEEN: seen.attempts_seen});
            act(global, &host, delivery, "retry", body).await
        }
        Delivery::Edit { delivery, input, doubt, seen, why } => {
            let input = read(&input).await?;
            let said = json!({"did_not_happen": doubt.did_not_happen, "why": why, SEEN: seen.attempts_seen});
            act(global, &host, delivery, "edit", with(said, "input", input)).await
        }
        Delivery::Resolve { delivery, output, seen, why } => {
            let said = json!({"why": why, SEEN: seen.attempts_seen});
            act(global, &host, delivery, "resolve", with(said, "output", read(&output).await?)).await
        }
        Delivery::Close { delivery, seen, why } => {
            act(global, &host, delivery, "close", json!({"why": why, SEEN: seen.attempts_seen})).await
        }
        Delivery::Skip { delivery, seen, why } => {
            act(global, &host, delivery, "skip", json!({"why": why, SEEN: seen.attempts_seen})).await
        }
        Delivery::Assign { delivery, queue, why } => {
            let body = json!({"queue": queue, "why": why});
            act(global, &host, delivery, "assign", body).await
        }
    }
}

/// The filter as the API has it.
pub(super) fn named(filter: DeliveryFilter) -> Vec<(&'static str, Option<String>)> {
    let DeliveryFilter { state, connection, flow, since, until, reason, queue, text } = filter;
    let name = |name: Option<Name>| name.map(|name| name.to_string());
    let names = [("connection", name(connection)), ("flow", name(flow)), ("queue", name(queue))];
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let times = [("since", time(since)), ("until", time(until))];
    let texts = [("state", state), ("reason", reason), ("text", text)];
    texts.into_iter().chain(times).chain(names).collect()
}

/// What is said of an act, with the text that it is about, which may be null.
fn with(mut said: Value, key: &str, text: Value) -> Value {
    said[key] = text;
    said
}

async fn act(global: &Global, host: &Host, delivery: DeliveryId, act: &str, mut body: Value) -> Result<(), Failure> {
    if let Some(body) = body.as_object_mut() {
        body.retain(|key, value| !value.is_null() || key == "input" || key == "output");
    }
    let found: Value = host.post(&format!("/v1/deliveries/{delivery}/{act}"), &body).await?;
    if global.json {
        return Ok(output::json(&found)?);
    }
    output::say(&format!("{delivery} is now {}", standing(&found)));
    // It is done; that nobody can say what holds it now is no failure of it.
    if let Ok(now) = host.get::<Value>(&format!("/v1/deliveries/{delivery}")).await {
        held_by(&now);
    }
    Ok(())
}

/// JSON out of a file, or from standard input.
async fn read(file: &Path) -> Result<Value, Failure> {
    Ok(serde_json::from_str(&json_text(file).await?)?)
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
                shortened(problem_of(delivery)),
            ]
        })
        .collect();
    let heading = ["DELIVERY", "STEP", "CONNECTION", "OPERATION", "STATE", "ATTEMPTS", "CHANGED", "PROBLEM"];
    output::table(&heading, rows, "no deliveries");
    more(page);
    Ok(())
}

/// What is wrong. Where the message is of the host, it says first what stands in the columns beside it.
fn problem_of(delivery: &Value) -> &str {
    let problem = &delivery["problem"];
    match problem["detail"].as_str() {
        Some(detail) if ["input-does-not-fit", "mapping-failed"].contains(&word(problem, "code")) => detail,
        _ => word(problem, "message"),
    }
}

/// As much of a message as stands in a table. `delivery show` has the whole.
fn shortened(message: &str) -> String {
    match message.char_indices().nth(MAX_LISTED_CHARS) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}

/// The state with what a person wants to know of it.
pub(super) fn standing(delivery: &Value) -> String {
    match word(delivery, "state") {
        "attention" => match word(delivery, "queue") {
            "" => format!("attention: {}", word(delivery, "reason")),
            queue => format!("attention: {} (for {queue})", word(delivery, "reason")),
        },
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
    held_by(delivery);
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
        // What to mend stands in it, and above only while nothing is under way.
        if let Some(detail) = problem["detail"].as_str().filter(|_| delivery["problem"].is_null()) {
            output::say(&format!("{:<12}{detail}", ""));
        }
    }
    if let Some(next) = next(delivery) {
        output::say(&format!("{:<12}{next}", "next"));
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
    acts(delivery);
    texts(delivery)?;
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

/// What people did about it, and why.
fn acts(delivery: &Value) {
    for (number, act) in delivery["acts"].as_array().into_iter().flatten().enumerate() {
        let why = act["why"].as_str().map(|why| format!(": {why}")).unwrap_or_default();
        let said = if act["did_not_happen"] == true { ", as it did not happen" } else { "" };
        let batch = act["batch"].as_str().map(|batch| format!(", in {batch}")).unwrap_or_default();
        output::say(&format!(
            "{:<12}{}  {} by {}{batch}{said}{why} ({} → {})",
            if number == 0 { "acts" } else { "" },
            word(act, "at"),
            word(act, "act"),
            act["by"]["name"].as_str().unwrap_or(""),
            standing(&act["before"]),
            standing(&act["after"]),
        ));
    }
}

/// Which gate is closed, since when and until when, and why; nothing where none is.
fn held_by(delivery: &Value) {
    let Some(gate) = delivery.get("gate") else { return };
    let until = gate["until"].as_str().map(|until| format!(" until {until}")).unwrap_or_default();
    let told = format!("{} since {}{until}: {}", word(gate, "kind"), word(gate, "since"), word(gate, "message"));
    output::say(&format!("{:<12}{told}", "held by"));
}

/// What went in, before people edited it too, and what came out.
fn texts(delivery: &Value) -> Result<(), serde_json::Error> {
    for act in delivery["acts"].as_array().into_iter().flatten() {
        if let Some(before) = act.get("input_before").filter(|before| !before.is_null()) {
            output::say(&format!("input before it was edited at {}", word(act, "at")));
            output::json(before)?;
        }
    }
    output::say("input");
    output::json(&delivery["input"])?;
    if let Some(found) = delivery.get("output") {
        output::say("output");
        output::json(found)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_shortened_between_characters() {
        assert_eq!(shortened("Title is too long"), "Title is too long");
        let unfit = |code: &str| json!({"problem": {"code": code, "message": "The input of …", "detail": "`/iban` is missing"}});
        assert_eq!(problem_of(&unfit("input-does-not-fit")), "`/iban` is missing");
        assert_eq!(problem_of(&unfit("target-refused")), "The input of …");
        let long = shortened(&"å".repeat(MAX_LISTED_CHARS + 1));
        assert_eq!(long, "å".repeat(MAX_LISTED_CHARS) + "…");
    }
}
