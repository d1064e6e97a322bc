//! The proof from outside: a host is killed over and over, and what was acknowledged is compared with what arrived.
//! First the harness shows that it can fail. What is done and judged is in `tests/src/torture`; here it is built and
//! started.

use std::collections::{BTreeMap, hash_map::RandomState};
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use sluse_guest_build::{Choice, Workspace};

use crate::{guests, programs};

/// Kills of the short form, and of each proof that it can fail.
const SHORT_KILLS: u64 = 240;
const SABOTAGED_KILLS: u64 = 30;

/// The same where a kill has to come between a file's name and the end of its delivery, which few do.
const FORGETTING_KILLS: u64 = 120;

/// The short form fails the disk so often at least, where it can. It tries some 28 times, and most of them come to pass.
const MIN_DISK_FAULTS: u64 = 5;

/// How long the long form goes on.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Goal {
    /// Kills, over all runs: what earlier ones counted is added.
    #[arg(long, default_value_t = 10_000)]
    kills: u64,
    /// Acknowledged submissions, over all runs.
    #[arg(long, default_value_t = 1_000_000)]
    submissions: u64,
    /// Ends after so many minutes, to be resumed by the next run.
    #[arg(long)]
    minutes: Option<u64>,
    /// Where chance begins; another one each time when there is none. What is found is told with its seed.
    #[arg(long)]
    seed: Option<u64>,
    /// The short form, as `cargo xtask test` runs it: first the proof that it can fail, then 240 kills.
    #[arg(long, conflicts_with_all = ["kills", "submissions", "minutes"])]
    short: bool,
}

/// What the short form has shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    /// That each sabotage is found, and that nothing else is.
    pub(crate) checks: u64,
    /// What could not be done on this machine.
    pub(crate) left_out: u64,
}

/// What is needed.
struct Built {
    torture: PathBuf,
    sluse: PathBuf,
    courier: PathBuf,
    folder: PathBuf,
}

/// The short form, or the long one, which goes on where the run before ended, until the sums are reached.
///
/// # Errors
/// When there are findings; when something does not build.
pub(crate) fn run(goal: Goal) -> Result<()> {
    if goal.short {
        return short(goal.seed).map(drop);
    }
    let built = build()?;
    let folder = built.folder.join("long");
    let mut command = built.command(&built.sluse, &folder, goal.kills, goal.seed.unwrap_or_else(any_seed))?;
    command.args(["--resume", "--submissions", &goal.submissions.to_string()]);
    command.args(goal.minutes.map(|minutes| format!("--minutes={minutes}")));
    let told = tell(command)?;
    crate::print(&told.line);
    crate::say(&format!("the sums are kept in `{}`; remove the folder to begin anew", folder.display()));
    ensure!(told.is_clean(), "the host did not keep what it promised: see `findings` above");
    Ok(())
}

/// The short form.
///
/// # Errors
/// As the long form; and when a sabotage is not found.
pub(crate) fn short(seed: Option<u64>) -> Result<Shown> {
    let seed = seed.unwrap_or_else(any_seed);
    let built = build()?;
    let sabotaged = build_sabotaged()?;
    let early = built.sabotaged(&sabotaged, "acknowledge-early", SABOTAGED_KILLS, seed)?;
    ensure!(early.lost > 0, "the host acknowledged before it committed, and nothing was found to be lost");
    let skipped = built.sabotaged(&sabotaged, "skip-intent", SABOTAGED_KILLS, seed)?;
    ensure!(skipped.duplicated > 0, "the host forgot what it had sent, and nothing was found to have happened twice");
    let published = built.sabotaged(&sabotaged, "forget-publications", FORGETTING_KILLS, seed)?;
    ensure!(published.duplicated > 0, "the host forgot what it had published, and no file was found twice");
    let numbered = built.sabotaged(&sabotaged, "forget-numbers", SABOTAGED_KILLS, seed)?;
    ensure!(numbered.lost > 0, "the host reserved other numbers at each attempt, and nobody found that out");
    let mut command = built.command(&built.sluse, &built.folder.join("short"), SHORT_KILLS, seed)?;
    // The ordinary program does not know the switch.
    command.args(["--sabotage", "acknowledge-early"]);
    let told = tell(command)?;
    crate::say(&told.line);
    ensure!(told.is_clean(), "the host did not keep what it promised: see `findings` above");
    ensure!(told.parcels.contains_key("succeeded"), "nothing was found by a poll, so nothing was shown of feeds");
    ensure!(told.stood_for > 0, "no run stood for one that had failed, so nothing was shown of that");
    ensure!(told.kills >= SHORT_KILLS, "{} kills are fewer than {SHORT_KILLS}", told.kills);
    match &told.without_strace {
        Some(lacking) => crate::say(&format!("NOT DONE: kills at each system call, and a disk that fails. {lacking}")),
        None => {
            let faults = told.disk_faults();
            ensure!(faults >= MIN_DISK_FAULTS, "the disk has failed {faults} times: fewer than {MIN_DISK_FAULTS}");
        }
    }
    Ok(Shown { checks: 5, left_out: u64::from(told.without_strace.is_some()) })
}

fn build() -> Result<Built> {
    let components = guests::build(&["courier".to_owned()], Choice::Auto)?;
    let courier = components.first().context("the courier was built just now")?.path.clone();
    let binaries = programs::build_binaries()?;
    let guests = Workspace::read(programs::root())?.folder;
    let folder = guests.parent().context("the guests' folder stands alone")?.join("torture");
    Ok(Built { torture: binaries.torture, sluse: binaries.sluse, courier, folder })
}

/// A program that breaks its promises, in a file of its own. The example brings what tests need into the selection
/// of features, as it does for all that is built here.
fn build_sabotaged() -> Result<PathBuf> {
    programs::build(&["--bin=sluse-sabotaged", "--example=throughput", "--features=sluse-cli/sabotage"])?
        .find("sluse-sabotaged")
}

impl Built {
    fn command(&self, sluse: &Path, folder: &Path, kills: u64, seed: u64) -> Result<Command> {
        std::fs::create_dir_all(folder).with_context(|| format!("failed to make `{}`", folder.display()))?;
        let mut command = Command::new(&self.torture);
        command.arg("--sluse").arg(sluse).arg("--courier").arg(&self.courier).arg("--folder").arg(folder);
        command.args(["--kills", &kills.to_string(), "--seed", &seed.to_string()]);
        Ok(command)
    }

    fn sabotaged(&self, program: &Path, what: &str, kills: u64, seed: u64) -> Result<Told> {
        let folder = self.folder.join(what);
        let mut command = self.command(program, &folder, kills, seed)?;
        command.args(["--sabotage", what]);
        let told = tell(command)?;
        crate::say(&format!("{what}: {} lost, {} duplicated, as it has to be", told.lost, told.duplicated));
        std::fs::remove_dir_all(&folder).with_context(|| format!("failed to remove `{}`", folder.display()))?;
        Ok(told)
    }
}

/// What the harness has counted.
#[derive(Debug, Deserialize)]
struct Told {
    kills: u64,
    lost: u64,
    duplicated: u64,
    stuck: u64,
    unfounded: u64,
    survived: u64,
    stood_for: u64,
    parcels: BTreeMap<String, u64>,
    met: BTreeMap<String, u64>,
    without_strace: Option<String>,
    #[serde(skip)]
    line: String,
}

impl Told {
    fn is_clean(&self) -> bool {
        [self.lost, self.duplicated, self.stuck, self.unfounded, self.survived].iter().all(|count| *count == 0)
    }

    /// How often the disk has failed a host.
    fn disk_faults(&self) -> u64 {
        let of_the_disk = |what: &str| what.starts_with("broken-disk") || what.starts_with("full-disk");
        self.met.iter().filter(|(what, _)| of_the_disk(what)).map(|(_, count)| count).sum()
    }
}

/// Runs it, and reads its last line. Its exit code says no more than that line.
fn tell(mut command: Command) -> Result<Told> {
    let told = programs::told(&command);
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("failed to start `{told}`"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let Some(line) = text.lines().last() else { bail!("`{told}` failed ({}): see above", output.status) };
    let counted: Told = serde_json::from_str(line).with_context(|| format!("`{told}` said `{line}`"))?;
    Ok(Told { line: line.to_owned(), ..counted })
}

/// Another one each time.
fn any_seed() -> u64 {
    RandomState::new().build_hasher().finish() >> 1
}
