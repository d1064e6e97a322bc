//! `sluse connection`: look at connections, try them, pause them. `sluse resume`: let go of a paused start.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    arguments::{Connection, Global},
    client::Host,
    failure::Failure,
    output,
};

pub(crate) async fn run(global: &Global, command: Connection) -> Result<(), Failure> {
    let host = Host::of(global)?;
    match command {
        Connection::List => list(global, &host.get("/v1/connections").await?),
        Connection::Check { connection } => {
            let report: Value = host.post(&format!("/v1/connections/{connection}/check"), &json!({})).await?;
            check(global, &report)
        }
        Connection::Pause { connection, why } => {
            let path = format!("/v1/connections/{connection}/pause");
            host.send(host.request(Method::POST, &path).json(&json!({"why": why}))).await?;
            told(global, &json!({"paused": connection}), &format!("connection `{connection}` is paused"))
        }
        Connection::Resume { connection } => {
            host.send(host.request(Method::POST, &format!("/v1/connections/{connection}/resume"))).await?;
            let connections: Value = host.get("/v1/connections").await?;
            if let Some(held) = still_paused(&connections, connection.as_str()) {
                return Err(Failure::NotPassed(format!("connection `{connection}` is still held: {held}")));
            }
            told(global, &json!({"resumed": connection}), &format!("the pause of connection `{connection}` is over"))
        }
    }
}

/// What lets nothing begin at it still, as after a paused start.
fn still_paused<'a>(connections: &'a Value, name: &str) -> Option<&'a str> {
    let mut all = connections["items"].as_array().into_iter().flatten();
    let gate = &all.find(|connection| connection["name"] == name)?["gate"];
    gate["message"].as_str().filter(|_| gate["kind"] == "paused")
}

pub(crate) async fn resume(global: &Global) -> Result<(), Failure> {
    let host = Host::of(global)?;
    host.send(host.request(Method::POST, "/v1/resume")).await?;
    told(global, &json!({"resumed": true}), "what the paused start held is let go")
}

fn told(global: &Global, value: &Value, sentence: &str) -> Result<(), Failure> {
    if global.json {
        return Ok(output::json(value)?);
    }
    output::say(sentence);
    Ok(())
}

fn list(global: &Global, found: &Value) -> Result<(), Failure> {
    if global.json {
        return Ok(output::json(found)?);
    }
    let rows = found["items"].as_array().into_iter().flatten();
    let rows = rows
        .map(|connection| {
            let default = &connection["endpoints"]["default"];
            let asked = default["discovery"]["url"].as_str().map(|asked| format!("as {asked} says"));
            let url = default["url"].as_str().map(str::to_owned).or(asked).unwrap_or_default();
            let kind = connection["endpoints"]["default"]["auth"]["kind"].as_str().unwrap_or("");
            let cell = |key: &str| connection[key].as_str().unwrap_or("").to_owned();
            let gate = connection["gate"]["kind"].as_str().unwrap_or("open");
            vec![cell("name"), cell("connector"), url, kind.into(), gate.into(), cell("changed_at")]
        })
        .collect();
    let heading = ["CONNECTION", "CONNECTOR", "DEFAULT ENDPOINT", "SIGNS IN BY", "GATE", "CHANGED"];
    output::table(&heading, rows, "no connections");
    Ok(())
}

fn check(global: &Global, report: &Value) -> Result<(), Failure> {
    if global.json {
        output::json(report)?;
    } else {
        let rows = report["findings"].as_array().into_iter().flatten();
        let rows = rows
            .map(|finding| {
                let mark = if finding["passed"] == true { "passed" } else { "FAILED" };
                let cell = |key: &str| finding[key].as_str().unwrap_or("").to_owned();
                vec![mark.into(), cell("subject"), cell("message")]
            })
            .collect();
        output::table(&["", "WHAT", "SEEN"], rows, "the connector checks nothing");
    }
    if report["passed"] == true { Ok(()) } else { Err(Failure::NotPassed("the check did not pass".into())) }
}
