//! What the demo lays out, made of `examples/building-permit/`: the host's settings, the connection with the
//! simulated WorkZone's addresses, one submission per run.

use super::host::Secret;
use crate::programs::root;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use toml::Table;

/// What every submission carries: the form as PDF, and its annexes.
pub(super) const ATTACHMENTS: [&str; 3] = ["ansoegning.pdf", "situationsplan.pdf", "tegning.png"];

/// The example that is shown.
pub(super) fn example() -> PathBuf {
    root().join("examples/building-permit")
}

/// The host's settings: data in the demo's folder, a port that the system chooses, and the loopback address as
/// the one place that connections may reach.
pub(super) fn settings(folder: &Path) -> Result<PathBuf> {
    let data = folder.join("data");
    let mut table = Table::new();
    let section = |entries: &[(&str, toml::Value)]| {
        toml::Value::Table(entries.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect())
    };
    let list = |text: &str| toml::Value::Array(vec![text.into()]);
    table.insert("data".into(), section(&[("folder", data.to_string_lossy().as_ref().into())]));
    table.insert("api".into(), section(&[("listen", "127.0.0.1:0".into())]));
    table.insert("egress".into(), section(&[("hosts", list("127.0.0.1")), ("cidrs", list("127.0.0.0/8"))]));
    write(&folder.join("sluse.toml"), &toml::to_string(&table)?)
}

/// The simulated WorkZone, as it announced itself.
pub(super) struct Target<'a>(pub(super) &'a Value);

impl Target<'_> {
    pub(super) fn text(&self, key: &str) -> Result<&str> {
        self.0[key].as_str().with_context(|| format!("the simulated WorkZone announced no `{key}`"))
    }
}

/// The example's connection with the simulated WorkZone's addresses in it, and the secret that it names.
pub(super) fn connection(folder: &Path, target: &Target<'_>) -> Result<(PathBuf, Secret)> {
    let template = example().join("connection.toml");
    let text = fs::read_to_string(&template).with_context(|| format!("failed to read `{}`", template.display()))?;
    let (text, secret) = fill(&text, target).with_context(|| format!("`{}`", template.display()))?;
    Ok((write(&folder.join("connection.toml"), &text)?, secret))
}

/// Puts addresses into a connection, and allows what a target on this machine needs: plaintext and loopback.
fn fill(template: &str, target: &Target<'_>) -> Result<(String, Secret)> {
    let mut table: Table = toml::from_str(template)?;
    let connections = table.get_mut("connection").and_then(toml::Value::as_array_mut).context("no [[connection]]")?;
    ensure!(connections.len() == 1, "{} connections: the demo knows the addresses of one", connections.len());
    let connection = connections[0].as_table_mut().context("[[connection]] is no table")?;
    let grant = Table::from_iter([("cidrs".to_owned(), toml::Value::Array(vec!["127.0.0.0/8".into()]))]);
    connection.insert("grant".into(), toml::Value::Table(grant));
    let endpoint = within(connection, &["endpoints", "default"])?;
    endpoint.insert("url".into(), target.text("base_url_v4")?.trim_end_matches('/').into());
    endpoint.insert("allow_plaintext".into(), true.into());
    let auth = within(endpoint, &["auth"])?;
    for (key, announced) in [("token_url", "token_url"), ("client_id", "client_id"), ("scope", "scope")] {
        ensure!(auth.contains_key(key), "`endpoints.default.auth` has no `{key}`");
        auth.insert(key.into(), target.text(announced)?.into());
    }
    let secret = within(auth, &["client_secret"])?.get("secret").and_then(toml::Value::as_str);
    let secret = Secret(secret.context("`client_secret` names no secret")?.to_owned());
    Ok((toml::to_string(&table)?, secret))
}

fn within<'t>(table: &'t mut Table, path: &[&str]) -> Result<&'t mut Table> {
    let mut table = table;
    for key in path {
        table = table.get_mut(*key).and_then(toml::Value::as_table_mut).with_context(|| format!("no table `{key}`"))?;
    }
    Ok(table)
}

/// A submission of the example, under a reference of its own.
pub(super) struct Submission {
    pub(super) file: PathBuf,
    /// What the target knows the case by.
    pub(super) reference: String,
}

/// The example's submission as the `number`th one, counted from 0. The first is the example itself.
pub(super) fn submission(folder: &Path, number: u64) -> Result<Submission> {
    let template = example().join("submission.json");
    let text = fs::read_to_string(&template).with_context(|| format!("failed to read `{}`", template.display()))?;
    let mut submission: Value = serde_json::from_str(&text).with_context(|| format!("`{}`", template.display()))?;
    let reference = submission["reference"].as_str().context("the example's submission has no `reference`")?;
    let reference = later(reference, number)?;
    submission["reference"] = reference.clone().into();
    let file =
        write(&folder.join(format!("submission-{}.json", number + 1)), &serde_json::to_string_pretty(&submission)?)?;
    Ok(Submission { file, reference })
}

/// `XF-2026-004711` and the numbers after it, in as many digits.
fn later(reference: &str, number: u64) -> Result<String> {
    let (kept, digits) = reference.rsplit_once('-').context("the example's reference does not end in a number")?;
    let first: u64 = digits.parse().context("the example's reference does not end in a number")?;
    Ok(format!("{kept}-{:0width$}", first + number, width = digits.len()))
}

/// How much of each kind one submission becomes at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) parties: u64,
    pub(super) documents: u64,
    pub(super) custom_tabs: u64,
}

/// What the example's flow makes of a submission with these attachments.
pub(super) fn expected() -> Result<Expected> {
    let file = example().join("flow.toml");
    let text = fs::read_to_string(&file).with_context(|| format!("failed to read `{}`", file.display()))?;
    count(&text).with_context(|| format!("`{}`", file.display()))
}

fn count(flow: &str) -> Result<Expected> {
    let table: Table = toml::from_str(flow)?;
    let mut expected = Expected { parties: 0, documents: 0, custom_tabs: 0 };
    let entries = |value: Option<&toml::Value>| value.and_then(toml::Value::as_array).cloned().unwrap_or_default();
    for flow in entries(table.get("flow")) {
        for step in entries(flow.get("step")) {
            match step.get("operation").and_then(toml::Value::as_str) {
                Some("add-parties") => {
                    let parties = step.get("input").and_then(|input| input.get("parties"));
                    expected.parties += entries(parties).len() as u64;
                }
                Some("add-documents") => expected.documents += ATTACHMENTS.len() as u64,
                Some("add-custom-tab") => expected.custom_tabs += 1,
                _ => {}
            }
        }
    }
    Ok(expected)
}

fn write(file: &Path, text: &str) -> Result<PathBuf> {
    fs::write(file, text).with_context(|| format!("failed to write `{}`", file.display()))?;
    Ok(file.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_connection_gets_the_target_s_addresses_and_names_its_secret() {
        let template = r#"
            [[connection]]
            name = "workzone"
            connector = "workzone"
            [connection.endpoints.default]
            url = "https://WORKZONE-HOST/OData4"
            [connection.endpoints.default.auth]
            kind = "oauth2-client-credentials"
            token_url = "https://login.example/token"
            client_id = "CLIENT-ID"
            client_secret = { secret = "workzone-client-secret" }
            scope = "SCOPE"
        "#;
        let announced = json!({
            "base_url_v4": "http://127.0.0.1:4000/OData4/", "token_url": "http://127.0.0.1:4000/token",
            "client_id": "demo", "scope": "all",
        });
        let (text, secret) = fill(template, &Target(&announced)).unwrap();
        let filled: Table = toml::from_str(&text).unwrap();
        let connection = &filled["connection"][0];
        let endpoint = &connection["endpoints"]["default"];
        assert_eq!(endpoint["url"].as_str(), Some("http://127.0.0.1:4000/OData4"));
        assert_eq!(endpoint["allow_plaintext"].as_bool(), Some(true));
        assert_eq!(endpoint["auth"]["token_url"].as_str(), Some("http://127.0.0.1:4000/token"));
        assert_eq!(endpoint["auth"]["client_id"].as_str(), Some("demo"));
        assert_eq!(connection["grant"]["cidrs"][0].as_str(), Some("127.0.0.0/8"));
        assert_eq!(secret.0, "workzone-client-secret");
    }

    #[test]
    fn references_count_on_in_as_many_digits() {
        assert_eq!(later("XF-2026-004711", 0).unwrap(), "XF-2026-004711");
        assert_eq!(later("XF-2026-004799", 1).unwrap(), "XF-2026-004800");
        assert!(later("no number", 1).is_err());
    }

    #[test]
    fn what_a_submission_becomes_is_read_from_the_flow() {
        let flow = r#"
            [[flow]]
            name = "one"
            [[flow.step]]
            operation = "create-or-find-case"
            [[flow.step]]
            operation = "add-parties"
            [[flow.step.input.parties]]
            id = "1"
            [[flow.step.input.parties]]
            id = "2"
            [[flow.step]]
            operation = "add-documents"
            [[flow.step]]
            operation = "add-custom-tab"
        "#;
        let documents = ATTACHMENTS.len() as u64;
        assert_eq!(count(flow).unwrap(), Expected { parties: 2, documents, custom_tabs: 1 });
    }

    #[test]
    fn the_example_can_be_shown() {
        let expected = expected().unwrap();
        assert!(expected.parties > 0 && expected.documents > 0 && expected.custom_tabs > 0, "{expected:?}");
        for name in ATTACHMENTS {
            assert!(example().join(name).is_file(), "{name}");
        }
    }
}
