//! What things cost, measured against what they would cost without the host. Prints what was measured, also when
//! it disappoints; docs/benchmarks.md keeps the figures with the machine that they came from.

use crate::programs::{cargo, succeed};
use crate::{guests, toolchain};
use anyhow::Result;
use clap::ValueEnum;

/// Something that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bench {
    /// One call in a fresh instance, against bare wasmtime.
    Sandbox,
    /// Durable deliveries over HTTP, against a plain loop; and memory.
    Deliver,
}

/// Measures these; all of them when there are none.
///
/// # Errors
/// When something does not build or does not run.
pub(crate) fn run(benches: &[Bench]) -> Result<()> {
    crate::say("building the guest that is called");
    let guests = guests::build(&["echo".to_owned()], toolchain::Choice::Auto)?;
    let wanted = |bench: Bench| benches.is_empty() || benches.contains(&bench);
    let fix = "see the messages above; close what else is running on this machine and try again";
    if wanted(Bench::Sandbox) {
        crate::say("sandbox: a fresh instance and one call (a first release build takes minutes)");
        let mut command = cargo();
        command.args(["run", "--release", "--package", "sluse-sandbox", "--features", "measure"]);
        command.args(["--example", "call-cost", "--"]).args(guests.iter().map(|guest| &guest.path));
        succeed(command, fix)?;
    }
    if wanted(Bench::Deliver) {
        crate::say("deliver: durable deliveries over HTTP (a first release build takes minutes)");
        let mut command = cargo();
        command.args(["bench", "--package", "sluse-tests", "--bench", "deliver"]);
        succeed(command, fix)?;
    }
    Ok(())
}
