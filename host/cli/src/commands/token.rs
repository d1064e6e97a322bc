//! `sluse token`: make and revoke API tokens.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    arguments::{Global, Token},
    client::Host,
    failure::Failure,
    output,
};

pub(crate) async fn run(global: &Global, command: Token) -> Result<(), Failure> {
    let host = Host::of(global)?;
    match command {
        Token::Create { name, scopes } => {
            let created: Value = host.post("/v1/tokens", &json!({"name": name, "scopes": scopes})).await?;
            if global.json {
                return Ok(output::json(&created)?);
            }
            output::say(created["secret"].as_str().unwrap_or(""));
            output::complain("this is the only time that it is shown");
            Ok(())
        }
        Token::List => list(global, &host.get("/v1/tokens").await?),
        Token::Revoke { token } => {
            host.send(host.request(Method::DELETE, &format!("/v1/tokens/{token}"))).await?;
            if global.json {
                return Ok(output::json(&json!({"revoked": token}))?);
            }
            output::say(&format!("token {token} is revoked"));
            Ok(())
        }
    }
}

fn list(global: &Global, found: &Value) -> Result<(), Failure> {
    if global.json {
        return Ok(output::json(found)?);
    }
    let rows = found["items"].as_array().into_iter().flatten();
    let rows = rows
        .map(|token| {
            let scopes: Vec<&str> =
                token["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let cell = |key: &str| token[key].as_str().unwrap_or("").to_owned();
            vec![cell("id"), cell("name"), scopes.join(" "), cell("created_at"), cell("revoked_at")]
        })
        .collect();
    output::table(&["TOKEN", "HELD BY", "ALLOWS", "CREATED", "REVOKED"], rows, "no tokens");
    Ok(())
}
