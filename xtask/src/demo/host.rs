//! The running host, asked as everybody asks it: through the command line.

use super::Manner;
use super::patience::until;
use anyhow::{Context, Result, bail, ensure};
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

/// Where the host is, and how it is asked.
pub(super) struct Host {
    sluse: PathBuf,
    settings: PathBuf,
    pub(super) url: String,
    token_file: PathBuf,
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
    /// The host of this program and these settings, which announced itself.
    pub(super) fn announced(sluse: PathBuf, settings: PathBuf, ready: &Value) -> Result<Self> {
        let text = |key: &str| ready[key].as_str().with_context(|| format!("the host announced no `{key}`"));
        let (url, token_file) = (text("url")?.to_owned(), text("first_token_file")?.into());
        Ok(Self { sluse, settings, url, token_file })
    }

    /// Writes a secret.
    pub(super) async fn keep_secret(&self, name: &str, value: &str, manner: Manner) -> Result<()> {
        self.ask_with(&["secret", "set", name], value).await?;
        manner.show(&format!("secret `{name}` is written, and nobody will read it again"));
        Ok(())
    }

    /// Installs a component, which serves from now on, and gives its digest.
    pub(super) async fn install(&self, component: &Path, manner: Manner) -> Result<String> {
        let installed = self.ask(&["connector", "install", &component.to_string_lossy()]).await?;
        let digest = installed["revision"]["digest"].as_str().context("the host told no digest")?.to_owned();
        let version = installed["revision"]["description"]["version"].as_str().unwrap_or("");
        let name = installed["revision"]["connector"].as_str().unwrap_or("");
        manner.show(&format!("connector {name} {version} is active as revision {}", short(&digest)));
        Ok(digest)
    }

    /// Applies connections, flows and schedules of an example.
    pub(super) async fn apply(&self, example: &str, files: &[PathBuf], manner: Manner) -> Result<()> {
        let files: Vec<_> = files.iter().map(|file| file.to_string_lossy()).collect();
        let words: Vec<&str> = std::iter::once("apply").chain(files.iter().map(AsRef::as_ref)).collect();
        let applied = self.ask(&words).await?;
        let count = applied["changes"].as_array().map_or(0, Vec::len);
        ensure!(count > 0, "applying examples/{example} changed nothing");
        manner.show(&format!("examples/{example} is applied: {count} changes"));
        Ok(())
    }

    /// The runs of a flow, with their deliveries and attempts.
    pub(super) async fn runs(&self, flow: &str) -> Result<Vec<Value>> {
        self.shown(&["run", "list", "--flow", flow]).await
    }

    /// All runs, with their deliveries and attempts.
    pub(super) async fn all_runs(&self) -> Result<Vec<Value>> {
        self.shown(&["run", "list"]).await
    }

    async fn shown(&self, list: &[&str]) -> Result<Vec<Value>> {
        let runs = self.ask(list).await?;
        let mut told = Vec::new();
        for run in runs["items"].as_array().context("the host listed no runs")? {
            told.push(self.ask(&["run", "show", run["id"].as_str().context("a run without an id")?]).await?);
        }
        Ok(told)
    }

    /// Hands a submission to a flow under its key, and lets the command speak.
    pub(super) async fn submit(&self, flow: &str, file: &Path, key: &str, more: &[&str], manner: Manner) -> Result<()> {
        let mut words: Vec<OsString> = vec!["submit".into(), flow.into(), file.into()];
        words.extend(["--key", key].iter().chain(more).map(OsString::from));
        self.show(&words, manner).await
    }

    /// Waits until every run is final or waits for a person, and gives those of a flow.
    pub(super) async fn settled(&self, flow: &str, count: usize) -> Result<Vec<Value>> {
        until(&format!("{count} runs of the flow `{flow}` settle"), async || {
            let runs = self.runs(flow).await?;
            let is_settled = |run: &Value| !matches!(run["state"].as_str(), Some("pending" | "running") | None);
            Ok((runs.len() >= count && runs.iter().all(is_settled)).then_some(runs))
        })
        .await
    }

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

/// As much of a digest as tells revisions apart.
pub(super) fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}
