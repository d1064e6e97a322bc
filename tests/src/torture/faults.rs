//! What strace does to a life of the host: a kill at the n-th call that writes, or a disk that fails it. Calls are
//! counted for each thread, which for the store means: for the one thread that writes.

use std::{
    ffi::OsString,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, Stdio},
};

/// The calls that write: to the database and its log, to whatever else is written, and down to the disk.
pub(super) const WRITING_CALLS: [&str; 3] = ["pwrite64", "fsync", "write"];

/// What a disk does to which call.
pub(super) const DISK_FAULTS: [(Effect, &str); 4] = [
    (Effect::BrokenDisk, "pwrite64"),
    (Effect::FullDisk, "pwrite64"),
    (Effect::BrokenDisk, "fsync"),
    (Effect::FullDisk, "fsync"),
];

/// Something that happens to a call of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) call: &'static str,
    pub(super) effect: Effect,
    /// The first call that is hit, from 1.
    pub(super) first: u64,
    /// The last one.
    pub(super) last: u64,
}

/// What happens instead of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// The process is killed before it writes.
    Kill,
    /// The disk breaks.
    BrokenDisk,
    /// The disk is full.
    FullDisk,
}

impl Fault {
    fn injection(&self) -> String {
        let Self { call, first, last, .. } = self;
        let effect = match self.effect {
            Effect::Kill => "signal=SIGKILL",
            Effect::BrokenDisk => "error=EIO",
            Effect::FullDisk => "error=ENOSPC",
        };
        let when = if first == last { first.to_string() } else { format!("{first}..{last}") };
        format!("inject={call}:{effect}:when={when}")
    }

    /// A command that starts `program` with the fault. It stays our own child: strace is the one that steps aside.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("strace");
        let traced = format!("trace={}", self.call);
        command.args(["-D", "-f", "-qq", "-o", "/dev/null", "-e", &traced, "-e", &self.injection()]);
        command.arg("--").arg(OsString::from(program));
        command
    }
}

/// Why there is no strace that can do this here; `None` when there is.
pub(super) fn lacking() -> Option<String> {
    let fault = Fault { call: "write", effect: Effect::Kill, first: 1, last: 1 };
    let mut command = fault.command(Path::new("/bin/echo"));
    command.arg("tried").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    match command.output() {
        Ok(output) if output.status.signal() == Some(9) => None,
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().next().unwrap_or("it did not kill what it was to kill");
            Some(format!("strace is not permitted to trace here: {said}"))
        }
        Err(error) => Some(format!("strace does not start ({error}); `sudo apt-get install strace` installs it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_written_as_strace_reads_it() {
        let kill = Fault { call: "fsync", effect: Effect::Kill, first: 7, last: 7 };
        assert_eq!(kill.injection(), "inject=fsync:signal=SIGKILL:when=7");
        let full = Fault { call: "pwrite64", effect: Effect::FullDisk, first: 7, last: 20 };
        assert_eq!(full.injection(), "inject=pwrite64:error=ENOSPC:when=7..20");
    }
}
