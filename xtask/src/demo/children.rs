//! The programs that run while the demo does. Each is ended by its own id, whatever happens: asked first, then
//! made to. They have process groups of their own, so that a Ctrl-C reaches us alone and the order of ending is ours.

use anyhow::{Context, Result, anyhow, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// A program on a busy machine; the host compiles nothing before it is ready.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// The host lets attempts finish for a while before it ends.
const ENDED_WITHIN: Duration = Duration::from_secs(20);

/// What is shown of a log when its program did not do as it should.
const LOG_LINES: usize = 15;

/// In the order in which they were started; they end in the other.
#[derive(Default)]
pub(super) struct Children {
    served: Vec<Served>,
    /// How many were killed.
    kills: u64,
}

struct Served {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Children {
    /// Starts a program and gives the line of JSON that it prints when it is ready.
    pub(super) async fn start(&mut self, name: &str, mut command: Command, log: &Path) -> Result<Value> {
        let file = File::create(log).with_context(|| format!("failed to create `{}`", log.display()))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file).process_group(0).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("failed to start {name}"))?;
        let stdout = child.stdout.take().context("its output is not piped")?;
        self.served.push(Served { name: name.to_owned(), child, log: log.to_owned() });
        let mut lines = BufReader::new(stdout).lines();
        let line = match timeout(READY_WITHIN, lines.next_line()).await {
            Ok(Ok(Some(line))) => line,
            Ok(_) => bail!("{name} ended before it was ready:\n{}", end_of(log)),
            Err(_) => bail!("{name} was not ready within {} s:\n{}", READY_WITHIN.as_secs(), end_of(log)),
        };
        tokio::spawn(drain(lines));
        serde_json::from_str(&line).with_context(|| format!("{name} announced itself as `{line}`, which is no JSON"))
    }

    /// Kills the one that was started last, without any warning, as a power cut would.
    pub(super) async fn kill_last(&mut self) -> Result<()> {
        let Served { name, mut child, log } = self.served.pop().context("nothing was started")?;
        child.start_kill().with_context(|| format!("{name} cannot be killed"))?;
        let status = child.wait().await?;
        ensure!(status.signal().is_some(), "{name} had ended by itself ({status}):\n{}", end_of(&log));
        self.kills += 1;
        Ok(())
    }

    /// How many were killed until now.
    pub(super) fn kills(&self) -> u64 {
        self.kills
    }

    /// Waits until one of them ends by itself, which none should.
    pub(super) async fn one_ended(&mut self) -> Result<()> {
        loop {
            for served in &mut self.served {
                if let Some(status) = served.child.try_wait()? {
                    return Err(anyhow!("{} ended by itself ({status}):\n{}", served.name, end_of(&served.log)));
                }
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Ends them all, the last one first.
    pub(super) async fn end(mut self) {
        while let Some(mut served) = self.served.pop() {
            served.end().await;
        }
    }
}

impl Served {
    async fn end(&mut self) {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        // Without an id it has ended, and its number may belong to somebody else.
        let Some(pid) = pid else { return };
        // It may have ended meanwhile, but its number is kept until it is waited for.
        if kill_process(pid, Signal::TERM).is_ok() && timeout(ENDED_WITHIN, self.child.wait()).await.is_ok() {
            return;
        }
        crate::say(&format!("{} does not end when asked; ending it", self.name));
        if let Err(error) = self.child.kill().await {
            crate::say(&format!("{} (process {}) cannot be ended: {error}", self.name, pid.as_raw_nonzero()));
        }
    }
}

/// A program whose output nobody reads would stop when the pipe is full.
async fn drain(mut lines: Lines<BufReader<ChildStdout>>) {
    while let Ok(Some(_)) = lines.next_line().await {}
}

/// The last lines of a log.
pub(super) fn end_of(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.len().saturating_sub(LOG_LINES);
    lines[last..].iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
