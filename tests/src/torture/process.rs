//! One life of a host: from its start to whatever ends it.

use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use super::faults::{self, Fault};

/// A host that neither serves nor ends within this time hangs. Far more than it needs, also where others work beside.
const START_WITHIN: Duration = Duration::from_secs(60);

/// Names to a sabotaged program what it does wrong. The ordinary one does not know it.
const SABOTAGE: &str = "SLUSE_SABOTAGE";

/// Where a host lives: its program, its settings and its data.
#[derive(Debug, Clone)]
pub(super) struct Home {
    program: PathBuf,
    folder: PathBuf,
    /// What a sabotaged program does wrong.
    sabotage: Option<String>,
}

/// A host that serves.
#[derive(Debug)]
pub(super) struct Life {
    child: Child,
    /// Where it serves.
    pub(super) place: Place,
    /// From the start of its process until it served.
    pub(super) started_in: Duration,
}

/// Where a host serves, and what opens it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) address: String,
    /// Where it takes callbacks.
    pub(super) callbacks: String,
    pub(super) token: String,
}

/// What became of a start.
#[derive(Debug)]
pub(super) enum Started {
    Serves(Box<Life>),
    /// It ended before it served.
    Ended(ExitStatus),
}

impl Home {
    /// A home in an empty folder.
    pub(super) fn new(program: &Path, folder: &Path, sabotage: Option<String>) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        // As strace names the files in it.
        let folder = folder.canonicalize()?;
        // The shortest lease that there is, so that a suspended host loses its own.
        let home = Self { program: program.to_owned(), folder, sabotage };
        std::fs::create_dir_all(home.out())?;
        let settings = format!(
            "[egress]\nhosts = [\"127.0.0.1\"]\ncidrs = [\"127.0.0.0/8\"]\nfolders = [\"{}\"]\n\
             [engine]\nlease_seconds = 5\n[callbacks]\nlisten = \"127.0.0.1:0\"\n",
            home.out().display()
        );
        std::fs::write(home.folder.join("sluse.toml"), settings)?;
        Ok(home)
    }

    /// The same home, where the program does nothing wrong.
    pub(super) fn at_peace(&self) -> Self {
        Self { sabotage: None, ..self.clone() }
    }

    /// Starts a process, and does not wait for it.
    pub(super) fn spawn(&self, fault: Option<&Fault>) -> anyhow::Result<Child> {
        let mut command = match fault {
            Some(fault) => fault.command(&self.program, &self.data(), &self.strace_path()),
            None => std::process::Command::new(&self.program),
        };
        command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--config"]).arg(self.folder.join("sluse.toml"));
        command.arg("--data").arg(self.data()).env("RUST_LOG", "warn");
        command.env_remove(SABOTAGE).envs(self.sabotage.as_ref().map(|what| (SABOTAGE, what)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(self.log()?);
        Command::from(command).kill_on_drop(true).spawn().context("failed to start the host")
    }

    /// Starts a host, and waits until it serves or has ended.
    pub(super) async fn start(&self, fault: Option<&Fault>) -> anyhow::Result<Started> {
        let began = Instant::now();
        let mut child = self.spawn(fault)?;
        let stdout = child.stdout.take().context("standard output was asked for")?;
        let mut lines = BufReader::new(stdout).lines();
        let Ok(first) = timeout(START_WITHIN, lines.next_line()).await else {
            bail!("the host did not serve within {} s: see `{}`", START_WITHIN.as_secs(), self.log_path().display());
        };
        let Some(first) = first? else { return Ok(Started::Ended(child.wait().await?)) };
        let started_in = began.elapsed();
        let ready: Value = serde_json::from_str(&first)?;
        let address = |name: &str| {
            let url = ready[name].as_str().and_then(|url| url.strip_prefix("http://"));
            url.map(str::to_owned).with_context(|| format!("no `{name}`"))
        };
        let (address, callbacks) = (address("url")?, address("callbacks_url")?);
        let token = std::fs::read_to_string(self.data().join("first-token"))?.trim().to_owned();
        let place = Place { address, callbacks, token };
        Ok(Started::Serves(Box::new(Life { child, place, started_in })))
    }

    /// The files of which calls were made to fail in this life.
    pub(super) fn failed_files(&self) -> anyhow::Result<Vec<String>> {
        let told = std::fs::read(self.strace_path()).context("strace has told nothing")?;
        Ok(faults::failed_files(&String::from_utf8_lossy(&told)))
    }

    /// The folder that it publishes files into.
    pub(super) fn out(&self) -> PathBuf {
        self.folder.join("out")
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// What strace did, in the last life that it traced.
    fn strace_path(&self) -> PathBuf {
        self.folder.join("strace.out")
    }

    /// What the host logged, in all of its lives.
    pub(super) fn log_path(&self) -> PathBuf {
        self.folder.join("host.log")
    }

    fn log(&self) -> anyhow::Result<File> {
        Ok(OpenOptions::new().append(true).create(true).open(self.log_path())?)
    }
}

impl Life {
    pub(super) fn process(&self) -> Option<Pid> {
        process(&self.child)
    }

    /// Ends it without any warning, and waits until the system has closed what it held.
    pub(super) async fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("failed to kill the host")
    }

    /// Ends when it has ended by itself, or its time is over.
    pub(super) async fn ended_within(&mut self, limit: Duration) -> anyhow::Result<Option<ExitStatus>> {
        match timeout(limit, self.child.wait()).await {
            Ok(status) => Ok(Some(status?)),
            Err(_) => Ok(None),
        }
    }

    /// Stops its clock for some time, and lets it go on.
    pub(super) async fn suspend(&self, pause: Duration) -> anyhow::Result<()> {
        let process = self.process().context("the host has ended")?;
        kill_process(process, Signal::STOP)?;
        tokio::time::sleep(pause).await;
        Ok(kill_process(process, Signal::CONT)?)
    }
}

/// The process of a child that has not been waited for.
pub(super) fn process(child: &Child) -> Option<Pid> {
    child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
}
