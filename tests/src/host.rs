//! A running `sluse`, as its users have it: the real binary in a process of its own, a folder of its own, a port
//! that the system chose. It is asked over its API and its command line, and ends when it is dropped.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, bail, ensure};
use axum::body::Body;
use http::Request;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
    task::JoinHandle,
};

use crate::client::{self, Reply};

/// The program that was built beside the tests.
pub fn program() -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe().context("failed to find this test's own program")?;
    let folder = test.ancestors().nth(2).context("the test's program is in no build folder")?;
    let program = folder.join("sluse");
    ensure!(program.is_file(), "`{}` is not built: run `cargo build -p sluse-cli`", program.display());
    Ok(program)
}

/// A guest's component, by the name of its folder.
pub fn component(name: &str) -> anyhow::Result<PathBuf> {
    let program = program()?;
    let target = program.ancestors().nth(2).context("the program is in no target folder")?;
    let component = target.join("guests/components").join(format!("{name}.wasm"));
    ensure!(component.is_file(), "`{}` is not built: run `cargo xtask guests`", component.display());
    Ok(component)
}

/// How a host is started.
#[derive(Debug, Clone)]
pub struct HostOptions {
    /// The whole of `sluse.toml`.
    pub settings: String,
    /// `RUST_LOG`.
    pub log: String,
    /// A disk of this size for its data alone. It goes with the host.
    pub disk_mib: Option<u32>,
    /// A folder with a disk of its own.
    pub share: Option<Share>,
}

/// A folder with a disk of its own, as a share is mounted. It goes with the host, and its rights hold for the host also
/// where the tests run as root.
#[derive(Debug, Clone)]
pub struct Share {
    pub folder: PathBuf,
    pub size_mib: u32,
}

impl Default for HostOptions {
    /// Everything on loopback may be reached.
    fn default() -> Self {
        let settings = "[egress]\nhosts = [\"127.0.0.1\"]\ncidrs = [\"127.0.0.0/8\"]\n".into();
        Self { settings, log: "info".into(), disk_mib: None, share: None }
    }
}

/// A running host.
#[derive(Debug)]
pub struct Host {
    child: Child,
    url: String,
    token: String,
    folder: TempDir,
    options: HostOptions,
    log: Option<JoinHandle<String>>,
}

/// What a host has left.
#[derive(Debug)]
pub struct Ended {
    folder: TempDir,
    options: HostOptions,
}

impl Ended {
    /// Where its data is.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts it again on that.
    pub async fn start(self) -> anyhow::Result<Host> {
        Host::start_in(self.folder, self.options, &[]).await
    }

    /// Starts it again on that, and nothing begins until it is told to.
    pub async fn start_paused(self) -> anyhow::Result<Host> {
        Host::start_in(self.folder, self.options, &["--paused"]).await
    }
}

/// What a command of `sluse` did.
#[derive(Debug)]
pub struct Told {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Told {
    /// Standard output as JSON.
    pub fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_str(&self.stdout).with_context(|| format!("not JSON: {}{}", self.stdout, self.stderr))
    }
}

/// Asserts that it ended with this code, and said all of these on standard output or standard error.
///
/// # Panics
/// Otherwise, with all that it said.
#[track_caller]
pub fn check(told: &Told, code: i32, parts: &[&str]) {
    let said = format!("{}{}", told.stdout, told.stderr);
    assert_eq!(told.code, code, "{said}");
    for part in parts {
        assert!(said.contains(part), "`{part}` is missing in:\n{said}");
    }
}

impl Host {
    /// Starts a host and waits until it serves.
    pub async fn start(options: HostOptions) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        Self::start_in(folder, options, &[]).await
    }

    async fn start_in(folder: TempDir, options: HostOptions, more: &[&str]) -> anyhow::Result<Self> {
        let settings = folder.path().join("sluse.toml");
        std::fs::write(&settings, &options.settings)?;
        let data = folder.path().join("data");
        let mut child = on_disks(&options, &data)?
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--config"])
            .arg(&settings)
            .arg("--data")
            .arg(&data)
            .args(more)
            .env("RUST_LOG", &options.log)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("failed to start sluse")?;
        let stderr = child.stderr.take().context("standard error was asked for")?;
        let log = tokio::spawn(collect(stderr));
        let stdout = child.stdout.take().context("standard output was asked for")?;
        let mut lines = BufReader::new(stdout).lines();
        let Some(first) = lines.next_line().await? else {
            bail!("sluse ended before it served: {}", log.await?);
        };
        let ready: Value = serde_json::from_str(&first)?;
        let url = ready["url"].as_str().context("no url")?.to_owned();
        let mut host = Self { child, url, token: String::new(), folder, options, log: Some(log) };
        host.token = std::fs::read_to_string(host.data().join("first-token"))?.trim().to_owned();
        Ok(host)
    }

    /// Where it serves.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The first token, which may do everything.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The id of its process.
    pub fn process_id(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// Where its data is. What is on a disk of its own is seen through the process that has it.
    pub fn data(&self) -> PathBuf {
        let data = self.folder.path().join("data");
        match self.options.disk_mib {
            Some(_) => PathBuf::from(format!("/proc/{}/root{}", self.process_id(), data.display())),
            None => data,
        }
    }

    /// Its share, seen through the process that has it.
    pub fn share(&self) -> anyhow::Result<PathBuf> {
        let share = self.options.share.as_ref().context("it was started without a share")?;
        Ok(PathBuf::from(format!("/proc/{}/root{}", self.process_id(), share.folder.display())))
    }

    /// Takes its share away, with everything in it.
    pub async fn unmount_share(&self) -> anyhow::Result<()> {
        self.in_its_mounts("umount --lazy \"$1\"").await
    }

    /// Mounts an empty share again.
    pub async fn mount_share(&self) -> anyhow::Result<()> {
        self.in_its_mounts("mount -t tmpfs -o \"mode=755,size=$2m\" none \"$1\"").await
    }

    async fn in_its_mounts(&self, script: &str) -> anyhow::Result<()> {
        let share = self.options.share.as_ref().context("it was started without a share")?;
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.process_id().to_string(), "--user", "--mount", "--preserve-credentials"]);
        command.args(["sh", "-c", script, "sh"]).arg(&share.folder).arg(share.size_mib.to_string());
        let status = command.status().await?;
        ensure!(status.success(), "`{script}` in the mounts of sluse ended with {status}");
        Ok(())
    }

    /// Runs a command of `sluse` against it.
    pub async fn sluse(&self, arguments: &[&str], input: Option<&[u8]>) -> anyhow::Result<Told> {
        let mut command = self.command(arguments)?;
        command.arg("--json");
        run(command, input).await
    }

    /// Runs a command of `sluse` against it that prints for people.
    pub async fn sluse_for_people(&self, arguments: &[&str]) -> anyhow::Result<Told> {
        run(self.command(arguments)?, None).await
    }

    fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new(program()?);
        command.args(arguments).args(["--url", &self.url, "--token-file"]);
        command.arg(self.data().join("first-token")).arg("--config").arg(self.folder.path().join("sluse.toml"));
        Ok(command)
    }

    /// Runs a command that has to succeed, and gives what it printed.
    pub async fn done(&self, arguments: &[&str], input: Option<&[u8]>) -> anyhow::Result<Value> {
        let told = self.sluse(arguments, input).await?;
        ensure!(told.code == 0, "`sluse {}` exited with {}: {}", arguments.join(" "), told.code, told.stderr);
        if told.stdout.trim().is_empty() { Ok(Value::Null) } else { told.json() }
    }

    /// Sends a request to its API with the first token.
    pub async fn api(&self, method: &str, path: &str, content_type: &str, body: Body) -> anyhow::Result<Reply> {
        self.api_as(Some(&self.token), method, path, content_type, body).await
    }

    /// Sends a request to its API with another token, or none.
    pub async fn api_as(
        &self,
        token: Option<&str>,
        method: &str,
        path: &str,
        content_type: &str,
        body: Body,
    ) -> anyhow::Result<Reply> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        client::send(request.body(body)?).await
    }

    /// Sends JSON to its API.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Reply> {
        self.api("POST", path, "application/json", Body::from(body.to_string())).await
    }

    /// Hands it the component of one of our guests, which is active from then on.
    pub async fn install(&self, guest: &str) -> anyhow::Result<()> {
        let component = component(guest)?;
        let component = component.to_str().context("a path of ours is text")?;
        self.done(&["connector", "install", component], None).await.map(drop)
    }

    /// Applies a file of connections and flows.
    pub async fn apply(&self, text: &str) -> anyhow::Result<()> {
        let files = serde_json::json!({"files": [{"name": "applied.toml", "text": text}]});
        let applied = self.post("/v1/configuration", &files).await?;
        ensure!(applied.status == 200, "not applied: {}", applied.text());
        Ok(())
    }

    /// Reads from its API.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let reply = self.api("GET", path, "", Body::empty()).await?;
        ensure!(reply.status.is_success(), "GET {path}: {} {}", reply.status, reply.text());
        reply.json()
    }

    /// Asks it to stop, and gives what it logged.
    pub async fn stop(mut self) -> anyhow::Result<String> {
        self.end().await
    }

    /// Asks it to stop, and does not wait until it has.
    pub async fn ask_to_stop(&self) -> anyhow::Result<()> {
        signal(self.process_id(), "TERM").await
    }

    async fn end(&mut self) -> anyhow::Result<String> {
        self.ask_to_stop().await?;
        let status = self.child.wait().await?;
        ensure!(status.success(), "sluse ended with {status}");
        self.logged().await
    }

    /// Ends it without any warning, as a power cut would, and starts it again on what it left.
    pub async fn kill_and_restart(self) -> anyhow::Result<Self> {
        self.kill().await?.start().await
    }

    /// Ends it without any warning, as a power cut would.
    pub async fn kill(mut self) -> anyhow::Result<Ended> {
        self.child.kill().await?;
        Ok(Ended { folder: self.folder, options: self.options })
    }

    /// Asks it to stop, and starts it again on what it left. Gives what it logged as well.
    pub async fn stop_and_restart(mut self) -> anyhow::Result<(Self, String)> {
        let log = self.end().await?;
        let ended = Ended { folder: self.folder, options: self.options };
        Ok((ended.start().await?, log))
    }

    async fn logged(&mut self) -> anyhow::Result<String> {
        match self.log.take() {
            Some(log) => Ok(log.await?),
            None => Ok(String::new()),
        }
    }
}

/// `sluse`, with disks of its own where some are asked for: in memory, and mounted where only it sees them.
fn on_disks(options: &HostOptions, data: &Path) -> anyhow::Result<Command> {
    let of_data = options.disk_mib.map(|size_mib| (data, size_mib, "700"));
    let of_share = options.share.as_ref().map(|share| (share.folder.as_path(), share.size_mib, "755"));
    let mut disks = of_data.into_iter().chain(of_share).peekable();
    if disks.peek().is_none() {
        return Ok(Command::new(program()?));
    }
    let mut command = Command::new("unshare");
    let mount = "while [ \"$1\" != -- ]; do mount -t tmpfs -o \"mode=$1,size=$2m\" none \"$3\" || exit 1; shift 3; done; \
                 shift && exec setpriv --bounding-set=-dac_override,-dac_read_search \"$@\"";
    command.args(["--map-root-user", "--mount", "sh", "-c", mount, "sh"]);
    for (folder, size_mib, mode) in disks {
        std::fs::create_dir_all(folder)?;
        command.args([mode, &size_mib.to_string()]).arg(folder);
    }
    command.arg("--").arg(program()?);
    Ok(command)
}

/// Runs a command of `sluse` that needs no host.
pub async fn sluse(arguments: &[&str]) -> anyhow::Result<Told> {
    let mut command = Command::new(program()?);
    command.args(arguments);
    run(command, None).await
}

async fn run(mut command: Command, input: Option<&[u8]>) -> anyhow::Result<Told> {
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut child = command
        .env_remove("SLUSE_TOKEN")
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
        stdin.write_all(input).await?;
    }
    let output = child.wait_with_output().await?;
    Ok(Told {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

async fn collect(mut stream: impl tokio::io::AsyncRead + Unpin) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn signal(process_id: u32, name: &str) -> anyhow::Result<()> {
    let status = Command::new("kill").arg(format!("-{name}")).arg(process_id.to_string()).status().await?;
    ensure!(status.success(), "failed to send SIG{name} to process {process_id}");
    Ok(())
}

/// The resident set of a process, in bytes.
pub fn resident_bytes(process_id: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(Path::new("/proc").join(process_id.to_string()).join("status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kib: u64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
    Ok(kib << 10)
}
