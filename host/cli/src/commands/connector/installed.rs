//! Revisions of the running host: installed, listed, activated, rolled back.

use std::path::Path;

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};
use sluse_model::{Description, Name};

use super::described;
use crate::{arguments::Global, client::Host, failure::Failure, output};

pub(super) async fn install(
    global: &Global,
    host: &Host,
    component: &Path,
    activate: bool,
    force: bool,
) -> Result<(), Failure> {
    let bytes = tokio::fs::read(component).await;
    let bytes = bytes.with_context(|| format!("`{}` cannot be read", component.display()))?;
    let request = host
        .request(Method::POST, &format!("/v1/connectors?activate={activate}&force={force}"))
        .header("Content-Type", "application/wasm")
        .body(bytes);
    tell(global, &host.answer(request).await?)
}

pub(super) async fn activate(
    global: &Global,
    host: &Host,
    connector: &Name,
    revision: &str,
    force: bool,
) -> Result<(), Failure> {
    let installed: Value = host.get("/v1/connectors").await?;
    let revision = the_one(&installed, connector, revision)?;
    let path = format!("/v1/connectors/{connector}/activate");
    tell(global, &host.post(&path, &json!({"revision": revision, "force": force})).await?)
}

/// The digest that begins so.
fn the_one(installed: &Value, connector: &Name, beginning: &str) -> Result<String, Failure> {
    let all = installed["items"].as_array().into_iter().flatten();
    let of_it = all.filter(|revision| revision["connector"] == connector.as_str());
    let digests = of_it.filter_map(|revision| revision["digest"].as_str());
    let found: Vec<&str> = digests.filter(|digest| digest.starts_with(beginning)).collect();
    let (count, see) = (found.len(), "see `sluse connector list`");
    match found.as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => Err(anyhow::anyhow!("no revision of `{connector}` begins with `{beginning}`: {see}").into()),
        _ => {
            Err(anyhow::anyhow!("{count} revisions of `{connector}` begin with `{beginning}`: write more digits")
                .into())
        }
    }
}

pub(super) async fn roll_back(global: &Global, host: &Host, connector: &Name) -> Result<(), Failure> {
    tell(global, &host.post(&format!("/v1/connectors/{connector}/rollback"), &json!({})).await?)
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

fn tell(global: &Global, installed: &Value) -> Result<(), Failure> {
    if global.json {
        return Ok(output::json(installed)?);
    }
    let revision = &installed["revision"];
    let word = |key: &str| revision[key].as_str().unwrap_or("");
    let standing = revision["standing"]["standing"].as_str().unwrap_or("");
    let version = revision["description"]["version"].as_str().unwrap_or("");
    output::say(&format!("{} {version}, revision {}: {standing}", word("connector"), short(word("digest"))));
    if let Some(replaced) = installed["replaced"].as_str() {
        output::say(&format!("it replaces revision {}", short(replaced)));
    }
    for warning in installed["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        output::complain(&format!("mind: {warning}"));
    }
    Ok(())
}

/// What the active revision says of itself.
pub(super) async fn show(global: &Global, host: &Host, connector: &Name, of: Option<&str>) -> Result<(), Failure> {
    let installed: Value = host.get("/v1/connectors").await?;
    let all = installed["items"].as_array().into_iter().flatten();
    let mut active = all.filter(|revision| revision["standing"]["standing"] == "active");
    let revision = active.find(|revision| revision["connector"] == connector.as_str());
    let revision = revision
        .with_context(|| format!("no connector `{connector}` is active at the host: see `sluse connector list`"))?;
    let description: Description = serde_json::from_value(revision["description"].clone())?;
    match of {
        Some(name) => described::tell_part(global, &description, name),
        None if global.json => Ok(output::json(revision)?),
        None => {
            described::overview(&description);
            Ok(())
        }
    }
}

pub(super) async fn list(global: &Global, host: &Host) -> Result<(), Failure> {
    let found: Value = host.get("/v1/connectors").await?;
    if global.json {
        return Ok(output::json(&found)?);
    }
    let rows = found["items"].as_array().into_iter().flatten();
    let rows = rows
        .map(|revision| {
            let word = |key: &str| revision[key].as_str().unwrap_or("").to_owned();
            vec![
                word("connector"),
                revision["description"]["version"].as_str().unwrap_or("").into(),
                short(&word("digest")).into(),
                revision["standing"]["standing"].as_str().unwrap_or("").into(),
                word("installed_at"),
            ]
        })
        .collect();
    output::table(&["CONNECTOR", "VERSION", "REVISION", "STANDING", "INSTALLED"], rows, "no connectors are installed");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_one_revision_or_none() {
        let revision = |connector: &str, digest: &str| json!({"connector": connector, "digest": digest});
        let installed =
            json!({"items": [revision("echo", "ab12"), revision("echo", "ab34"), revision("inbox", "ab12")]});
        let echo: Name = "echo".parse().expect("a name");
        assert_eq!(the_one(&installed, &echo, "ab3").expect("one"), "ab34");
        for (beginning, told) in [("ab", "2 revisions of `echo` begin with `ab`"), ("cd", "no revision of `echo`")] {
            let refused = the_one(&installed, &echo, beginning).expect_err(beginning);
            assert!(refused.to_string().contains(told), "{refused}");
        }
    }
}
