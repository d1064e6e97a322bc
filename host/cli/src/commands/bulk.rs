//! `sluse bulk`: do something about many deliveries.

use serde_json::{Value, json};
use sluse_engine::counted;

use super::{
    delivery::{named, standing},
    run::more,
};
use crate::{
    arguments::{Bulk, Global, Many},
    client::{Host, query},
    failure::Failure,
    output,
};

pub(crate) async fn run(global: &Global, command: Bulk) -> Result<(), Failure> {
    let host = Host::of(global)?;
    match command {
        Bulk::Retry { many, did_not_happen } => {
            begin(global, &host, *many, json!({"act": "retry", "did_not_happen": did_not_happen})).await
        }
        Bulk::Close { many } => begin(global, &host, *many, json!({"act": "close"})).await,
        Bulk::Assign { to, many } => begin(global, &host, *many, json!({"act": "assign", "queue": to})).await,
        Bulk::List { limit, after } => {
            let values = [("limit", Some(limit.to_string())), ("after", after)];
            list(global, &host.get(&query("/v1/bulk", &values)).await?)
        }
        Bulk::Show { batch } => show(global, &host.get(&format!("/v1/bulk/{batch}")).await?),
        Bulk::Stop { batch } => show(global, &host.post(&format!("/v1/bulk/{batch}/stop"), &json!({})).await?),
    }
}

async fn begin(global: &Global, host: &Host, many: Many, mut body: Value) -> Result<(), Failure> {
    let Many { filter, dry_run, per_second, why } = many;
    let filter = named(filter).into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?))));
    body["filter"] = Value::Object(filter.collect());
    body["per_second"] = json!(per_second);
    body["dry_run"] = json!(dry_run);
    if let Some(why) = why {
        body["why"] = json!(why);
    }
    let told: Value = host.post("/v1/bulk", &body).await?;
    if dry_run { preview(global, &told) } else { show(global, &told) }
}

fn preview(global: &Global, told: &Value) -> Result<(), Failure> {
    if global.json {
        return Ok(output::json(told)?);
    }
    let count = counted(told["count"].as_u64().unwrap_or(0), "delivery", "deliveries");
    output::say(&format!("{count}; nothing was done"));
    for example in told["examples"].as_array().into_iter().flatten() {
        let word = |key: &str| example[key].as_str().unwrap_or("");
        output::say(&format!("  {}  {}  {}", word("id"), word("connection"), standing(example)));
    }
    Ok(())
}

fn list(global: &Global, page: &Value) -> Result<(), Failure> {
    if global.json {
        return Ok(output::json(page)?);
    }
    let rows = page["items"].as_array().into_iter().flatten();
    let rows = rows
        .map(|batch| {
            let word = |key: &str| batch[key].as_str().unwrap_or("").to_owned();
            let by = batch["by"]["name"].as_str().unwrap_or("").to_owned();
            vec![word("id"), word("act"), word("state"), progress(batch), by, word("began_at")]
        })
        .collect();
    output::table(&["BATCH", "ACT", "STATE", "PROGRESS", "BY", "BEGAN"], rows, "no batches");
    more(page);
    Ok(())
}

/// `2 of 9, 1 not-possible`.
fn progress(batch: &Value) -> String {
    let refused = batch["refused"].as_object().into_iter().flatten();
    let refused: String = refused.map(|(why, count)| format!(", {count} {why}")).collect();
    format!("{} of {}{refused}", batch["done"], batch["found"])
}

fn show(global: &Global, batch: &Value) -> Result<(), Failure> {
    if global.json {
        return Ok(output::json(batch)?);
    }
    let word = |key: &str| batch[key].as_str().unwrap_or("");
    output::say(&format!("{}  {}  {}", word("id"), word("act"), word("state")));
    let filter = batch["filter"].as_object().into_iter().flatten();
    let filter: Vec<_> = filter.map(|(key, value)| format!("{key} {}", value.as_str().unwrap_or(""))).collect();
    output::say(&format!("for         {}", filter.join(", ")));
    output::say(&format!("by          {} at {}", batch["by"]["name"].as_str().unwrap_or(""), word("began_at")));
    if !word("why").is_empty() {
        output::say(&format!("why         {}", word("why")));
    }
    output::say(&format!("done        {}, {} left", progress(batch), batch["left"]));
    if let Some(by) = batch["end"]["stopped_by"]["name"].as_str() {
        output::say(&format!("stopped     by {by} at {}", batch["end"]["at"].as_str().unwrap_or("")));
    }
    Ok(())
}
