//! What a store says that cannot be opened, and what it finds again when it can.

use std::{
    fs::{self, OpenOptions},
    io::{Seek, SeekFrom, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::Arc,
    time::Duration,
};

use sluse_model::{Attempt, DeliveryState, RunState, Timestamp, fakes::SimClock};
use sluse_store::{
    Claiming, Connectors, Contents, Deliveries, Rooms, Runs, Store, StoreError,
    conformance::fixtures::{
        NOW, attachment, claim_at, content, later, name, new_run, prepare, queued, retry, running, success,
    },
};
use sluse_store_sqlite::{SqliteSettings, SqliteStore};

fn open(folder: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(SqliteSettings::new(folder), Arc::new(SimClock::at(NOW)))
}

fn database(folder: &Path) -> String {
    folder.join("sluse.sqlite3").display().to_string()
}

#[track_caller]
fn refused(folder: &Path) -> StoreError {
    open(folder).expect_err("a store that cannot be opened")
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = open(folder.path()).expect("a store");
    let prepared = prepare(&store).await;
    let file = content(&store, "pdf").await;
    let mut run = new_run(prepared.flow);
    run.attachments = vec![attachment("a.pdf", file)];
    let with_file = run.id;
    store.accept(run, None).await.expect("accepted");
    let done = running(&store, prepared.flow).await;
    store.settle(success(&done), None).await.expect("settled");
    let before = (store.run(with_file).await, store.run(done.delivery.run).await);
    let detail = store.delivery(done.delivery.id).await;
    store.close().await;

    let store = open(folder.path()).expect("the same store");
    assert_eq!((store.run(with_file).await, store.run(done.delivery.run).await), before);
    assert_eq!(store.delivery(done.delivery.id).await, detail);
    assert_eq!(store.active(&name("workzone")).await.expect("read").map(|one| one.digest), Some(prepared.revision));
    assert_eq!(store.content_size(&file).await, Ok(Some(3)));
    assert_eq!(store.claim(claim_at(NOW), 10, Rooms::everywhere()).await.expect("claimed").len(), 1);
}

#[tokio::test]
async fn what_was_running_is_lapsed_after_a_restart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = open(folder.path()).expect("a store");
    let prepared = prepare(&store).await;
    let claimed = running(&store, prepared.flow).await;
    let waiting = queued(&store, prepared.flow, later(5)).await;
    drop(store);

    let store = open(folder.path()).expect("the same store");
    let lapsed = store.lapsed(NOW, 10).await.expect("read");
    assert_eq!(lapsed.len(), 1);
    assert_eq!((lapsed[0].delivery.id, lapsed[0].attempt), (claimed.delivery.id, 1));
    assert_eq!((lapsed[0].lease.number, lapsed[0].lease.until), (claimed.lease.number, Timestamp::from_millis(0)));
    store.settle(success(&lapsed[0]), None).await.expect("settled");
    assert_eq!(store.run(claimed.delivery.run).await.expect("read").expect("kept").run.state, RunState::Succeeded);
    let waiting = store.delivery(waiting).await.expect("read").expect("kept").delivery;
    assert_eq!(waiting.state, DeliveryState::Queued { due: later(5) });
}

#[tokio::test]
async fn what_waits_by_a_clock_that_was_set_back_while_nobody_ran_waits_as_long_as_it_was_to() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = open(folder.path()).expect("a store");
    let prepared = prepare(&store).await;
    // Its clock is a year ahead.
    let ahead = NOW.plus(Duration::from_secs(365 * 24 * 60 * 60));
    let busy = running(&store, prepared.flow).await;
    let mut settled = retry(&busy, ahead.plus(Duration::from_millis(20)));
    let Claiming::Ended(Attempt { result: Some(result), .. }) = &mut settled.attempt else { panic!("it ended") };
    result.ended_at = ahead;
    store.settle(settled, None).await.expect("settled");
    drop(store);

    let store = open(folder.path()).expect("the same store");
    assert_eq!(store.claim(claim_at(NOW), 10, Rooms::everywhere()).await, Ok(Vec::new()));
    assert_eq!(store.next_due(Rooms::everywhere()).await, Ok(Some(later(20))));
    let claimed = store.claim(claim_at(later(20)), 10, Rooms::everywhere()).await.expect("claimed");
    assert_eq!(claimed.iter().map(|one| one.delivery.id).collect::<Vec<_>>(), [busy.delivery.id]);
}

#[test]
fn a_second_store_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let first = open(folder.path()).expect("a store");
    assert_eq!(refused(folder.path()), StoreError::Locked { path: database(folder.path()) });
    drop(first);
    open(folder.path()).expect("a store, once the first is gone");
}

#[test]
fn a_folder_that_is_made_is_its_owner_s_alone() {
    let parent = tempfile::tempdir().expect("a temporary folder");
    let folder = parent.path().join("var/sluse");
    let _store = open(&folder).expect("a store");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in ["sluse.sqlite3", "sluse.sqlite3-wal", "sluse.lock"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let folder = file.path().join("data");
    let StoreError::NotWritable { path, .. } = refused(&folder) else { panic!("another error") };
    assert_eq!(Path::new(&path), folder);
}

#[test]
fn a_database_of_a_later_release_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    drop(open(folder.path()).expect("a store"));
    let connection = rusqlite::Connection::open(database(folder.path())).expect("the database");
    connection.pragma_update(None, "user_version", 99).expect("written");
    drop(connection);
    let newer = StoreError::Newer { path: database(folder.path()), found: 99, known: 1 };
    assert_eq!(refused(folder.path()), newer);
    assert_eq!(refused(folder.path()), newer, "and the lock is free again");
}

#[test]
fn a_file_that_is_no_database_is_damaged() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(database(folder.path()), "this is a letter\n".repeat(1000)).expect("written");
    assert!(matches!(refused(folder.path()), StoreError::Damaged { .. }));
}

#[test]
fn a_database_of_another_program_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let connection = rusqlite::Connection::open(database(folder.path())).expect("a database");
    connection.execute_batch("CREATE TABLE photographs (name TEXT)").expect("written");
    drop(connection);
    let StoreError::Damaged { detail, .. } = refused(folder.path()) else { panic!("another error") };
    assert!(detail.contains("another program"), "{detail}");
}

#[tokio::test]
async fn overwritten_pages_are_damage() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = open(folder.path()).expect("a store");
    let prepared = prepare(&store).await;
    for _ in 0..50 {
        running(&store, prepared.flow).await;
    }
    store.close().await;
    drop(store);
    let mut file = OpenOptions::new().write(true).open(database(folder.path())).expect("the database");
    let length = file.metadata().expect("its size").len();
    // The first page says what is where; everything after it is lost.
    file.seek(SeekFrom::Start(4096)).expect("the second page");
    file.write_all(&vec![0xa5; length as usize - 4096]).expect("overwritten");
    drop(file);
    assert!(matches!(refused(folder.path()), StoreError::Damaged { .. }));
}
