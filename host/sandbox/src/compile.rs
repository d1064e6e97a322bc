//! From a component to machine code, in a child process of our own binary: compiling takes what time and memory
//! it likes, a child can be stopped, and takes the compiler's memory with it when it ends.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    time::Duration,
};

use bytes::Bytes;
use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::{io::AsyncReadExt as _, process::Command};
use wasmtime::Engine;

use crate::runtime;

/// How components are compiled.
#[derive(Debug, Clone)]
pub enum Compiler {
    /// In a child process with limits. What a host that serves uses.
    Child(CompilerProcess),
    /// In this process, without limits: for benchmarks and tests with components of our own.
    InProcess,
}

/// The program that compiles, and ends up in [`compile_child`].
#[derive(Debug, Clone)]
pub struct CompilerProcess {
    /// The program, usually our own executable.
    pub program: PathBuf,
    /// What leads it to [`compile_child`], usually the name of a subcommand. The two paths are appended.
    pub arguments: Vec<OsString>,
    /// Time by the clock that it may take; then it is killed.
    pub wall: Duration,
}

impl CompilerProcess {
    /// `program` with the usual time.
    pub fn new(program: impl Into<PathBuf>, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self { program: program.into(), arguments: arguments.into_iter().map(Into::into).collect(), wall: USUAL_WALL }
    }
}

/// Time by the clock that compiling may take. A large component takes 40 s on two busy cores.
const USUAL_WALL: Duration = Duration::from_secs(180);

/// Time on the processor, all threads together.
const MAX_CPU_SECONDS: u64 = 300;

/// Address space, and so memory: an interpreter of 18 MiB needs about one GiB.
const MAX_ADDRESS_SPACE_BYTES: u64 = 4 << 30;

/// The largest artefact.
const MAX_ARTEFACT_BYTES: u64 = 512 << 20;

/// What a child may say about what went wrong.
const MAX_COMPLAINT_BYTES: u64 = 4 << 10;

/// Why there is no artefact.
#[derive(Debug)]
pub(crate) enum CompileError {
    /// The component cannot be compiled, or not within the limits.
    Refused(String),
    /// It could not be tried.
    Unavailable(String),
}

/// Compiles `component`, written to `work`, and gives the artefact.
pub(crate) async fn compile(
    compiler: &Compiler,
    engine: &Engine,
    component: Bytes,
    work: &Path,
) -> Result<Vec<u8>, CompileError> {
    match compiler {
        Compiler::Child(process) => in_child(process, component, work).await,
        Compiler::InProcess => {
            let engine = engine.clone();
            tokio::task::spawn_blocking(move || precompile(&engine, &component))
                .await
                .map_err(|error| CompileError::Unavailable(format!("the compiler broke off: {error}")))?
                .map_err(CompileError::Refused)
        }
    }
}

fn precompile(engine: &Engine, component: &[u8]) -> Result<Vec<u8>, String> {
    engine.precompile_component(component).map_err(|error| format!("{error:#}"))
}

async fn in_child(process: &CompilerProcess, component: Bytes, work: &Path) -> Result<Vec<u8>, CompileError> {
    let unavailable = |error: std::io::Error| CompileError::Unavailable(format!("`{}`: {error}", work.display()));
    let component_path = work.join("component.wasm");
    let artefact_path = work.join("component.artefact");
    tokio::fs::write(&component_path, &component).await.map_err(unavailable)?;
    // Not held while the child needs the memory.
    drop(component);
    run_child(process, &component_path, &artefact_path).await?;
    tokio::fs::read(&artefact_path).await.map_err(unavailable)
}

async fn run_child(process: &CompilerProcess, component: &Path, artefact: &Path) -> Result<(), CompileError> {
    let mut child = Command::new(&process.program)
        .args(&process.arguments)
        .arg(component)
        .arg(artefact)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            CompileError::Unavailable(format!("the compiler `{}` did not start: {error}", process.program.display()))
        })?;
    let mut complaint = Vec::new();
    let said = child.stderr.take().expect("it was piped");
    let waiting = async {
        let _ = said.take(MAX_COMPLAINT_BYTES).read_to_end(&mut complaint).await;
        child.wait().await
    };
    let status = match tokio::time::timeout(process.wall, waiting).await {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => return Err(CompileError::Unavailable(format!("the compiler could not be awaited: {error}"))),
        // Dropping it kills it.
        Err(_) => return Err(CompileError::Refused(format!("it took longer than {} s", process.wall.as_secs()))),
    };
    if status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&complaint).trim().to_owned();
    Err(CompileError::Refused(match status.code() {
        Some(_) if !complaint.is_empty() => complaint,
        Some(code) => format!("the compiler ended with code {code}"),
        None => format!(
            "the compiler was stopped at its limits ({MAX_CPU_SECONDS} s on the processor, {} MiB)",
            MAX_ADDRESS_SPACE_BYTES >> 20
        ),
    }))
}

/// What the child does: `arguments` are the paths of the component and of the artefact. Limits itself before it
/// reads anything, and says on standard error what went wrong.
///
/// To be called from a program that [`CompilerProcess`] names, and to be the last thing that it does.
pub fn compile_child(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match try_compile_child(arguments.into_iter().collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            #[expect(clippy::print_stderr, reason = "standard error is how the child answers its parent")]
            {
                eprintln!("{complaint}");
            }
            ExitCode::FAILURE
        }
    }
}

fn try_compile_child(arguments: Vec<OsString>) -> Result<(), String> {
    let [component, artefact] = arguments.as_slice() else {
        return Err("two paths are needed: of the component and of the artefact".into());
    };
    limit_this_process().map_err(|error| format!("the compiler could not limit itself: {error}"))?;
    let bytes = fs::read(component).map_err(|error| format!("the component could not be read: {error}"))?;
    let engine = runtime::compiling_engine().map_err(|error| format!("{error:#}"))?;
    let compiled = precompile(&engine, &bytes)?;
    fs::write(artefact, compiled).map_err(|error| format!("the artefact could not be written: {error}"))
}

fn limit_this_process() -> rustix::io::Result<()> {
    for (resource, limit) in [
        (Resource::Cpu, MAX_CPU_SECONDS),
        (Resource::As, MAX_ADDRESS_SPACE_BYTES),
        (Resource::Fsize, MAX_ARTEFACT_BYTES),
        (Resource::Core, 0),
    ] {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    Ok(())
}
