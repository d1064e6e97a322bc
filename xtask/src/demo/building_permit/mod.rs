//! XFlow -> WorkZone: submissions become cases while a second revision of the connector is swapped in, and while the
//! host is killed with one under way. What is shown, in order. What cannot go on is an error; what is not as it should be is a complaint, so that
//! the rest is still shown.

mod kill; // the host dies in the worst moment
mod ledger; // what the target really holds
mod revision; // other bytes of the same connector
mod submissions; // the example's submission, under a reference for each run

use super::host::{Host, short};
use super::target::Target;
use super::{Children, Manner, Stage, Told, example};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use ledger::Ledger;
use submissions::{ATTACHMENTS, Submission};

/// The example, and its flow.
const EXAMPLE: &str = "building-permit";

/// A run, as the host tells of it when it has ended.
struct Ended {
    state: String,
    /// The revisions that its attempts ran on.
    revisions: Vec<String>,
}

pub(super) async fn tell(stage: &Stage<'_>, manner: Manner, children: &mut Children) -> Result<Told> {
    let mut target = start_target(stage, manner, children).await?;
    let host = stage.host(manner, children).await?;
    let first_revision = set_up(&host, &target, stage, manner).await?;

    let mut complaints = Vec::new();
    let mut references = Vec::new();
    let mut runs = Vec::new();
    let mut serving = first_revision.clone();
    for (number, revision) in [(0, None), (1, Some(second_component(stage)?))] {
        if let Some(component) = revision {
            serving = swap(&host, &component, &first_revision, manner).await?;
        }
        let submission = submissions::submission(stage.folder(), number)?;
        let run = submit(&host, &submission, manner).await?;
        complaints.extend(run.complaints(&submission, &serving));
        references.push(submission.reference);
        runs.push(run);
    }
    let (host, submission, run) = kill::survive(stage, &host, &mut target, 2, manner, children).await?;
    complaints.extend(run.complaints(&submission, &serving));
    references.push(submission.reference);
    runs.push(run);

    let ledger: Ledger = target.ledger().await?;
    manner.show("\nthe ledger of the simulated WorkZone:");
    ledger.show(manner);
    complaints.extend(ledger.complaints(&references, submissions::expected()?));
    complaints.extend(target.complaints().await?);
    let system = ledger.system(&references).under(target.faults()).with("revisions", revisions(&runs));
    Ok(Told { host, systems: vec![system], complaints })
}

/// The digests that attempts ran on, in the order in which they first served.
fn revisions(runs: &[Ended]) -> Vec<String> {
    let mut revisions: Vec<String> = Vec::new();
    for revision in runs.iter().flat_map(|run| &run.revisions) {
        if !revisions.contains(revision) {
            revisions.push(revision.clone());
        }
    }
    revisions
}

async fn start_target(stage: &Stage<'_>, manner: Manner, children: &mut Children) -> Result<Target> {
    let secret = stage.secret("workzone");
    let words = ["--client-id", "sluse-demo", "--client-secret", &secret];
    let target = stage.target("workzone", &words, children).await?;
    manner.show(&format!("\na simulated WorkZone serves at {}, behind OAuth", target.text("origin")?));
    Ok(target)
}

/// Secret, connector, connection and flow; gives the digest that serves.
async fn set_up(host: &Host, target: &Target, stage: &Stage<'_>, manner: Manner) -> Result<String> {
    let mut file = example::Configured::read(EXAMPLE, "connection.toml")?;
    let mut workzone = file.connection("workzone")?;
    workzone.endpoint("default", target.url("base_url_v4")?);
    for key in ["token_url", "client_id", "scope"] {
        workzone.set(&["endpoints", "default", "auth", key], target.text(key)?);
    }
    let secret = workzone.secret(&["endpoints", "default", "auth", "client_secret"])?;
    host.keep_secret(&secret, &stage.secret("workzone"), manner).await?;
    let revision = host.install(stage.component("workzone")?, manner).await?;
    let files = [file.write(stage.folder())?, example::file(EXAMPLE, "flow.toml")];
    host.apply(EXAMPLE, &files, manner).await?;
    Ok(revision)
}

/// The second revision, as a file that can be handed in.
fn second_component(stage: &Stage<'_>) -> Result<PathBuf> {
    let first = std::fs::read(stage.component("workzone")?)?;
    let file = stage.folder().join("workzone-second.wasm");
    std::fs::write(&file, revision::second(&first))?;
    Ok(file)
}

async fn swap(host: &Host, component: &Path, first: &str, manner: Manner) -> Result<String> {
    manner.show("\nswapping: the same connector in a file of other bytes, which is another revision");
    let second = host.install(component, manner).await?;
    if second == first {
        bail!("the second revision has the digest of the first: {first}");
    }
    Ok(second)
}

/// Hands a submission in, shows its timeline as it grows, and tells how it ended.
async fn submit(host: &Host, submission: &Submission, manner: Manner) -> Result<Ended> {
    manner.show(&format!("\nsubmission {} with {} files:", submission.reference, ATTACHMENTS.len()));
    hand_in(host, submission, &["--wait", "--timeout", "120"], manner).await?;

    let of_submission = |run: &&Value| run["idempotency_key"].as_str() == Some(submission.reference.as_str());
    let runs = host.runs(EXAMPLE).await?;
    let run = runs.iter().find(of_submission).context("the host does not list the run that it accepted")?;
    Ok(Ended::of(run))
}

/// Hands a submission in under its reference, and lets the command speak.
async fn hand_in(host: &Host, submission: &Submission, more: &[&str], manner: Manner) -> Result<()> {
    let mut words: Vec<OsString> = vec!["submit".into(), EXAMPLE.into(), submission.file.clone().into()];
    for name in ATTACHMENTS {
        words.extend(["--attach".into(), example::file(EXAMPLE, name).into_os_string()]);
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
        assert_eq!(revisions(&runs), ["b", "a"]);
    }
}
