//! What a batch promises, and what becomes of it when something fails.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use rusqlite::ffi;
use sluse_model::{Timestamp, fakes::SimClock};
use sluse_store::Store as _;

use super::*;
use crate::{SqliteSettings, SqliteStore};

fn open() -> (Arc<SqliteStore>, Arc<AtomicUsize>, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let broken = Arc::new(AtomicUsize::new(0));
    let mut settings = SqliteSettings::new(folder.path());
    settings.on_broken_disk = Arc::new({
        let broken = broken.clone();
        move || {
            broken.fetch_add(1, Ordering::SeqCst);
        }
    });
    let clock = Arc::new(SimClock::at(Timestamp::from_millis(0)));
    (Arc::new(SqliteStore::open(settings, clock).expect("a store")), broken, folder)
}

async fn put(store: &SqliteStore, name: &str, version: i64) -> Result<(), StoreError> {
    let name = name.to_owned();
    let put = move |write: &Write<'_>| {
        let sql = "INSERT INTO secrets (name, version, sealed, changed_at) VALUES (?1, ?2, x'00', 0)";
        Ok(write.prepare_cached(sql)?.execute(rusqlite::params![name, version]).map(drop)?)
    };
    store.writer.write(put).await
}

async fn count(store: &SqliteStore) -> i64 {
    let count =
        |connection: &Connection| Ok(connection.query_row("SELECT count(*) FROM secrets", [], |row| row.get(0))?);
    store.readers.read(count).await.expect("a number")
}

/// Keeps the writer busy until `tasks` have queued behind it.
async fn behind_a_slow_write<T: Send + 'static>(
    store: &Arc<SqliteStore>,
    tasks: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let (queued, go) = std::sync::mpsc::channel();
    let slow = tokio::spawn({
        let store = store.clone();
        let waited = Cell::new(false);
        let wait = move |_: &Write<'_>| Ok(waited.replace(true) || go.recv().is_ok());
        async move { store.writer.write(wait).await }
    });
    let tasks: Vec<_> = tasks.map(tokio::spawn).collect();
    // Longer than it takes to queue some hundred tasks.
    tokio::task::spawn_blocking(|| thread::sleep(Duration::from_millis(500))).await.expect("slept");
    queued.send(()).expect("a writer that waits");
    assert_eq!(slow.await.expect("a task that ended"), Ok(true));
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.expect("a task that ended"));
    }
    results
}

#[tokio::test]
async fn what_queued_meanwhile_shares_one_commit() {
    let (store, _, _folder) = open();
    let before = store.statistics();
    let tasks = (0..300).map(|number| {
        let store = store.clone();
        async move { put(&store, &format!("s-{number}"), 1).await }
    });
    let results = behind_a_slow_write(&store, tasks).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    let after = store.statistics();
    assert_eq!(after.committed - before.committed, 301);
    let commits = after.commits - before.commits;
    assert!(commits <= 3, "{commits} commits for 301 writes");
}

#[tokio::test]
async fn what_is_committed_is_on_the_disk() {
    let (store, _, _folder) = open();
    let pragmas = |write: &Write<'_>| {
        let synchronous: i64 = write.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
        let mode: String = write.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
        Ok((synchronous, mode))
    };
    // 2 is FULL: the log is synced with each commit.
    assert_eq!(store.writer.write(pragmas).await, Ok((2, "wal".to_owned())));
}

#[tokio::test]
async fn another_program_that_holds_the_database_is_told_from_another_host() {
    let (store, _, folder) = open();
    let database = folder.path().join("sluse.sqlite3");
    let tool = Connection::open(&database).expect("the database");
    tool.execute_batch("BEGIN IMMEDIATE").expect("held");
    let refused = store.health().await.expect_err("a database that is held");
    assert_eq!(refused, StoreError::Busy { path: database.display().to_string() });
    assert!(refused.to_string().contains("another program") && !refused.to_string().contains("sluse serve"));
    tool.execute_batch("ROLLBACK").expect("let go");
    store.health().await.expect("free again");
}

#[tokio::test]
async fn a_failing_write_undoes_nothing_of_its_neighbours() {
    let (store, _, _folder) = open();
    let tasks = (0..100).map(|number| {
        let store = store.clone();
        // Version 0 breaks a constraint of the table.
        async move { put(&store, &format!("s-{number}"), i64::from(number % 2 == 0)).await }
    });
    let results = behind_a_slow_write(&store, tasks).await;
    for (number, result) in results.iter().enumerate() {
        assert_eq!(result.is_ok(), number % 2 == 0, "{number}: {result:?}");
    }
    assert_eq!(count(&store).await, 50);
}

#[tokio::test]
async fn half_a_piece_of_work_is_undone_without_its_neighbours() {
    let (store, _, _folder) = open();
    let tasks = (0..60).map(|number| {
        let store = store.clone();
        let write = move |write: &Write<'_>| {
            let sql = "INSERT INTO secrets (name, version, changed_at) VALUES (?1, 1, 0)";
            write.execute(sql, [format!("s-{number}")])?;
            // The whole of a tenth of them is missing its second half.
            if number % 10 == 7 { Err(StoreError::Stale("half".to_owned()).into()) } else { Ok(()) }
        };
        async move { store.writer.write(write).await }
    });
    let before = store.statistics();
    let results = behind_a_slow_write(&store, tasks).await;
    for (number, result) in results.iter().enumerate() {
        assert_eq!(result.is_err(), number % 10 == 7, "{number}: {result:?}");
    }
    assert_eq!(count(&store).await, 54);
    assert_eq!(store.statistics().committed - before.committed, 55);
}

#[tokio::test]
async fn half_a_piece_of_work_is_undone() {
    let (store, _, _folder) = open();
    let half = |write: &Write<'_>| {
        write.execute("INSERT INTO secrets (name, version, changed_at) VALUES ('a', 1, 0)", [])?;
        Err::<(), _>(StoreError::Stale("the second half".to_owned()).into())
    };
    assert_eq!(store.writer.write(half).await, Err(StoreError::Stale("the second half".to_owned())));
    assert_eq!(count(&store).await, 0);
}

#[tokio::test]
async fn a_full_disk_is_said_and_passes_when_there_is_room() {
    let (store, broken, _folder) = open();
    let limit = |pages: &'static str| {
        move |write: &Write<'_>| Ok(write.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?)
    };
    store.writer.write(limit("1")).await.expect("a limit at the present size");
    let large = |write: &Write<'_>| {
        let sql = "INSERT INTO secrets (name, version, sealed, changed_at) VALUES ('large', 1, zeroblob(1000000), 0)";
        Ok(write.execute(sql, [])?)
    };
    assert_eq!(store.writer.write(large).await, Err(StoreError::Full));
    assert_eq!(count(&store).await, 0);
    store.writer.write(limit("100000")).await.expect("room again");
    store.writer.write(large).await.expect("written");
    assert_eq!((count(&store).await, broken.load(Ordering::SeqCst)), (1, 0));
}

#[tokio::test]
async fn a_commit_that_found_no_room_is_undone_as_a_whole() {
    let (store, broken, _folder) = open();
    *store.writer.next_commit_fails.lock().expect("a lock") = Some(ffi::SQLITE_FULL);
    assert_eq!(put(&store, "a", 1).await, Err(StoreError::Full));
    assert_eq!((count(&store).await, broken.load(Ordering::SeqCst)), (0, 0));
    put(&store, "a", 1).await.expect("written");
}

#[tokio::test]
async fn a_disk_that_does_not_sync_ends_the_process() {
    for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_DIR_FSYNC, ffi::SQLITE_IOERR_WRITE] {
        let (store, broken, _folder) = open();
        *store.writer.next_commit_fails.lock().expect("a lock") = Some(code);
        let refused = store.health().await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        assert_eq!(broken.load(Ordering::SeqCst), 1);
    }
}
