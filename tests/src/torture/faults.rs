//! What strace does to a life of the host: a kill at the n-th call that writes, or a disk that fails it. Calls are
//! counted for each thread, which for the store means: for the one thread that writes.

use std::{
    collections::HashMap,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The calls that write: to the database and its log, to whatever else is written, and down to the disk.
pub(super) const WRITING_CALLS: [&str; 3] = ["pwrite64", "fsync", "write"];

/// What a disk does to which call, and where. What else is written by `write` goes to no disk: sockets, wake-ups, the
/// log.
pub(super) const DISK_FAULTS: [(Effect, &str, Files); 8] = [
    (Effect::BrokenDisk, "pwrite64", Files::All),
    (Effect::FullDisk, "pwrite64", Files::All),
    (Effect::BrokenDisk, "fsync", Files::All),
    (Effect::FullDisk, "fsync", Files::All),
    (Effect::BrokenDisk, "write", Files::Attachments),
    (Effect::FullDisk, "write", Files::Attachments),
    (Effect::BrokenDisk, "fsync", Files::Attachments),
    (Effect::BrokenDisk, "fsync", Files::Database),
];

/// What the host can make again at any time: compiled code. To lose it is no loss.
const REPLACEABLE: &str = "/compiled/";

/// Something that happens to a call of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) call: &'static str,
    pub(super) effect: Effect,
    pub(super) files: Files,
    /// The first call that is hit, from 1; of attachments, the first one in its life.
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

/// Which files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Files {
    /// Whatever the call is made for.
    All,
    /// Those that came with submissions, while they are taken in.
    Attachments,
    /// The database itself, into which its log is carried over now and then.
    Database,
}

impl Files {
    /// How many of so many calls a life has for them.
    pub(super) fn of(self, calls: u64) -> u64 {
        match self {
            Self::All => calls,
            Self::Attachments => calls / 5,
            Self::Database => 1,
        }
    }
}

impl Fault {
    fn injection(&self) -> String {
        let Self { first, last, .. } = self;
        let effect = match self.effect {
            Effect::Kill => "signal=SIGKILL",
            Effect::BrokenDisk => "error=EIO",
            Effect::FullDisk => "error=ENOSPC",
        };
        let when = match self.files {
            Files::All if first == last => format!(":when={first}"),
            Files::All => format!(":when={first}..{last}"),
            // Each call for one of these.
            Files::Attachments | Files::Database => String::new(),
        };
        format!("inject={}:{effect}{when}", self.calls())
    }

    /// A database may sync in either way.
    fn calls(&self) -> &'static str {
        if self.call == "fsync" { "fsync,fdatasync" } else { self.call }
    }

    /// The files that it is confined to, if it is. Attachments are numbered in each life while they are taken in.
    fn confined_to(&self, data: &Path) -> Vec<PathBuf> {
        match self.files {
            Files::All => Vec::new(),
            Files::Attachments => {
                let incoming = data.join("contents/incoming");
                (self.first..=self.last).map(|number| incoming.join((number - 1).to_string())).collect()
            }
            Files::Database => vec![data.join("sluse.sqlite3")],
        }
    }

    /// What it is counted as, beside its effect.
    pub(super) fn name(&self) -> String {
        match self.files {
            Files::All => self.call.to_owned(),
            Files::Attachments => format!("{} of attachments", self.call),
            Files::Database => format!("{} of the database", self.call),
        }
    }

    /// Whether a host that meets it there must end: nobody knows what has become of bytes that could not be synced,
    /// and who asks again is told that all is well.
    pub(super) fn must_end(&self, file: &str) -> bool {
        (self.effect, self.call) == (Effect::BrokenDisk, "fsync") && !file.contains(REPLACEABLE)
    }

    /// A command that starts `program`, whose data is in `data`, with the fault; what strace does is told in `told`. It
    /// stays our own child: strace is the one that steps aside.
    pub(super) fn command(&self, program: &Path, data: &Path, told: &Path) -> Command {
        let mut command = Command::new("strace");
        command.args(["-D", "-f", "-qq", "-e", "signal=none", "-o"]).arg(told);
        if self.effect != Effect::Kill {
            command.arg("-y");
        }
        for file in self.confined_to(data) {
            command.arg("-P").arg(file);
        }
        let traced = format!("trace={}", self.calls());
        command.args(["-e", &traced, "-e", &self.injection()]);
        command.arg("--").arg(program);
        command
    }
}

/// The files of the calls that strace says it made fail, in this order.
pub(super) fn failed_files(told: &str) -> Vec<String> {
    // A call that is told in two parts, because something else happened meanwhile, names its file in the first one.
    let mut begun = HashMap::new();
    let mut failed = Vec::new();
    for line in told.lines() {
        let Some((thread, said)) = line.split_once(' ') else { continue };
        let said = said.trim();
        if said.ends_with("<unfinished ...>") {
            begun.insert(thread, said);
        } else if said.ends_with("(INJECTED)") {
            let call = if said.starts_with("<...") { begun.get(thread).copied().unwrap_or_default() } else { said };
            failed.push(file_of(call).to_owned());
        }
    }
    failed
}

/// As in `fsync(7</srv/data/a>) = 0`.
fn file_of(call: &str) -> &str {
    call.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(file, _)| file)
}

/// Why there is no strace that can do this here; `None` when there is.
pub(super) fn lacking() -> Option<String> {
    let fault = Fault { call: "write", effect: Effect::Kill, files: Files::All, first: 1, last: 1 };
    let mut command = fault.command(Path::new("/bin/echo"), Path::new("/"), Path::new("/dev/null"));
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
        let kill = Fault { call: "fsync", effect: Effect::Kill, files: Files::All, first: 7, last: 7 };
        assert_eq!(kill.injection(), "inject=fsync,fdatasync:signal=SIGKILL:when=7");
        let full = Fault { call: "pwrite64", effect: Effect::FullDisk, files: Files::All, first: 7, last: 20 };
        assert_eq!(full.injection(), "inject=pwrite64:error=ENOSPC:when=7..20");
        let full = Fault { call: "write", effect: Effect::FullDisk, files: Files::Attachments, first: 1, last: 2 };
        assert_eq!(full.injection(), "inject=write:error=ENOSPC");
        let files = ["/data/contents/incoming/0", "/data/contents/incoming/1"].map(PathBuf::from);
        assert_eq!(full.confined_to(Path::new("/data")), files);
    }

    #[test]
    fn only_what_was_made_to_fail_was_met() {
        let told = "12582 fsync(4</data/a-wal>)           = 0\n\
            7     fsync(5</data/incoming/3> <unfinished ...>\n\
            12582 fsync(4</data/a-wal>)           = -1 EIO (Input/output error) (INJECTED)\n\
            7     <... fsync resumed>)              = -1 EIO (Input/output error) (INJECTED)\n\
            12582 pwrite64(4</data/a-wal>, \"x\"..., 24, 0) = -1 ENOSPC (No space left on device)\n\
            12582 +++ killed by SIGABRT +++\n";
        assert_eq!(failed_files(told), ["/data/a-wal", "/data/incoming/3"]);
        assert_eq!(failed_files(""), Vec::<String>::new());
    }

    #[test]
    fn whoever_could_not_sync_must_end_unless_it_can_be_made_again() {
        let broken = |call| Fault { call, effect: Effect::BrokenDisk, files: Files::All, first: 1, last: 1 };
        assert!(broken("fsync").must_end("/data/sluse.sqlite3-wal"));
        assert!(!broken("fsync").must_end("/data/compiled/new-0123"));
        assert!(!broken("pwrite64").must_end("/data/sluse.sqlite3-wal"));
        assert!(!Fault { effect: Effect::FullDisk, ..broken("fsync") }.must_end("/data/sluse.sqlite3-wal"));
    }
}
