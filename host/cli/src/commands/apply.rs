//! `sluse apply`: connections and flows, all of them or none.

use serde_json::{Value, json};

use crate::{
    arguments::{Apply, Global},
    client::Host,
    failure::Failure,
    files::text,
    output,
};

pub(crate) async fn run(global: &Global, command: Apply) -> Result<(), Failure> {
    let mut files = Vec::new();
    for file in &command.files {
        let text = text(file).await?;
        files.push(json!({"name": file.display().to_string(), "text": text}));
    }
    let host = Host::of(global)?;
    let applied: Value = host.post("/v1/configuration", &json!({"files": files, "dry_run": command.diff})).await?;
    if global.json {
        return Ok(output::json(&applied)?);
    }
    let changes = applied["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
    for change in changes {
        output::say(&told(change));
    }
    if changes.is_empty() {
        output::say("nothing has changed");
    }
    for one in applied["warnings"].as_array().into_iter().flatten() {
        let word = |key: &str| one[key].as_str().unwrap_or("");
        output::complain(&format!("{}:{}: `{}`: {}", word("file"), one["line"], word("path"), word("message")));
    }
    for one in applied["unconfirmed"].as_array().into_iter().flatten() {
        let (secret, origin) = (one["secret"].as_str().unwrap_or(""), one["origin"].as_str().unwrap_or(""));
        let stays = match one["withdrawn"] == true {
            true => format!("no longer goes to {origin}: if it may again"),
            false => format!("does not go to {origin} yet: if it may"),
        };
        output::complain(&format!("secret `{secret}` {stays}, write `sluse secret confirm {secret} {origin}`"));
    }
    Ok(())
}

fn told(change: &Value) -> String {
    let word = |key: &str| change[key].as_str().unwrap_or("");
    match change["paths"].as_array() {
        Some(paths) => {
            let paths: Vec<&str> = paths.iter().filter_map(Value::as_str).collect();
            format!("~ {} {}: {}", word("kind"), word("name"), paths.join(", "))
        }
        None => format!("+ {} {}", word("kind"), word("name")),
    }
}
