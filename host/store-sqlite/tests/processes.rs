//! What holds when a process is killed, lacks a right, or should stay small. Each test starts itself again as
//! the process that this happens to.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use bytes::Bytes;
use sluse_model::{Dice, RunId, Timestamp, fakes::SimClock};
use sluse_store::{
    Contents, Deliveries, Runs, StoreError,
    conformance::fixtures::{NOW, claim_at, first, new_run, prepare},
};
use sluse_store_sqlite::{SqliteSettings, SqliteStore};
use tokio::io::AsyncReadExt as _;

/// Names the folder to a test that runs as its own child.
const FOLDER: &str = "SLUSE_TEST_FOLDER";

fn open(folder: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(SqliteSettings::new(folder), Arc::new(SimClock::at(NOW)))
}

/// The folder, in the child.
fn child_folder() -> Option<PathBuf> {
    env::var_os(FOLDER).map(PathBuf::from)
}

/// This test again, as a child with a folder.
fn child(executable: impl AsRef<OsStr>, test: &str, folder: &Path) -> Command {
    let mut command = Command::new(executable);
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(FOLDER, folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn this_executable() -> PathBuf {
    env::current_exe().expect("this test's executable")
}

/// Says something to the parent at once.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nsays {line}").and_then(|()| out.flush()).expect("a parent that listens");
}

/// What a line of the child says to the parent, apart from what the test harness prints.
fn said(line: &str) -> Option<&str> {
    line.strip_prefix("says ")
}

/// Starts the child, kills it after `enough` acknowledgements, and gives all that it acknowledged.
fn acknowledged_until_killed(test: &str, folder: &Path, enough: usize) -> Vec<RunId> {
    let mut child = child(this_executable(), test, folder).spawn().expect("a child");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut acknowledged = Vec::new();
    let mut killed = false;
    // Ends at the end of the output, which comes at the latest with the kill.
    while let Some(Ok(line)) = lines.next() {
        acknowledged.extend(said(&line).map(|id| id.parse::<RunId>().expect("an id")));
        if !killed && acknowledged.len() >= enough {
            child.kill().expect("killed");
            killed = true;
        }
    }
    child.wait().expect("an end");
    acknowledged
}

async fn missing(folder: &Path, acknowledged: &[RunId]) -> usize {
    let store = open(folder).expect("the store that the child left");
    let mut missing = 0;
    for id in acknowledged {
        missing += usize::from(store.run(*id).await.expect("read").is_none());
    }
    missing
}

/// Accepts runs on several tasks until the process ends.
async fn accept_forever(folder: &Path, round_seed: u64) {
    let store = Arc::new(open(folder).expect("a store"));
    let prepared = prepare(&*store).await;
    let dice = Arc::new(sluse_model::fakes::SeededDice::new(round_seed));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (store, dice) = (store.clone(), dice.clone());
            tokio::spawn(async move {
                // Bounded, so that a parent that died leaves no child behind.
                for _ in 0..20_000 {
                    let mut run = new_run(prepared.flow);
                    run.id = RunId::new(NOW, &*dice);
                    first(&mut run).id = sluse_model::DeliveryId::new(NOW, &*dice as &dyn Dice);
                    let id = run.id;
                    store.accept(run, Some(claim_at(NOW))).await.expect("accepted");
                    say(&id.to_string());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a task that ended");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_run_survives_a_kill() {
    if let Some(folder) = child_folder() {
        let round_seed = u64::from(std::process::id());
        return accept_forever(&folder, round_seed).await;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    for round in 1..=3 {
        let test = "every_acknowledged_run_survives_a_kill";
        let acknowledged = acknowledged_until_killed(test, folder.path(), 200 * round);
        assert!(acknowledged.len() >= 200 * round, "the child ended early");
        assert_eq!(missing(folder.path(), &acknowledged).await, 0, "of {}", acknowledged.len());
        // Nobody is left who could hold a lease.
        let store = open(folder.path()).expect("a store");
        assert!(store.lapsed(Timestamp::from_millis(0), 1000).await.expect("read").len() >= 200 * round);
    }
}

/// Shows that the test above can fail: what is acknowledged before it is committed is missed.
#[tokio::test]
async fn an_early_acknowledgement_would_be_noticed() {
    if let Some(folder) = child_folder() {
        let store = open(&folder).expect("a store");
        let prepared = prepare(&store).await;
        say(&new_run(prepared.flow).id.to_string());
        std::process::abort();
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let acknowledged = acknowledged_until_killed("an_early_acknowledgement_would_be_noticed", folder.path(), 1);
    assert_eq!(acknowledged.len(), 1);
    assert_eq!(missing(folder.path(), &acknowledged).await, 1);
}

#[tokio::test]
async fn another_process_is_told_who_holds_the_store() {
    if let Some(folder) = child_folder() {
        return say(&open(&folder).expect_err("a store that is held").to_string());
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let _store = open(folder.path()).expect("a store");
    let child = child(this_executable(), "another_process_is_told_who_holds_the_store", folder.path());
    let expected = StoreError::Locked { path: folder.path().join("sluse.sqlite3").display().to_string() };
    assert_eq!(answer(child), expected.to_string());
}

/// What a child that ends by itself says.
#[track_caller]
fn answer(mut child: Command) -> String {
    let output = child.output().expect("a child that ended");
    let text = String::from_utf8_lossy(&output.stdout);
    let answer = text.lines().find_map(said).map(str::to_owned);
    answer.unwrap_or_else(|| panic!("the child said nothing: {text}\n{}", String::from_utf8_lossy(&output.stderr)))
}

/// Root may write everything: there the child becomes somebody who may not.
const NOBODY: u32 = 65_534;

#[tokio::test]
async fn what_may_not_be_written_is_named() {
    const TEST: &str = "what_may_not_be_written_is_named";
    if let Some(folder) = child_folder() {
        let refused = open(&folder).expect_err("a store that may not be written");
        assert!(matches!(refused, StoreError::NotWritable { .. }), "{refused:?}");
        return say(&refused.to_string());
    }
    let outer = tempfile::tempdir().expect("a temporary folder");
    let permit = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permitted");
    permit(outer.path(), 0o755);
    // The build's folder may be closed to others.
    let executable = outer.path().join("child");
    fs::copy(this_executable(), &executable).expect("a copy");
    let folder = outer.path().join("data");
    drop(open(&folder).expect("a store"));
    let is_root = fs::metadata(&folder).map(|data| std::os::unix::fs::MetadataExt::uid(&data) == 0).expect("there");
    let start = || {
        let mut child = child(&executable, TEST, &folder);
        if is_root {
            child.uid(NOBODY).gid(NOBODY);
        }
        answer(child)
    };
    let files = ["sluse.lock", "sluse.sqlite3", "contents", "contents/incoming"].map(|file| folder.join(file));
    if is_root {
        for path in files.iter().chain([&folder]) {
            std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).expect("handed over");
        }
    }

    permit(&files[1], 0o400);
    assert!(start().contains("sluse.sqlite3"), "a read-only database");
    permit(&files[1], 0o600);
    permit(&files[0], 0o400);
    assert!(start().contains("sluse.lock"), "a read-only lock");
    fs::remove_file(&files[0]).expect("removed");
    permit(&folder, 0o500);
    assert!(start().contains("data"), "a read-only folder");
    permit(&folder, 0o700);
}

/// The most memory that this process has used, and what it uses now, in KiB.
fn resident_kib(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("this process");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("a field of the status");
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse().expect("a number")
}

#[tokio::test]
async fn two_hundred_megabytes_pass_while_memory_stays_flat() {
    const TEST: &str = "two_hundred_megabytes_pass_while_memory_stays_flat";
    const MEGABYTES: u64 = 200;
    if let Some(folder) = child_folder() {
        let store = open(&folder).expect("a store");
        let before = resident_kib("VmRSS:");
        let mut writer = store.write_content().await.expect("a writer");
        for number in 0..MEGABYTES * 16 {
            writer.write(Bytes::from(vec![number as u8; 64 << 10])).await.expect("written");
        }
        let kept = writer.finish().await.expect("kept");
        let mut reader = store.read_content(&kept.digest, 0).await.expect("read").expect("kept");
        let (mut buffer, mut read) = (vec![0; 64 << 10], 0);
        loop {
            let count = reader.read(&mut buffer).await.expect("read");
            if count == 0 {
                break;
            }
            read += count as u64;
        }
        assert_eq!((kept.size_bytes, read), (MEGABYTES << 20, MEGABYTES << 20));
        return say(&(resident_kib("VmHWM:") - before).to_string());
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let grown_kib: u64 = answer(child(this_executable(), TEST, folder.path())).parse().expect("a number");
    assert!(grown_kib < 16 << 10, "grew by {grown_kib} KiB");
}
