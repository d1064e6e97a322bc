//! A simulated target as a program of its own, asked through its command line: faults are planted, and the ledger
//! says what really came of it.

use super::Manner;
use crate::programs::root;
use anyhow::{Context, Result, ensure};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::PathBuf;
use tokio::process::Command;

/// A simulated target that serves.
pub(super) struct Target {
    name: &'static str,
    program: PathBuf,
    announced: Value,
    /// What was switched on, in words.
    faults: Vec<String>,
}

impl Target {
    pub(super) fn new(name: &'static str, program: PathBuf, announced: Value) -> Self {
        Self { name, program, announced, faults: Vec::new() }
    }

    /// What it announced about itself.
    pub(super) fn text(&self, key: &str) -> Result<&str> {
        let name = self.name;
        self.announced[key].as_str().with_context(|| format!("the simulated {name} announced no `{key}`"))
    }

    /// An address that it announced, without a slash at its end.
    pub(super) fn url(&self, key: &str) -> Result<&str> {
        Ok(self.text(key)?.trim_end_matches('/'))
    }

    /// Has it do what its command line says: `submit`, `deliver`, `tenant`.
    pub(super) async fn tell(&self, command: &str, json: &Value) -> Result<Value> {
        self.run(&[command, self.control()?, &json.to_string()]).await
    }

    /// Switches a fault on, and tells so.
    pub(super) async fn plant(&mut self, fault: &Value, told: &str, manner: Manner) -> Result<()> {
        self.tell("fault", fault).await?;
        manner.show(&format!("  fault switched on at the simulated {}: {told}", self.name));
        self.faults.push(told.to_owned());
        Ok(())
    }

    /// What was switched on, in words.
    pub(super) fn faults(&self) -> &[String] {
        &self.faults
    }

    /// Faults that nobody ran into: the story has not shown what it says.
    pub(super) async fn complaints(&self) -> Result<Vec<String>> {
        let waiting = self.run(&["waiting", self.control()?]).await?;
        let waiting = waiting.as_array().context("the faults that wait are no list")?;
        Ok(waiting.iter().map(|fault| format!("nobody ran into this fault at the {}: {fault}", self.name)).collect())
    }

    /// What it really holds.
    pub(super) async fn ledger<L: DeserializeOwned>(&self) -> Result<L> {
        let ledger = self.run(&["ledger", self.control()?]).await?;
        serde_json::from_value(ledger).context("the ledger is something else than it was")
    }

    /// Where it is controlled: not always where it serves.
    fn control(&self) -> Result<&str> {
        if self.announced["control_origin"].is_string() { self.text("control_origin") } else { self.text("origin") }
    }

    async fn run(&self, words: &[&str]) -> Result<Value> {
        let mut command = Command::new(&self.program);
        let output = command.args(words).current_dir(root()).kill_on_drop(true).output().await?;
        let (name, asked) = (self.name, words.first().copied().unwrap_or_default());
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the simulated {name} refused `{asked}`: {}", told.trim());
        serde_json::from_slice(&output.stdout).with_context(|| format!("`{asked}` of {name} answered no JSON"))
    }
}
