//! What things cost, measured against what they would cost without the host. Prints what was measured, also when
//! it disappoints; docs/benchmarks.md keeps the figures with the machine that they came from.

use crate::{guests, programs};
use anyhow::Result;
use clap::ValueEnum;
use sluse_guest_build::Choice;
use std::process::Command;

/// Something that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bench {
    /// One call in a fresh instance, against bare wasmtime.
    Sandbox,
    /// Durable deliveries over HTTP, against a plain loop; and memory.
    Deliver,
    /// What the host adds for somebody who waits for the answer of one operation, over asking the target.
    Call,
    /// Fifty connections of which one hangs, against fifty that are well.
    Neighbours,
    /// A million deliveries that wait: claims, a start and a recovery with them.
    Backlog,
}

/// Measures these; all of them when there are none.
///
/// # Errors
/// When something does not build or does not run.
pub(crate) fn run(benches: &[Bench]) -> Result<()> {
    let guests = guests::build(&["echo".to_owned()], Choice::Auto)?;
    crate::say("building what measures, optimised (a first build takes a quarter of an hour on two cores)");
    let built = programs::build(&[
        "--release",
        "--bin=sluse",
        "--example=call-cost",
        "--bench=deliver",
        "--bench=backlog",
        "--features=sluse-sandbox/measure",
    ])?;
    let wanted = |bench: Bench| benches.is_empty() || benches.contains(&bench);
    if wanted(Bench::Sandbox) {
        crate::say("sandbox: a fresh instance and one call");
        let mut command = Command::new(built.find("call-cost")?);
        command.args(guests.iter().map(|guest| &guest.path));
        measure(command)?;
    }
    if wanted(Bench::Deliver) {
        crate::say("deliver: durable deliveries over HTTP, and memory");
        let mut command = Command::new(built.find("deliver")?);
        command.arg("--bench");
        measure(command)?;
    }
    if wanted(Bench::Call) {
        crate::say("call: one operation with somebody who waits, against the target alone");
        let mut command = Command::new(built.find("deliver")?);
        command.args(["--bench", "call"]);
        measure(command)?;
    }
    if wanted(Bench::Neighbours) {
        crate::say("neighbours: fifty connections, of which one hangs");
        let mut command = Command::new(built.find("deliver")?);
        command.args(["--bench", "neighbours"]);
        measure(command)?;
    }
    if wanted(Bench::Backlog) {
        crate::say("backlog: a hundred thousand and a million deliveries that wait (some minutes)");
        let mut command = Command::new(built.find("backlog")?);
        command.arg("--bench");
        measure(command)?;
    }
    Ok(())
}

fn measure(mut command: Command) -> Result<()> {
    command.current_dir(programs::root());
    programs::succeed(command, "see the messages above; close what else is running on this machine and try again")
}
