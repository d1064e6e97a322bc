//! The files of an example, with what a simulated target on this machine needs: its address, plaintext, loopback.

use crate::programs::root;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// A file of an example.
pub(super) fn file(example: &str, name: &str) -> PathBuf {
    root().join("examples").join(example).join(name)
}

/// The text of a file of an example.
pub(super) fn read(example: &str, name: &str) -> Result<String> {
    let file = file(example, name);
    fs::read_to_string(&file).with_context(|| format!("failed to read `{}`", file.display()))
}

/// Writes a file of the story, also into a folder that is not there yet.
pub(super) fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let file = folder.join(name);
    fs::create_dir_all(folder).with_context(|| format!("failed to make `{}`", folder.display()))?;
    fs::write(&file, text).with_context(|| format!("failed to write `{}`", file.display()))?;
    Ok(file)
}

/// The host's settings: data in the story's folder, a port that the system chooses, and the loopback address as
/// the one place that connections may reach. `more` is added: `[egress.folders]`, say.
pub(super) fn settings(folder: &Path, more: &str) -> Result<PathBuf> {
    let mut settings: Table = toml::from_str(more).context("the story's own settings")?;
    put(&mut settings, &["data", "folder"], folder.join("data").to_string_lossy().as_ref());
    put(&mut settings, &["api", "listen"], "127.0.0.1:0");
    put(&mut settings, &["egress", "hosts"], vec!["127.0.0.1", "localhost"]);
    put(&mut settings, &["egress", "cidrs"], vec!["127.0.0.0/8", "::1/128"]);
    write(folder, "sluse.toml", &toml::to_string(&settings)?)
}

/// A file with connections (or schedules) of an example, about to be changed.
pub(super) struct Configured {
    example: String,
    name: String,
    table: Table,
}

impl Configured {
    pub(super) fn read(example: &str, name: &str) -> Result<Self> {
        let table = toml::from_str(&read(example, name)?).with_context(|| format!("examples/{example}/{name}"))?;
        Ok(Self { example: example.to_owned(), name: name.to_owned(), table })
    }

    /// One of its connections.
    pub(super) fn connection(&mut self, name: &str) -> Result<Entry<'_>> {
        self.entry("connection", name)
    }

    /// One of its entries of a kind: `connection`, `schedule`, `flow`.
    pub(super) fn entry(&mut self, kind: &str, name: &str) -> Result<Entry<'_>> {
        let missing = format!("examples/{}/{} has no {kind} `{name}`", self.example, self.name);
        let entries = self.table.get_mut(kind).and_then(Value::as_array_mut);
        let mut entries = entries.into_iter().flatten().filter_map(Value::as_table_mut);
        let named = |entry: &&mut Table| entry.get("name").and_then(Value::as_str) == Some(name);
        entries.find(named).map(Entry).context(missing)
    }

    /// As it stands now.
    pub(super) fn text(&self) -> Result<String> {
        Ok(toml::to_string(&self.table)?)
    }

    /// Writes it into the story's folder.
    pub(super) fn write(&self, folder: &Path) -> Result<PathBuf> {
        write(folder, &self.name, &self.text()?)
    }
}

/// A connection, a schedule or a flow.
pub(super) struct Entry<'t>(&'t mut Table);

impl Entry<'_> {
    /// Sets a value; tables on the way to it are made.
    pub(super) fn set(&mut self, path: &[&str], value: impl Into<Value>) -> &mut Self {
        put(self.0, path, value);
        self
    }

    /// Takes a value away.
    pub(super) fn remove(&mut self, path: &[&str]) -> &mut Self {
        let Some((last, before)) = path.split_last() else { return self };
        let inner =
            before.iter().try_fold(&mut *self.0, |table, key| table.get_mut(*key).and_then(Value::as_table_mut));
        if let Some(table) = inner {
            table.remove(*last);
        }
        self
    }

    /// Points an endpoint to an address on this machine, in clear where it is so.
    pub(super) fn endpoint(&mut self, endpoint: &str, url: &str) -> &mut Self {
        self.set(&["grant", "cidrs"], vec!["127.0.0.0/8", "::1/128"]);
        self.set(&["endpoints", endpoint, "url"], url);
        if url.starts_with("http:") {
            self.set(&["endpoints", endpoint, "allow_plaintext"], true);
        }
        self
    }

    /// Tries again soon: nobody who watches waits for minutes.
    pub(super) fn impatient(&mut self, max_attempts: i64) -> &mut Self {
        self.set(&["retry", "max_attempts"], max_attempts);
        self.set(&["retry", "base_ms"], 100).set(&["retry", "floor_ms"], 50).set(&["retry", "cap_ms"], 1_000)
    }

    /// The name of the secret at a place of it: `{ secret = "workzone-client-secret" }`.
    pub(super) fn secret(&self, path: &[&str]) -> Result<String> {
        let found = path.iter().try_fold(&*self.0, |table, key| table.get(*key).and_then(Value::as_table));
        let name = found.and_then(|table| table.get("secret")).and_then(Value::as_str);
        Ok(name.with_context(|| format!("`{}` names no secret", path.join(".")))?.to_owned())
    }
}

fn put(table: &mut Table, path: &[&str], value: impl Into<Value>) {
    let Some((last, before)) = path.split_last() else { return };
    let mut table = table;
    for key in before {
        let inner = table.entry(*key).or_insert_with(|| Value::Table(Table::new()));
        if !inner.is_table() {
            *inner = Value::Table(Table::new());
        }
        table = inner.as_table_mut().expect("it was made a table just now");
    }
    table.insert((*last).to_owned(), value.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configured(text: &str) -> Configured {
        Configured { example: "e".into(), name: "connection.toml".into(), table: toml::from_str(text).unwrap() }
    }

    const WORKZONE: &str = r#"
        [[connection]]
        name = "other"
        [[connection]]
        name = "workzone"
        grant = { folders = { sd = { path = "/sd" } } }
        [connection.endpoints.default]
        url = "https://WORKZONE-HOST/OData4"
        auth = { client_secret = { secret = "workzone-client-secret" } }
    "#;

    #[test]
    fn a_connection_gets_a_target_s_address_and_keeps_the_rest() {
        let mut file = configured(WORKZONE);
        file.connection("workzone").unwrap().endpoint("default", "http://127.0.0.1:4000/OData4").impatient(3);
        let connection = &file.table["connection"][1];
        assert_eq!(connection["endpoints"]["default"]["url"].as_str(), Some("http://127.0.0.1:4000/OData4"));
        assert_eq!(connection["endpoints"]["default"]["allow_plaintext"].as_bool(), Some(true));
        assert_eq!(connection["grant"]["cidrs"][0].as_str(), Some("127.0.0.0/8"));
        assert_eq!(connection["grant"]["folders"]["sd"]["path"].as_str(), Some("/sd"));
        assert_eq!(connection["retry"]["max_attempts"].as_integer(), Some(3));
    }

    #[test]
    fn a_target_behind_tls_needs_no_plaintext() {
        let mut file = configured(WORKZONE);
        file.connection("workzone").unwrap().endpoint("default", "https://localhost:4000");
        assert!(file.table["connection"][1]["endpoints"]["default"].get("allow_plaintext").is_none());
    }

    #[test]
    fn a_secret_is_known_by_its_name() {
        let mut file = configured(WORKZONE);
        let connection = file.connection("workzone").unwrap();
        let place = ["endpoints", "default", "auth", "client_secret"];
        assert_eq!(connection.secret(&place).unwrap(), "workzone-client-secret");
        assert!(connection.secret(&place[..3]).is_err());
    }

    #[test]
    fn a_connection_that_is_not_there_is_told() {
        let told = configured(WORKZONE).connection("workzine").err().unwrap().to_string();
        assert_eq!(told, "examples/e/connection.toml has no connection `workzine`");
    }
}
