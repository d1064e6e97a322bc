//! Components are compiled in a child process with limits, and what comes out is kept where nobody else can
//! put anything in its place.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use sluse_connector::{LoadError, Loader as _, fakes::FakeHost};
use sluse_model::fakes::SeededDice;
use sluse_sandbox::{Compiler, CompilerProcess, Sandbox, SandboxSettings, compile_child};
use support::{Guest, done, execute};

/// The child of the tests below is this very program: `--exact` lets it run this function only, and the paths
/// that the sandbox appends are names of tests that do not exist.
#[test]
fn the_compiler_is_this_program() {
    let paths: Vec<_> = std::env::args_os().skip(1).filter(|argument| Path::new(argument).is_absolute()).collect();
    if paths.is_empty() {
        // Run as a test: without paths it says so and fails.
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_compiler_is_this_program", "--nocapture", "/only-one-path"])
            .output()
            .unwrap();
        assert!(!child.status.success());
        assert!(String::from_utf8_lossy(&child.stderr).contains("two paths are needed"));
        return;
    }
    let code = compile_child(paths);
    std::process::exit(i32::from(format!("{code:?}") != format!("{:?}", std::process::ExitCode::SUCCESS)));
}

fn this_program() -> CompilerProcess {
    let arguments = ["--exact", "the_compiler_is_this_program", "--nocapture"];
    CompilerProcess::new(std::env::current_exe().unwrap(), arguments)
}

fn shell(script: &str) -> CompilerProcess {
    CompilerProcess::new("/bin/sh", ["-c", script, "sh"])
}

/// No compiler at all: only what is in the cache can be loaded.
fn nothing() -> CompilerProcess {
    CompilerProcess::new("/nonexistent/compiler", [""; 0])
}

fn sandbox(cache_folder: &Path, compiler: CompilerProcess) -> Sandbox {
    static SEED: AtomicU64 = AtomicU64::new(0);
    let dice = Arc::new(SeededDice::new(SEED.fetch_add(1, Ordering::Relaxed) << 32));
    let cache_folder = cache_folder.to_owned();
    Sandbox::start(SandboxSettings { cache_folder, max_instances: 2, compiler: Compiler::Child(compiler), dice })
        .unwrap()
}

async fn load(folder: &Path, compiler: CompilerProcess, guest: &Guest) -> Result<(), LoadError> {
    let connector = sandbox(folder, compiler).load(Bytes::from(guest.component())).await?;
    assert_eq!(done(execute(&connector, &FakeHost::default()).await), "{}");
    Ok(())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn artefact(folder: &Path) -> PathBuf {
    let mut artefacts = files(folder);
    artefacts.retain(|path| path.extension().is_some_and(|extension| extension == "artefact"));
    let [artefact] = artefacts.as_slice() else { panic!("one artefact, not {artefacts:?}") };
    artefact.clone()
}

#[tokio::test]
async fn a_child_compiles_and_the_cache_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let guest = Guest::named("archive");
    load(folder.path(), this_program(), &guest).await.unwrap();
    load(folder.path(), nothing(), &guest).await.unwrap();
    // The key and one artefact; what was needed on the way is gone.
    assert_eq!(files(folder.path()).len(), 2);
}

#[tokio::test]
async fn the_cache_is_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("components");
    fs::create_dir(&cache).unwrap();
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o755)).unwrap();
    load(&cache, this_program(), &Guest::named("archive")).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&cache), 0o700);
    for file in files(&cache) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

/// After `tampering` with the artefact it is as good as not there: compiled again, never loaded.
async fn is_compiled_again(tampering: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    let guest = Guest::named("archive");
    load(folder.path(), this_program(), &guest).await.unwrap();
    tampering(folder.path());
    let refused = load(folder.path(), nothing(), &guest).await;
    assert!(matches!(&refused, Err(LoadError::Unavailable(reason)) if reason.contains("did not start")), "{refused:?}");
    load(folder.path(), this_program(), &guest).await.unwrap();
    load(folder.path(), nothing(), &guest).await.unwrap();
}

#[tokio::test]
async fn an_artefact_with_one_bit_turned_is_compiled_again() {
    is_compiled_again(|folder| {
        let path = artefact(folder);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_artefact_that_is_cut_off_is_compiled_again() {
    is_compiled_again(|folder| {
        let path = artefact(folder);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_empty_artefact_is_compiled_again() {
    is_compiled_again(|folder| fs::write(artefact(folder), b"").unwrap()).await;
}

#[tokio::test]
async fn an_artefact_under_another_key_is_compiled_again() {
    is_compiled_again(|folder| fs::write(folder.join("key"), [1; 32]).unwrap()).await;
}

#[tokio::test]
async fn a_key_that_others_could_read_is_replaced() {
    is_compiled_again(|folder| {
        fs::set_permissions(folder.join("key"), fs::Permissions::from_mode(0o644)).unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_artefact_of_another_component_is_compiled_again() {
    let other = tempfile::tempdir().unwrap();
    load(other.path(), this_program(), &Guest::named("archive")).await.unwrap();
    let key = fs::read(other.path().join("key")).unwrap();
    // The same key, and the other's bytes under our name.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("key"), key).unwrap();
    fs::set_permissions(folder.path().join("key"), fs::Permissions::from_mode(0o600)).unwrap();
    let guest = Guest::named("ledger");
    load(folder.path(), this_program(), &guest).await.unwrap();
    fs::copy(artefact(other.path()), artefact(folder.path())).unwrap();
    assert!(matches!(load(folder.path(), nothing(), &guest).await, Err(LoadError::Unavailable(_))));
}

#[tokio::test]
async fn a_compiler_that_hangs_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let compiler = CompilerProcess { wall: Duration::from_millis(300), ..shell("exec sleep 600") };
    let began = Instant::now();
    let refused = load(folder.path(), compiler, &Guest::named("archive")).await;
    assert!(matches!(&refused, Err(LoadError::NotCompiled(reason)) if reason.contains("longer")), "{refused:?}");
    assert!(began.elapsed() < Duration::from_secs(60));
    load(folder.path(), this_program(), &Guest::named("archive")).await.unwrap();
}

#[tokio::test]
async fn a_compiler_that_was_stopped_says_at_which_limits() {
    let folder = tempfile::tempdir().unwrap();
    let refused = load(folder.path(), shell("kill -9 $$"), &Guest::named("archive")).await;
    assert!(matches!(&refused, Err(LoadError::NotCompiled(reason)) if reason.contains("limits")), "{refused:?}");
}

#[tokio::test]
async fn what_the_compiler_complains_of_is_passed_on_and_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let script = "head -c 100000 /dev/zero | tr '\\0' 'x' >&2; exit 3";
    let Err(LoadError::NotCompiled(reason)) = load(folder.path(), shell(script), &Guest::named("archive")).await else {
        panic!("not compiled")
    };
    assert_eq!(reason, "x".repeat(4 << 10));
}

#[tokio::test]
async fn a_compiler_that_writes_nonsense_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let refused = load(folder.path(), shell("echo nonsense > \"$2\""), &Guest::named("archive")).await;
    assert!(matches!(refused, Err(LoadError::NotCompiled(_))), "{refused:?}");
    load(folder.path(), this_program(), &Guest::named("archive")).await.unwrap();
}

#[tokio::test]
async fn an_invalid_component_is_refused_by_the_child_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut component = Guest::named("archive").component();
    // A core module whose function leaves nothing on the stack.
    let mut module = wat::parse_str("(module (func (result i32) i32.const 7))").unwrap();
    let position = module.windows(3).position(|window| window == [0x41, 7, 0x0b]).unwrap();
    module[position..position + 2].copy_from_slice(&[0x01, 0x01]);
    component.push(1);
    component.push(u8::try_from(module.len()).unwrap());
    component.extend(module);
    let refused = sandbox(folder.path(), this_program()).load(Bytes::from(component)).await;
    assert!(matches!(&refused, Err(LoadError::NotCompiled(reason)) if reason.contains("type mismatch")), "{refused:?}");
}

#[test]
fn the_child_limits_itself_before_it_reads() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("component.wasm");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // It waits for the pipe, limited.
    let compiler = this_program();
    let mut child = Command::new(&compiler.program)
        .args(&compiler.arguments)
        .args([&pipe, &folder.path().join("component.artefact")])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let limits = format!("/proc/{}/limits", child.id());
    let is_limited = || {
        let limits = fs::read_to_string(&limits).unwrap_or_default();
        let hard = |name: &str| {
            let line = limits.lines().find(|line| line.starts_with(name))?;
            line[name.len()..].split_whitespace().nth(1).map(str::to_owned)
        };
        hard("Max cpu time").as_deref() == Some("300")
            && hard("Max address space").as_deref() == Some("4294967296")
            && hard("Max file size").as_deref() == Some("536870912")
            && hard("Max core file size").as_deref() == Some("0")
    };
    let limited = (0..600).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        is_limited()
    });
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(limited, "within thirty seconds");
}
