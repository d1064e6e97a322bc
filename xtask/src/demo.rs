//! The ready flows of `examples/` against simulated targets, from nothing: programs, connectors and a host are built
//! and started, faults are switched on, and in the end the targets' ledgers are asked whether each business key has
//! exactly one effect. One story per example; each has a host and a folder of its own.

mod building_permit; // XFlow -> WorkZone: a submission becomes a case
mod children; // the programs that run meanwhile, and how they end
mod example; // the files of an example, with a simulated target's addresses
mod host; // the running host, asked through its command line
mod interact; // WorkZone Interact -> WorkZone: forms become cases
mod patience; // waiting for what is under way
mod picture; // what happened, drawn
mod sd_and_prisme; // XFlow -> SD Løn and Prisme: one answer, files for both
mod stage; // what was built, and where a story plays
mod story; // which stories there are
mod target; // a simulated target: its faults, its ledger
mod told; // what a story has shown
mod trigger_external_api; // Enate: an outside API is triggered, and calls back
mod workflow_execute; // CXone: look-ups and records for whoever calls

use anyhow::{Context, Result, bail, ensure};
use std::path::Path;
use std::time::Instant;
use tokio::signal::unix::{SignalKind, signal};

use children::Children;
use stage::{Built, Stage};
pub(crate) use story::Story;
use told::{Summary, Told};

/// How it is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// End when everything has been shown.
    pub(crate) exit: bool,
    /// Keep standard output for one JSON object.
    pub(crate) json: bool,
}

impl Manner {
    /// A line for people: on standard output, unless that is for programs.
    pub(crate) fn show(self, line: &str) {
        if self.json { crate::say(line) } else { crate::print(line) }
    }
}

/// What comes after a story.
#[derive(Debug, Clone, Copy)]
struct Then<'f> {
    /// It stays up until it is interrupted.
    stays: bool,
    /// Where it is drawn.
    pictures: Option<&'f Path>,
}

/// Shows one story, or all of them, and draws what happened into the folder of pictures when there is one.
///
/// # Errors
/// What could not be built or started, or a story that did not end as it should.
pub(crate) fn run(story: Option<Story>, manner: Manner, pictures: Option<&Path>) -> Result<()> {
    let stories = story.map_or_else(|| Story::ALL.to_vec(), |story| vec![story]);
    let built = Built::new(&stories)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match story {
        Some(story) => runtime.block_on(one(story, &built, manner, pictures)),
        None => runtime.block_on(all(&built, manner, pictures)),
    }
}

/// One story, which stays up afterwards unless it is to end.
async fn one(story: Story, built: &Built, manner: Manner, pictures: Option<&Path>) -> Result<()> {
    let summary = play(story, built, manner, Then { stays: !manner.exit, pictures }).await?;
    if manner.json {
        crate::print(&serde_json::to_string(&summary)?);
    }
    Ok(())
}

/// All stories, one after the other: one that fails does not keep the others from being shown.
async fn all(built: &Built, manner: Manner, pictures: Option<&Path>) -> Result<()> {
    let mut summary = Summary::default();
    let mut failed = Vec::new();
    for story in Story::ALL {
        manner.show(&format!("\n=== {} ===", story.name()));
        match play(story, built, manner, Then { stays: false, pictures }).await {
            Ok(shown) => summary.add(shown),
            Err(error) => failed.push(format!("{}: {error:#}", story.name())),
        }
    }
    manner.show("");
    summary.show(manner);
    failed.iter().for_each(|reason| crate::say(reason));
    crate::print(&serde_json::to_string(&summary)?);
    ensure!(
        failed.is_empty(),
        "{} of {} stories did not end as they should: see above",
        failed.len(),
        Story::ALL.len()
    );
    Ok(())
}

/// Plays a story; whatever comes of it, and whoever interrupts it, no child outlives this.
async fn play(story: Story, built: &Built, manner: Manner, then: Then<'_>) -> Result<Summary> {
    let stage = Stage::new(built, story)?;
    let mut children = Children::default();
    let ended = tokio::select! {
        ended = tell(story, &stage, manner, then, &mut children) => ended,
        stopped = asked_to_stop() => stopped.and_then(|()| bail!("interrupted before everything was shown")),
    };
    children.end().await;
    ended
}

async fn tell(
    story: Story,
    stage: &Stage<'_>,
    manner: Manner,
    then: Then<'_>,
    children: &mut Children,
) -> Result<Summary> {
    let began = Instant::now();
    let Told { host, systems, mut complaints } = story.tell(stage, manner, children).await?;
    complaints.extend(systems.iter().flat_map(told::System::complaints));
    complaints.iter().for_each(|complaint| crate::say(&format!("  {complaint}")));
    ensure!(complaints.is_empty(), "it did not end as it should: {} complaints above", complaints.len());
    let wall_ms = began.elapsed().as_millis();
    if let Some(folder) = then.pictures {
        let drawn = picture::draw(&format!("cargo xtask demo {}", story.name()), &host.all_runs().await?)?;
        let file = example::write(folder, &format!("{}.svg", story.name()), &drawn)?;
        manner.show(&format!("what happened is drawn in {}", file.display()));
    }
    if then.stays {
        stay(&host, manner, children).await?;
    }
    Ok(Summary::of(systems, children.kills(), wall_ms))
}

/// Stays up until it is interrupted, or a program ends by itself.
async fn stay(host: &host::Host, manner: Manner, children: &mut Children) -> Result<()> {
    manner.show("");
    manner.show("everything stays up until Ctrl-C; look around in another terminal:");
    for command in ["run list", "delivery list", "connector list", "connection list"] {
        manner.show(&format!("  {}", host.typed(command)));
    }
    tokio::select! {
        stopped = asked_to_stop() => stopped,
        ended = children.one_ended() => ended,
    }
}

/// Waits for Ctrl-C, SIGTERM or a terminal that is closed.
async fn asked_to_stop() -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("no signal can be waited for")?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
    Ok(())
}
