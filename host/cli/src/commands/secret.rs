//! `sluse secret`: write secrets, and say where they may go.

use std::io::{IsTerminal, Read};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    arguments::{Global, Secret},
    client::{Host, query},
    failure::Failure,
    output,
};

pub(crate) async fn run(global: &Global, command: Secret) -> Result<(), Failure> {
    let host = Host::of(global)?;
    match command {
        Secret::Set { name } => {
            let value = value()?;
            let request = host.request(Method::PUT, &format!("/v1/secrets/{name}")).body(value);
            let written: Value = host.answer(request).await?;
            if global.json {
                return Ok(output::json(&written)?);
            }
            output::say(&format!("secret `{name}` is written, version {}", written["version"]));
            if let Some(warning) = written["warning"].as_str() {
                output::complain(warning);
            }
            Ok(())
        }
        Secret::List => list(global, &host.get("/v1/secrets").await?),
        Secret::Remove { name, force } => {
            host.send(host.request(Method::DELETE, &format!("/v1/secrets/{name}?force={force}"))).await?;
            told(global, &json!({"removed": name}), &format!("secret `{name}` is removed"))
        }
        Secret::Confirm { name, origin } => {
            let path = format!("/v1/secrets/{name}/origins");
            let confirmed: Value = host.post(&path, &json!({"origin": origin})).await?;
            let origin = confirmed["origin"].as_str().unwrap_or(&origin);
            told(global, &confirmed, &format!("secret `{name}` may go to {origin}"))
        }
        Secret::Withdraw { name, origin } => {
            let path = query(&format!("/v1/secrets/{name}/origins"), &[("origin", Some(origin.clone()))]);
            let withdrawn: Value = host.answer(host.request(Method::DELETE, &path)).await?;
            let origin = withdrawn["origin"].as_str().unwrap_or(&origin);
            told(global, &withdrawn, &format!("secret `{name}` may no longer go to {origin}"))
        }
    }
}

/// What comes in on standard input, without the newline that an editor or `echo` leaves at the end.
fn value() -> Result<Vec<u8>, Failure> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        output::complain("write the value, then press Ctrl-D:");
    }
    let mut value = Vec::new();
    input.read_to_end(&mut value)?;
    if value.last() == Some(&b'\n') {
        value.pop();
        if value.last() == Some(&b'\r') {
            value.pop();
        }
    }
    Ok(value)
}

fn list(global: &Global, found: &Value) -> Result<(), Failure> {
    if global.json {
        return Ok(output::json(found)?);
    }
    let rows = found["items"].as_array().into_iter().flatten();
    let rows = rows
        .map(|secret| {
            let opens = if secret["opens"] == true { "" } else { "sealed under another master key" };
            vec![
                secret["name"].as_str().unwrap_or("").into(),
                secret["version"].to_string(),
                secret["changed_at"].as_str().unwrap_or("").into(),
                texts(&secret["origins"]),
                texts(&secret["withdrawn"]),
                texts(&secret["used_by"]),
                opens.into(),
            ]
        })
        .collect();
    output::table(&["SECRET", "VERSION", "CHANGED", "MAY GO TO", "NO LONGER TO", "USED BY", ""], rows, "no secrets");
    Ok(())
}

fn texts(list: &Value) -> String {
    let texts: Vec<&str> = list.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    texts.join(" ")
}

fn told(global: &Global, value: &Value, sentence: &str) -> Result<(), Failure> {
    if global.json {
        return Ok(output::json(value)?);
    }
    output::say(sentence);
    Ok(())
}
