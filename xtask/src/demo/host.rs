//! The running host, asked as everybody asks it: through the command line.

use super::Manner;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

/// What would change how the host or its command line behave.
const ENVIRONMENT: [&str; 7] = [
    "SLUSE_CONFIG",
    "SLUSE_URL",
    "SLUSE_TOKEN",
    "SLUSE_TOKEN_FILE",
    "SLUSE_MASTER_KEY",
    "CREDENTIALS_DIRECTORY",
    "RUST_LOG",
];

/// The exit code of a run that waits for a person or has failed. It is told, and is no failure to ask.
const NOT_SUCCEEDED: i32 = 6;

/// The name of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Secret(pub(super) String);

/// Where the host is, and how it is asked.
pub(super) struct Host {
    pub(super) sluse: PathBuf,
    pub(super) settings: PathBuf,
    pub(super) url: String,
    pub(super) token_file: PathBuf,
}

/// `sluse`, with nothing of our own surroundings.
pub(super) fn sluse(program: &Path, settings: &Path) -> Command {
    let mut command = Command::new(program);
    for variable in ENVIRONMENT {
        command.env_remove(variable);
    }
    command.arg("--config").arg(settings);
    command
}

impl Host {
    fn command(&self, arguments: &[&OsStr]) -> Command {
        let mut command = sluse(&self.sluse, &self.settings);
        command.arg("--url").arg(&self.url).arg("--token-file").arg(&self.token_file).args(arguments);
        // An interrupted demo leaves nobody asking.
        command.kill_on_drop(true);
        command
    }

    /// How a person would ask, in another terminal.
    pub(super) fn typed(&self, arguments: &str) -> String {
        let (sluse, token_file) = (self.sluse.display(), self.token_file.display());
        format!("{sluse} --url {} --token-file {token_file} {arguments}", self.url)
    }

    /// Asks, and gives the answer.
    pub(super) async fn ask(&self, arguments: &[&str]) -> Result<Value> {
        self.ask_with(arguments, "").await
    }

    /// Asks with something on standard input.
    pub(super) async fn ask_with(&self, arguments: &[&str], input: &str) -> Result<Value> {
        let told = format!("sluse {}", arguments.join(" "));
        let words: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        let mut command = self.command(&words);
        command.arg("--json").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("failed to start `{told}`"))?;
        let mut stdin = child.stdin.take().context("its input is not piped")?;
        stdin.write_all(input.as_bytes()).await.with_context(|| format!("`{told}` reads no input"))?;
        drop(stdin);
        let output = child.wait_with_output().await?;
        if !output.status.success() {
            bail!("`{told}` failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
        }
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("`{told}` answered with something else than JSON"))
    }

    /// Lets the command speak to people, line by line as it does.
    pub(super) async fn show(&self, arguments: &[OsString], manner: Manner) -> Result<()> {
        let words: Vec<&OsStr> = arguments.iter().map(OsString::as_os_str).collect();
        let told = format!("sluse {}", arguments.first().map(|word| word.to_string_lossy()).unwrap_or_default());
        let mut command = self.command(&words);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("failed to start `{told}`"))?;
        let mut lines = BufReader::new(child.stdout.take().context("its output is not piped")?).lines();
        while let Some(line) = lines.next_line().await? {
            manner.show(&format!("  {line}"));
        }
        let status = child.wait().await?;
        if !status.success() && status.code() != Some(NOT_SUCCEEDED) {
            bail!("`{told}` failed ({status}): its reason is above");
        }
        Ok(())
    }
}
