//! The main job from nothing: a simulated WorkZone, a host, a connector; a submission becomes a case; a second
//! revision is swapped in while the host serves; another submission becomes another case; and the host is killed while
//! a third one is under way, which becomes one case all the same.

mod children; // the programs that run meanwhile, and how they end
mod files; // the settings, the connection and the submissions, made of the example
mod host; // the running host, asked through its command line
mod kill; // the host dies in the worst moment
mod ledger; // what the target really holds
mod revision; // other bytes of the same connector
mod story; // what is shown, in order

use crate::guests;
use crate::programs::{self, Binaries};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::path::PathBuf;
use std::time::Instant;
use tokio::signal::unix::{SignalKind, signal};

use children::Children;

/// How it is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// End when everything has been shown.
    pub(crate) exit: bool,
    /// End with one JSON object on standard output.
    pub(crate) json: bool,
}

impl Manner {
    /// A line for people: on standard output, unless that is for programs.
    pub(crate) fn show(self, line: &str) {
        if self.json { crate::say(line) } else { crate::print(line) }
    }
}

/// What was shown, counted in the target's ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    runs: usize,
    succeeded: usize,
    cases: u64,
    parties: u64,
    documents: u64,
    custom_tabs: u64,
    /// How often the host was killed in the middle.
    kills: u64,
    /// Cases beyond the one that a submission should have.
    duplicates: u64,
    /// The digests that attempts ran on, in the order in which they first served.
    revisions: Vec<String>,
    /// From the start of the first program to the last look at the ledger; building is not in it.
    wall_ms: u128,
}

/// What has been built and laid out.
pub(crate) struct Stage {
    binaries: Binaries,
    component: PathBuf,
    /// Settings, database and logs; gone when the demo ends.
    folder: tempfile::TempDir,
}

/// Shows it.
///
/// # Errors
/// What could not be built or started, a run that did not succeed, or a ledger that does not hold what was submitted.
pub(crate) fn run(manner: Manner) -> Result<()> {
    let stage = set_up()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(play(&stage, manner))
}

fn set_up() -> Result<Stage> {
    crate::say("step 1 of 3: the connector, as a component (a first build takes a minute or two)");
    let built = guests::build(&["workzone".to_owned()], sluse_guest_build::Choice::Auto)?;
    let component = built.first().context("no component was built")?.path.clone();
    crate::say("step 2 of 3: the host and the simulated WorkZone (a first build takes several minutes)");
    let binaries = programs::build_binaries()?;
    crate::say("step 3 of 3: a folder for settings, database and logs");
    let folder = tempfile::Builder::new().prefix("sluse-demo-").tempdir();
    let folder = folder.context("failed to make a temporary folder: set TMPDIR to one that can be written")?;
    crate::say(&format!("  {}", folder.path().display()));
    Ok(Stage { binaries, component, folder })
}

/// Plays the story; whatever comes of it, and whoever interrupts it, no child outlives this.
async fn play(stage: &Stage, manner: Manner) -> Result<()> {
    let mut children = Children::default();
    let ended = tokio::select! {
        ended = tell(stage, manner, &mut children) => ended,
        stopped = asked_to_stop() => stopped.and_then(|()| bail!("interrupted before everything was shown")),
    };
    children.end().await;
    ended
}

async fn tell(stage: &Stage, manner: Manner, children: &mut Children) -> Result<()> {
    let began = Instant::now();
    let shown = story::tell(stage, manner, children).await?;
    let summary = Summary { wall_ms: began.elapsed().as_millis(), ..shown.summary };
    if !shown.complaints.is_empty() {
        shown.complaints.iter().for_each(|complaint| crate::say(&format!("  {complaint}")));
    }
    if !manner.exit && shown.complaints.is_empty() {
        stay(&shown.host, manner, children).await?;
    }
    if manner.json {
        crate::print(&serde_json::to_string(&summary)?);
    }
    match shown.complaints.len() {
        0 => Ok(()),
        count => bail!("the demo did not end as it should: {count} complaints above"),
    }
}

/// Stays up until it is interrupted, or a program ends by itself.
async fn stay(host: &host::Host, manner: Manner, children: &mut Children) -> Result<()> {
    manner.show("");
    manner.show("everything stays up until Ctrl-C; look around in another terminal:");
    for command in ["run list", "delivery list", "connector list", "connector rollback workzone"] {
        manner.show(&format!("  {}", host.typed(command)));
    }
    tokio::select! {
        stopped = asked_to_stop() => stopped,
        ended = children.one_ended() => ended,
    }
}

/// Waits for Ctrl-C, SIGTERM or a terminal that is closed.
async fn asked_to_stop() -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
    Ok(())
}
