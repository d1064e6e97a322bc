//! What is started from here: cargo, and the programs that it builds. Each that fails says what to do.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// Packages that are built for WebAssembly only. They stay out of what is built for this machine.
const GUESTS: [&str; 4] = ["sluse-guest-courier", "sluse-guest-echo", "sluse-guest-growth", "sluse-guest-inbox"];

/// The workspace's folder: the one that cargo runs us in. What was known when this was built may be another one,
/// when the folder was moved, or when several share what they build.
pub(crate) fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let built_in = || OsString::from(env!("CARGO_MANIFEST_DIR"));
        let xtask = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(built_in));
        xtask.parent().expect("xtask is a folder of the workspace").to_owned()
    });
    &ROOT
}

/// What cargo tells the program that it runs of its package. Build scripts that watch these would run again each time
/// that this program builds and a person does not, or the other way round, and half of the dependencies with them.
const OF_OUR_PACKAGE: [&str; 4] = ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_BIN_", "CARGO_CRATE_"];

/// The cargo that runs us, in the workspace.
pub(crate) fn cargo() -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.current_dir(root());
    for (variable, _) in std::env::vars_os() {
        if OF_OUR_PACKAGE.iter().any(|prefix| variable.to_string_lossy().starts_with(prefix)) {
            command.env_remove(&variable);
        }
    }
    command
}

/// A cargo command on everything that runs on this machine. One selection for binaries and tests: another one
/// has other features, and half of the dependencies would be built twice.
pub(crate) fn cargo_on_host(subcommand: &str) -> Command {
    let mut command = cargo();
    command.args([subcommand, "--workspace"]);
    for guest in GUESTS {
        command.args(["--exclude", guest]);
    }
    command
}

/// Runs to the end.
///
/// # Errors
/// When it cannot be started or fails, with `fix`.
pub(crate) fn succeed(mut command: Command, fix: &str) -> Result<()> {
    let told = told(&command);
    let status = command.status().with_context(|| format!("failed to start `{told}`: {fix}"))?;
    ensure!(status.success(), "`{told}` failed ({status}): {fix}");
    Ok(())
}

/// A command as somebody would type it.
pub(crate) fn told(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The workspace's programs.
#[derive(Debug, Clone)]
pub(crate) struct Binaries {
    /// The host and its command line.
    pub(crate) sluse: PathBuf,
    /// The simulated targets, by the names of their programs.
    simulated: BTreeMap<String, PathBuf>,
    /// What kills the host over and over.
    pub(crate) torture: PathBuf,
}

#[derive(Deserialize)]
struct Message {
    target: Option<MessageTarget>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct MessageTarget {
    name: String,
}

/// Builds the workspace's programs; cargo shows how far it is.
///
/// # Errors
/// When something does not compile.
pub(crate) fn build_binaries() -> Result<Binaries> {
    // Examples bring what tests need into the selection of features: without them, half of the dependencies would
    // be built once for the programs and once more for the tests.
    let built = build(&["--bins", "--examples"])?;
    Ok(Binaries {
        sluse: built.find("sluse")?,
        torture: built.find("torture")?,
        simulated: built.starting_with("simulated-"),
    })
}

impl Binaries {
    /// A simulated target: `workzone`, say.
    ///
    /// # Errors
    /// When there is none of this name.
    pub(crate) fn simulated(&self, name: &str) -> Result<PathBuf> {
        let program = self.simulated.get(&format!("simulated-{name}"));
        program.cloned().with_context(|| format!("cargo built no program `simulated-{name}`"))
    }
}

/// Executables that cargo built.
pub(crate) struct Built(Vec<Message>);

impl Built {
    /// The one of this target.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn find(&self, name: &str) -> Result<PathBuf> {
        let named = |message: &&Message| message.target.as_ref().is_some_and(|target| target.name == name);
        match self.0.iter().filter(named).find_map(|message| message.executable.clone()) {
            Some(executable) => Ok(executable),
            None => bail!("cargo built no program `{name}`: is it still a target of the workspace?"),
        }
    }

    /// Those of the targets whose names begin so.
    fn starting_with(&self, prefix: &str) -> BTreeMap<String, PathBuf> {
        let named = |message: &Message| {
            let target = message.target.as_ref().filter(|target| target.name.starts_with(prefix))?;
            Some((target.name.clone(), message.executable.clone()?))
        };
        self.0.iter().filter_map(named).collect()
    }
}

/// Builds targets of the workspace; cargo shows how far it is.
///
/// # Errors
/// When something does not compile.
pub(crate) fn build(targets: &[&str]) -> Result<Built> {
    let mut command = cargo_on_host("build");
    command.args(targets).args(["--message-format", "json-render-diagnostics"]).stdout(Stdio::piped());
    let fix = "see the messages above; Rust 1.95 and a C compiler (`sudo apt-get install build-essential`) are needed";
    let mut child = command.spawn().with_context(|| format!("failed to start cargo: {fix}"))?;
    let output = child.stdout.take().context("cargo's output is not piped")?;
    let mut messages = Vec::new();
    for line in BufReader::new(output).lines() {
        messages.extend(serde_json::from_str::<Message>(&line?));
    }
    let status = child.wait()?;
    ensure!(status.success(), "the programs do not build ({status}): {fix}");
    Ok(Built(messages))
}
