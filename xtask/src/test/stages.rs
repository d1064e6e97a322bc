//! What is run, stage by stage.

use super::count::Count;
use super::suites::Suite;
use crate::foreign::{self, Language};
use crate::guests;
use crate::programs::{self, Binaries, cargo, cargo_on_host, succeed};
use crate::tidy;
use crate::torture;
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use sluse_guest_build::{Choice, PROFILE, Workspace};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder of the connectors that are shipped.
const CONNECTORS: &str = "connectors";

/// One stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Tidy,
    Format,
    Lints,
    Guests,
    Wasip2Guest,
    Tests,
    Cases,
    Torture,
    Demo,
    DebianGuests,
    Dependencies,
}

/// What stages share.
pub(super) struct Bench {
    suites: Vec<Suite>,
    /// This program, found before anything could replace it.
    xtask: PathBuf,
    /// `<target>`.
    target: PathBuf,
    binaries: Option<Binaries>,
}

/// The stages with these suites, in order.
pub(super) fn plan(suites: &[Suite]) -> Vec<Stage> {
    let mut stages = vec![Stage::Tidy, Stage::Format, Stage::Lints, Stage::Guests];
    let with = |suite: Suite, stage: Stage| suites.contains(&suite).then_some(stage);
    stages.extend(with(Suite::Wasip2, Stage::Wasip2Guest));
    stages.extend([Stage::Tests, Stage::Cases, Stage::Torture, Stage::Demo]);
    // It puts its own components in the place of the others, so it comes after them.
    stages.extend(with(Suite::DebianToolchain, Stage::DebianGuests));
    stages.extend(with(Suite::Deny, Stage::Dependencies));
    stages
}

impl Bench {
    pub(super) fn new(suites: Vec<Suite>) -> Result<Self> {
        let guests = Workspace::read(programs::root())?.folder;
        let target = guests.parent().context("the guests' folder stands alone")?.to_owned();
        let xtask = std::env::current_exe().context("failed to find this program")?;
        Ok(Self { suites, xtask, target, binaries: None })
    }

    fn binaries(&mut self) -> Result<Binaries> {
        if self.binaries.is_none() {
            self.binaries = Some(programs::build_binaries()?);
        }
        self.binaries.clone().context("they were built just now")
    }
}

impl Stage {
    pub(super) fn title(self) -> String {
        match self {
            Self::Tidy => "tidy: the workspace and ARCHITECTURE.md say the same".into(),
            Self::Format => "format: as `cargo fmt` writes it".into(),
            Self::Lints => "lints: clippy has no complaint".into(),
            Self::Guests => "guests: connectors and test guests become components".into(),
            Self::Wasip2Guest => "wasip2: the echo guest, built for wasm32-wasip2".into(),
            Self::Tests => "tests: unit tests, promises, stories and doc tests".into(),
            Self::Cases => format!("cases: all of {CONNECTORS}/ against scripted targets"),
            Self::Torture => "torture: a host is killed over and over, and nothing is lost or doubled".into(),
            Self::Demo => "demo: the examples, end to end".into(),
            Self::DebianGuests => "debian-toolchain: the distribution's compiler builds guests, and they run".into(),
            Self::Dependencies => "deny: licences, bans and sources of dependencies".into(),
        }
    }

    pub(super) fn run(self, bench: &mut Bench) -> Result<Count> {
        match self {
            Self::Tidy => tidy::run().map(|()| Count::ONE),
            Self::Format => format(),
            Self::Lints => lints(),
            Self::Guests => build_guests(bench),
            Self::Wasip2Guest => wasip2_guest(bench),
            Self::Tests => tests(bench),
            Self::Cases => cases(bench),
            Self::Torture => {
                torture::short(None).map(|shown| Count { passed: shown.checks, failed: 0, ignored: shown.left_out })
            }
            Self::Demo => demo(bench),
            Self::DebianGuests => debian_guests(bench),
            Self::Dependencies => dependencies(bench),
        }
    }
}

fn format() -> Result<Count> {
    let mut command = cargo();
    command.args(["fmt", "--all", "--check"]);
    succeed(command, "run `cargo fmt --all`; without rustfmt, first `rustup component add rustfmt`")?;
    Ok(Count::ONE)
}

fn lints() -> Result<Count> {
    let mut command = cargo();
    command.args(["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]);
    succeed(command, "see the messages above; without clippy, run `rustup component add clippy`")?;
    Ok(Count::ONE)
}

fn build_guests(bench: &Bench) -> Result<Count> {
    let languages = [(Suite::Javascript, Language::Javascript), (Suite::Python, Language::Python)];
    let languages: Vec<Language> = languages
        .into_iter()
        .filter_map(|(suite, language)| bench.suites.contains(&suite).then_some(language))
        .collect();
    let mut components = guests::build(&[], Choice::Auto)?;
    components.extend(foreign::build(&languages)?);
    Ok(Count { passed: components.len() as u64, ..Count::default() })
}

fn wasip2_guest(bench: &Bench) -> Result<Count> {
    let fix = "the suite `wasip2` needs rustup and a server that it can reach";
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", "wasm32-wasip2"]);
    succeed(rustup, fix)?;
    let mut command = cargo();
    command.args(["build", "--package", "sluse-guest-echo", "--target", "wasm32-wasip2"]).args(PROFILE);
    command.arg("--target-dir").arg(bench.target.join("guests"));
    succeed(command, "see the messages above")?;
    Ok(Count::ONE)
}

/// Stories from outside start the programs, so these are built first.
fn tests(bench: &mut Bench) -> Result<Count> {
    bench.binaries()?;
    let mut command = test_command(bench);
    if bench.suites.contains(&Suite::Ntlm) {
        command.env("SLUSE_NTLM_PYTHON", install_spnego(bench)?);
    }
    command.arg("--no-fail-fast");
    counted(command)
}

/// `cargo test` with what the suites have built: features of a package that nothing else depends on, so that nothing
/// is built anew for them.
fn test_command(bench: &Bench) -> Command {
    let mut command = cargo_on_host("test");
    let switched = [Suite::Javascript, Suite::Python, Suite::Ntlm, Suite::Wasip2];
    for suite in switched.into_iter().filter(|suite| bench.suites.contains(suite)) {
        command.args(["--features", &format!("sluse-tests/{}", suite.name())]);
    }
    command
}

/// The interpreter that the server of `tests/ntlm` runs in, with what it needs.
fn install_spnego(bench: &Bench) -> Result<PathBuf> {
    let (sources, tools) = (programs::root().join("tests/ntlm"), bench.target.join("tools/ntlm"));
    let (requirements, installed) = (sources.join("requirements.txt"), tools.join("installed.txt"));
    let wanted = fs::read(&requirements).with_context(|| format!("failed to read `{}`", requirements.display()))?;
    if fs::read(&installed).ok().as_ref() != Some(&wanted) {
        crate::say(&format!("ntlm: installing pyspnego into `{}` (about 30 MB)", tools.display()));
        foreign::virtual_environment(&tools, &requirements)?;
        fs::write(&installed, wanted).with_context(|| format!("failed to write `{}`", installed.display()))?;
    }
    Ok(tools.join("bin/python"))
}

/// Runs `cargo test`, hands on what it says and counts it.
fn counted(mut command: Command) -> Result<Count> {
    let told = programs::told(&command);
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("failed to start `{told}`"))?;
    let output = BufReader::new(child.stdout.take().context("its output is not piped")?);
    let mut counts = Vec::new();
    for line in output.lines() {
        let line = line?;
        crate::say(&line);
        counts.extend(Count::of_line(&line));
    }
    let status = child.wait()?;
    let mut count: Count = counts.into_iter().sum();
    if !status.success() && count.failed == 0 {
        // A test that does not compile, or a process that died, has no line of its own.
        crate::say(&format!("error: `{told}` failed ({status}) without a test that failed: see above"));
        count.failed = 1;
    }
    ensure!(count.passed + count.failed > 0, "`{told}` ran no test");
    Ok(count)
}

#[derive(Deserialize)]
struct Verdicts {
    passed: u64,
    failed: u64,
    cases: Vec<CaseVerdict>,
}

#[derive(Deserialize)]
struct CaseVerdict {
    case: String,
    passed: bool,
    differences: String,
}

fn cases(bench: &mut Bench) -> Result<Count> {
    let sluse = bench.binaries()?.sluse;
    let counts = with_cases()?.iter().map(|name| cases_of(bench, &sluse, name)).collect::<Result<Vec<_>>>()?;
    Ok(counts.into_iter().sum())
}

/// The shipped connectors that have cases, by name.
fn with_cases() -> Result<Vec<String>> {
    let folder = programs::root().join(CONNECTORS);
    let entries = fs::read_dir(&folder).with_context(|| format!("failed to read `{}`", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().join("cases").is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    ensure!(!names.is_empty(), "no folder below `{}` has cases", folder.display());
    Ok(names)
}

fn cases_of(bench: &Bench, sluse: &Path, connector: &str) -> Result<Count> {
    let component = bench.target.join("guests/components").join(format!("{connector}.wasm"));
    let mut command = Command::new(sluse);
    command.current_dir(programs::root()).args(["connector", "test", &format!("{CONNECTORS}/{connector}")]);
    command.arg("--component").arg(component).arg("--json").stderr(Stdio::inherit());
    let told = programs::told(&command);
    let output = command.output().with_context(|| format!("failed to start `{told}`"))?;
    let Ok(verdicts) = serde_json::from_slice::<Verdicts>(&output.stdout) else {
        bail!("`{told}` failed ({}) and gave no verdicts: see above", output.status);
    };
    for case in verdicts.cases.iter().filter(|case| !case.passed) {
        crate::say(&format!("FAILED  {connector}/{}\n{}", case.case, case.differences));
    }
    ensure!(verdicts.passed + verdicts.failed > 0, "`{told}` found no case");
    Ok(Count { passed: verdicts.passed, failed: verdicts.failed, ignored: 0 })
}

/// What the demo has to say of itself at its end.
#[derive(Deserialize)]
struct Demonstrated {
    systems: Vec<DemonstratedSystem>,
    kills: u64,
    duplicates: u64,
}

#[derive(Deserialize)]
struct DemonstratedSystem {
    system: String,
    keys: u64,
    effects: u64,
    faults: Vec<String>,
}

/// The systems of the integration documents.
const SYSTEMS: [&str; 7] = ["workzone", "interact", "xflow", "sd-loen", "prisme", "cxone", "external-api"];

/// The demo as its readers start it, in a process of its own: its own checks decide, and it has shown what it is for.
fn demo(bench: &Bench) -> Result<Count> {
    let mut command = Command::new(&bench.xtask);
    command.args(["demo", "--exit", "--json"]).current_dir(programs::root()).stderr(Stdio::inherit());
    let output = command.output().context("failed to start the demo")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or("").to_owned();
    crate::say(&last);
    ensure!(output.status.success(), "the demo failed ({}): see above", output.status);
    judge_demo(&last)?;
    Ok(Count::ONE)
}

fn judge_demo(last: &str) -> Result<()> {
    let shown: Demonstrated = serde_json::from_str(last)
        .context("the demo's last line is not the JSON that tells of kills and duplicates")?;
    ensure!(shown.kills > 0, "the demo has killed no host");
    ensure!(shown.duplicates == 0, "the demo has made {} effects too many", shown.duplicates);
    let systems: Vec<&str> = shown.systems.iter().map(|shown| shown.system.as_str()).collect();
    let each_once = systems.len() == SYSTEMS.len() && SYSTEMS.iter().all(|system| systems.contains(system));
    ensure!(each_once, "the demo has shown {systems:?}, and there are {SYSTEMS:?}");
    for DemonstratedSystem { system, keys, effects, faults } in &shown.systems {
        ensure!(*keys > 0 && keys == effects, "{system}: {keys} keys, and {effects} effects");
        ensure!(!faults.is_empty(), "{system}: no fault was switched on");
    }
    Ok(())
}

/// The guests' tests once more, on what the distribution's compiler made.
fn debian_guests(bench: &mut Bench) -> Result<Count> {
    let components = guests::build(&[], Choice::Debian)?;
    let built = Count { passed: components.len() as u64, ..Count::default() };
    let mut command = test_command(bench);
    command.args(["--test", "guests", "--test", "toolchains"]);
    let loaded = counted(command)?;
    let judged = cases(bench)?;
    Ok([built, loaded, judged].into_iter().sum())
}

fn dependencies(bench: &Bench) -> Result<Count> {
    let tools = bench.target.join("tools");
    let deny = tools.join("bin/cargo-deny");
    if !deny.is_file() {
        crate::say(&format!("installing cargo-deny into `{}` (takes some minutes)", tools.display()));
        let mut install = cargo();
        // Without optimisation: it runs for seconds, and would be built for minutes more.
        install.args(["install", "cargo-deny", "--locked", "--debug", "--root"]).arg(&tools);
        install.arg("--target-dir").arg(tools.join("build"));
        succeed(install, "the registry must be reachable")?;
    }
    let mut command = Command::new(deny);
    command.current_dir(programs::root()).args(["check", "bans", "licenses", "sources"]);
    succeed(command, "see the messages above, and deny.toml for the reasons")?;
    Ok(Count::ONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn suites_add_stages_and_leave_the_others_in_their_order() {
        let usual = plan(&[]);
        let mut all = plan(&Suite::ALL);
        all.retain(|stage| usual.contains(stage));
        assert_eq!(all, usual);
        assert!(plan(&Suite::ALL).len() > usual.len());
    }

    /// What a demo tells that has shown these systems.
    fn told(systems: &[&str], kills: u64, duplicates: u64, (keys, effects): (u64, u64), faults: &[&str]) -> String {
        let system = |system| json!({"system": system, "keys": keys, "effects": effects, "faults": faults});
        let systems: Vec<_> = systems.iter().map(system).collect();
        json!({"systems": systems, "kills": kills, "duplicates": duplicates}).to_string()
    }

    #[test]
    fn a_demo_has_killed_a_host_and_made_nothing_twice() {
        assert!(judge_demo(&told(&SYSTEMS, 1, 0, (3, 3), &["a kill"])).is_ok());
        for last in [
            String::new(),
            r#"{"kills": 1, "duplicates": 0}"#.to_owned(),
            told(&SYSTEMS, 0, 0, (3, 3), &["a kill"]),
            told(&SYSTEMS, 1, 1, (3, 3), &["a kill"]),
            told(&SYSTEMS, 1, 0, (3, 2), &["a kill"]),
            told(&SYSTEMS, 1, 0, (0, 0), &["a kill"]),
            told(&SYSTEMS, 1, 0, (3, 3), &[]),
        ] {
            assert!(judge_demo(&last).is_err(), "{last}");
        }
    }

    #[test]
    fn a_demo_has_shown_each_system_once() {
        let mut twice = SYSTEMS;
        twice[1] = twice[0];
        for systems in [&[][..], &SYSTEMS[1..], &twice, &[&SYSTEMS[..], &["workzone"]].concat()] {
            assert!(judge_demo(&told(systems, 1, 0, (3, 3), &["a kill"])).is_err(), "{systems:?}");
        }
    }

    #[test]
    fn the_distribution_s_components_come_after_what_is_shipped_is_tested() {
        let stages = plan(&Suite::ALL);
        let place = |stage| stages.iter().position(|one| *one == stage).unwrap();
        assert!(place(Stage::DebianGuests) > place(Stage::Demo));
    }
}
