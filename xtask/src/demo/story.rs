//! What is shown, in order. What cannot go on is an error; what is not as it should be is a complaint, so that
//! the rest is still shown.

use super::files::{self, ATTACHMENTS, Submission, Target};
use super::host::{self, Host};
use super::ledger::Ledger;
use super::{Children, Manner, Stage, Summary, kill, revision};
use crate::programs::root;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::path::Path;
use tokio::process::Command;

/// The flow of the example.
const FLOW: &str = "building-permit";

/// What was shown.
pub(super) struct Shown {
    pub(super) host: Host,
    pub(super) summary: Summary,
    /// Whatever is not as it should be.
    pub(super) complaints: Vec<String>,
}

/// A run, as the host tells of it when it has ended.
pub(super) struct Ended {
    state: String,
    /// The revisions that its attempts ran on.
    revisions: Vec<String>,
}

pub(super) async fn tell(stage: &Stage, manner: Manner, children: &mut Children) -> Result<Shown> {
    let folder = stage.folder.path();
    let target = start_target(stage, manner, children).await?;
    let host = start_host(stage, manner, children).await?;
    set_up_connection(&host, &target, folder, manner).await?;
    let first_revision = install(&host, &stage.component, manner).await?;
    apply(&host, &target, folder, manner).await?;

    let mut complaints = Vec::new();
    let mut submissions = Vec::new();
    let mut runs = Vec::new();
    let mut serving = first_revision.clone();
    for (number, revision) in [(0, None), (1, Some(second_component(stage)?))] {
        if let Some(component) = revision {
            serving = swap(&host, &component, &first_revision, manner).await?;
        }
        let submission = files::submission(folder, number)?;
        let run = submit(&host, &submission, manner).await?;
        complaints.extend(run.complaints(&submission, &serving));
        submissions.push(submission.reference);
        runs.push(run);
    }
    let (host, submission, run) = kill::survive(stage, &host, &target, 2, manner, children).await?;
    complaints.extend(run.complaints(&submission, &serving));
    submissions.push(submission.reference);
    runs.push(run);

    let ledger = read_ledger(stage, &target).await?;
    manner.show("\nthe ledger of the simulated WorkZone:");
    ledger.show(manner);
    complaints.extend(ledger.complaints(&submissions, files::expected()?));
    Ok(Shown { host, summary: summary(&runs, &ledger, children.kills()), complaints })
}

fn summary(runs: &[Ended], ledger: &Ledger, kills: u64) -> Summary {
    let mut revisions: Vec<String> = Vec::new();
    for revision in runs.iter().flat_map(|run| &run.revisions) {
        if !revisions.contains(revision) {
            revisions.push(revision.clone());
        }
    }
    Summary {
        runs: runs.len(),
        succeeded: runs.iter().filter(|run| run.state == "succeeded").count(),
        cases: ledger.cases,
        parties: ledger.parties,
        documents: ledger.documents,
        custom_tabs: ledger.custom_tabs,
        kills,
        duplicates: ledger.duplicates(),
        revisions,
        wall_ms: 0,
    }
}

/// The secret that the simulated WorkZone shares with the demo's connection: another one each time.
fn client_secret(folder: &Path) -> String {
    let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    let text: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("demo-{text}")
}

async fn start_target(stage: &Stage, manner: Manner, children: &mut Children) -> Result<Value> {
    let folder = stage.folder.path();
    let mut command = Command::new(&stage.binaries.workzone);
    command.args(["serve", "--client-id", "sluse-demo", "--client-secret", &client_secret(folder)]);
    let target = children.start("the simulated WorkZone", command, &folder.join("workzone.log")).await?;
    manner.show(&format!("\na simulated WorkZone serves at {}, behind OAuth", Target(&target).text("origin")?));
    Ok(target)
}

pub(super) async fn start_host(stage: &Stage, manner: Manner, children: &mut Children) -> Result<Host> {
    let folder = stage.folder.path();
    let settings = files::settings(folder)?;
    let mut command = host::sluse(&stage.binaries.sluse, &settings);
    command.args(["serve", "--json"]);
    let ready = children.start("the host", command, &folder.join("host.log")).await?;
    let url = ready["url"].as_str().context("the host announced no `url`")?.to_owned();
    let token_file = ready["first_token_file"].as_str().context("the host announced no `first_token_file`")?;
    manner.show(&format!("sluse serves at {url}"));
    Ok(Host { sluse: stage.binaries.sluse.clone(), settings, token_file: token_file.into(), url })
}

async fn set_up_connection(host: &Host, target: &Value, folder: &Path, manner: Manner) -> Result<()> {
    let (_, secret) = files::connection(folder, &Target(target))?;
    host.ask_with(&["secret", "set", &secret.0], &client_secret(folder)).await?;
    manner.show(&format!("secret `{}` is written, and nobody will read it again", secret.0));
    Ok(())
}

async fn install(host: &Host, component: &Path, manner: Manner) -> Result<String> {
    let installed = host.ask(&["connector", "install", &component.to_string_lossy()]).await?;
    let digest = installed["revision"]["digest"].as_str().context("the host told no digest")?.to_owned();
    let version = installed["revision"]["description"]["version"].as_str().unwrap_or("");
    let name = installed["revision"]["connector"].as_str().unwrap_or("");
    manner.show(&format!("connector {name} {version} is active as revision {}", short(&digest)));
    Ok(digest)
}

async fn apply(host: &Host, target: &Value, folder: &Path, manner: Manner) -> Result<()> {
    let (connection, _) = files::connection(folder, &Target(target))?;
    let flow = files::example().join("flow.toml");
    let applied = host.ask(&["apply", &connection.to_string_lossy(), &flow.to_string_lossy()]).await?;
    let count = applied["changes"].as_array().map_or(0, Vec::len);
    ensure!(count > 0, "applying connection and flow changed nothing");
    manner.show(&format!("connection and flow of examples/building-permit/ are applied: {count} changes"));
    Ok(())
}

/// The second revision, as a file that can be handed in.
fn second_component(stage: &Stage) -> Result<std::path::PathBuf> {
    let first = std::fs::read(&stage.component)?;
    let file = stage.folder.path().join("workzone-second.wasm");
    std::fs::write(&file, revision::second(&first))?;
    Ok(file)
}

async fn swap(host: &Host, component: &Path, first: &str, manner: Manner) -> Result<String> {
    manner.show("\nswapping: the same connector in a file of other bytes, which is another revision");
    let second = install(host, component, manner).await?;
    if second == first {
        bail!("the second revision has the digest of the first: {first}");
    }
    Ok(second)
}

/// Hands a submission in, shows its timeline as it grows, and tells how it ended.
pub(super) async fn submit(host: &Host, submission: &Submission, manner: Manner) -> Result<Ended> {
    manner.show(&format!("\nsubmission {} with {} files:", submission.reference, ATTACHMENTS.len()));
    hand_in(host, submission, &["--wait", "--timeout", "120"], manner).await?;

    let runs = host.ask(&["run", "list", "--flow", FLOW]).await?;
    let items = runs["items"].as_array().context("the host listed no runs")?;
    let of_submission = |run: &&Value| run["idempotency_key"].as_str() == Some(submission.reference.as_str());
    let run = items.iter().find(of_submission).context("the host does not list the run that it accepted")?;
    let id = run["id"].as_str().context("a run without an id")?;
    Ok(Ended::of(&host.ask(&["run", "show", id]).await?))
}

/// Hands a submission in under its reference, and lets the command speak.
pub(super) async fn hand_in(host: &Host, submission: &Submission, more: &[&str], manner: Manner) -> Result<()> {
    let mut words: Vec<OsString> = vec!["submit".into(), FLOW.into(), submission.file.clone().into()];
    for name in ATTACHMENTS {
        words.extend(["--attach".into(), files::example().join(name).into_os_string()]);
    }
    words.extend(["--key", &submission.reference].map(OsString::from));
    words.extend(more.iter().map(OsString::from));
    host.show(&words, manner).await
}

impl Ended {
    fn of(run: &Value) -> Self {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let revisions = list(&run["deliveries"])
            .iter()
            .flat_map(|delivery| list(&delivery["attempts"]))
            .filter_map(|attempt| attempt["revision"].as_str().map(str::to_owned))
            .collect();
        Self { state: run["state"].as_str().unwrap_or("").to_owned(), revisions }
    }

    fn complaints(&self, submission: &Submission, serving: &str) -> Vec<String> {
        let reference = &submission.reference;
        let mut complaints = Vec::new();
        if self.state != "succeeded" {
            complaints.push(format!("the run of submission {reference} is `{}`, and not `succeeded`", self.state));
        }
        if let Some(other) = self.revisions.iter().find(|revision| *revision != serving) {
            let (other, serving) = (short(other), short(serving));
            complaints.push(format!("submission {reference} was served by revision {other}, and not by {serving}"));
        }
        complaints
    }
}

pub(super) async fn read_ledger(stage: &Stage, target: &Value) -> Result<Ledger> {
    let target = Target(target);
    let mut command = Command::new(&stage.binaries.workzone);
    let output =
        command.args(["ledger", target.text("origin")?]).current_dir(root()).kill_on_drop(true).output().await?;
    if !output.status.success() {
        bail!("the ledger cannot be read: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("the ledger is something else than it was")
}

/// As much of a digest as tells revisions apart.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ended(state: &str, revisions: &[&str]) -> Ended {
        let attempts: Vec<_> = revisions.iter().map(|revision| json!({"revision": revision})).collect();
        Ended::of(&json!({"state": state, "deliveries": [{"attempts": attempts}]}))
    }

    fn submission() -> Submission {
        Submission { file: "s.json".into(), reference: "A-1".into() }
    }

    #[test]
    fn a_run_that_succeeded_on_the_serving_revision_is_fine() {
        assert_eq!(ended("succeeded", &["a", "a"]).complaints(&submission(), "a"), Vec::<String>::new());
    }

    #[test]
    fn a_run_that_waits_for_a_person_is_told() {
        assert_eq!(ended("attention", &["a"]).complaints(&submission(), "a").len(), 1);
    }

    #[test]
    fn an_attempt_on_another_revision_is_told() {
        assert_eq!(ended("succeeded", &["a", "b"]).complaints(&submission(), "a").len(), 1);
    }

    #[test]
    fn revisions_are_listed_once_in_the_order_in_which_they_served() {
        let runs = [ended("succeeded", &["b", "b"]), ended("succeeded", &["a", "b"])];
        assert_eq!(summary(&runs, &Ledger::default(), 1).revisions, ["b", "a"]);
    }
}
