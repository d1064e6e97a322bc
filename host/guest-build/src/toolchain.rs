//! Which compiler builds the guests, and how it comes to have their target.
//!
//! Three ways, in this order: the active toolchain has the target; rustup adds it; on Debian the
//! distribution's compiler for the web builds the standard library along with the guest. The last needs
//! no server but the distribution's.

use crate::Say;
use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What guests are compiled for.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// The distribution's packages: compiler, cargo, the sources of the standard library, LLVM's tools.
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm"];

/// The linker that the distribution's compiler calls for WebAssembly.
const LINKER: &str = "/usr/bin/rust-lld";

/// Which way to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Choice {
    /// The active toolchain, else rustup, else the distribution.
    #[default]
    Auto,
    /// The active toolchain; rustup adds the target when it is missing.
    Rustup,
    /// The distribution's compiler for the web.
    Debian,
}

/// A compiler that is ready to build guests.
#[derive(Debug, Clone)]
pub struct Toolchain {
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Active,
    Debian,
}

impl Toolchain {
    /// Makes a toolchain ready, and says what it does.
    ///
    /// # Errors
    /// What is missing, and the command that brings it.
    pub fn prepare(choice: Choice, say: Say<'_>) -> Result<Self> {
        match choice {
            Choice::Rustup => active(say),
            Choice::Debian => debian(say),
            Choice::Auto => active(say).or_else(|no_active| {
                say(&format!("the active toolchain will not do: {no_active:#}"));
                debian(say)
                    .map_err(|no_debian| no_debian.context(format!("neither does the active toolchain: {no_active:#}")))
            }),
        }
    }

    /// The folder of its own that its build products go to, within the guests' folder. Two compilers in one
    /// folder would undo each other's work.
    pub(crate) fn folder(&self) -> &'static str {
        match self.kind {
            Kind::Active => "rustup",
            Kind::Debian => "debian",
        }
    }

    /// `cargo rustc` for the guests' target.
    pub(crate) fn cargo_rustc(&self) -> Command {
        match self.kind {
            Kind::Active => {
                let mut command = Command::new(active_cargo());
                command.args(["rustc", "--target", TARGET]);
                command
            }
            Kind::Debian => {
                let mut command = Command::new("/usr/bin/cargo");
                // The wrapper that runs us may have named its own compiler.
                command.env_remove("RUSTUP_TOOLCHAIN").env("RUSTC", "/usr/bin/rustc").env("RUSTC_BOOTSTRAP", "1");
                command.args(["rustc", "--target", TARGET, "-Zbuild-std=std,panic_abort"]);
                command
            }
        }
    }
}

/// The cargo that runs us, so that the guests get the compiler that the caller chose.
fn active_cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn active(say: Say<'_>) -> Result<Toolchain> {
    if has_target()? {
        say(&format!("the active toolchain has {TARGET}"));
        return Ok(Toolchain { kind: Kind::Active });
    }
    say(&format!("the active toolchain lacks {TARGET}; adding it: rustup target add {TARGET}"));
    let added = Command::new("rustup").args(["target", "add", TARGET]).status();
    let fix = format!(
        "run `rustup target add {TARGET}` where a toolchain server can be reached, or use `--toolchain debian`"
    );
    let status = added.with_context(|| format!("failed to run rustup: {fix}"))?;
    ensure!(status.success(), "rustup could not add the target ({status}): {fix}");
    ensure!(has_target()?, "rustup added {TARGET} to another toolchain than the active one: {fix}");
    Ok(Toolchain { kind: Kind::Active })
}

/// The active compiler has a standard library for the guests' target.
fn has_target() -> Result<bool> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .stderr(Stdio::inherit())
        .output()
        .context("failed to run rustc: install Rust, see https://rustup.rs")?;
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    Ok(output.status.success() && folder.is_dir())
}

fn debian(say: Say<'_>) -> Result<Toolchain> {
    let missing = missing_packages()?;
    if missing.is_empty() {
        say(&format!("the distribution's {} are installed", DEBIAN_PACKAGES.join(", ")));
    } else {
        install(&missing, say)?;
    }
    if let Some(linker) = missing_linker() {
        install(&[&linker], say)?;
    }
    for program in ["/usr/bin/cargo", "/usr/bin/rustc", LINKER] {
        ensure!(Path::new(program).is_file(), "`{program}` is missing: {}", install_by_hand(&DEBIAN_PACKAGES));
    }
    say("it has no standard library for guests: building one along with the first guest, about a minute");
    say("the library's own dependencies come from where the guests' dependencies come from");
    Ok(Toolchain { kind: Kind::Debian })
}

/// The package of the linker, when the packages above left it out: they bring a link to `lld-22` or its
/// like, which is a package of that name, and do not depend on it.
fn missing_linker() -> Option<String> {
    if Path::new(LINKER).exists() {
        return None;
    }
    let package = std::fs::read_link(LINKER).ok()?;
    Some(package.file_name()?.to_string_lossy().into_owned())
}

fn missing_packages() -> Result<Vec<&'static str>> {
    let mut missing = Vec::new();
    for package in DEBIAN_PACKAGES {
        let output =
            Command::new("dpkg-query").args(["--show", "--showformat=${db:Status-Status}", package]).output().context(
                "failed to run dpkg-query: this way works on Debian only; install rustup and its target instead",
            )?;
        if output.stdout != b"installed" {
            missing.push(package);
        }
    }
    Ok(missing)
}

fn install(packages: &[&str], say: Say<'_>) -> Result<()> {
    let by_hand = install_by_hand(packages);
    say(&format!("running `apt-get install {}`", packages.join(" ")));
    for arguments in [vec!["update"], [&["install", "--yes", "--no-install-recommends"][..], packages].concat()] {
        let status = Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(&arguments)
            .stdout(Stdio::null())
            .status()
            .with_context(|| format!("failed to run apt-get: {by_hand}"))?;
        if !status.success() {
            bail!("`apt-get {}` failed ({status}): {by_hand}", arguments.join(" "));
        }
    }
    Ok(())
}

fn install_by_hand(packages: &[&str]) -> String {
    format!("run `sudo apt-get install {}`", packages.join(" "))
}
