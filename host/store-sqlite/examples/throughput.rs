//! Durable deliveries per second: accept with claim, then settle, by many callers at once, beside a plain
//! loop that keeps the same bytes and syncs as often as it must, with nothing of a connector host in it.
//!
//! `cargo run --release -p sluse-store-sqlite --example throughput [folder]`; the folder says which disk.

#![expect(clippy::print_stdout, reason = "it reports to a person")]

use std::{
    env,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rusqlite::{Connection, params};
use sluse_model::{
    DeliveryId, RunId, Timestamp,
    fakes::{SeededDice, SimClock},
};
use sluse_store::{
    Accepted, Deliveries, Runs, Store,
    conformance::fixtures::{NOW, Prepared, claim_at, new_run, prepare, success},
};
use sluse_store_sqlite::{SqliteSettings, SqliteStore};
use tokio::sync::{mpsc, oneshot};

const CALLERS: u64 = 64;
const DURATION: Duration = Duration::from_secs(5);
const SUBMISSION_BYTES: usize = 1024;

#[tokio::main]
async fn main() {
    let folder = env::args_os().nth(1).map_or_else(env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(folder).expect("a temporary folder");
    // In turns, so that a noisy machine is noisy for all of them.
    for round in 1..=2 {
        let plain = plain_loop(&folder.path().join(format!("plain-{round}.sqlite3"))).await;
        report("plain loop", plain.0, plain.1);
        let (rate, batch) = store_loop(&folder.path().join(format!("store-{round}"))).await;
        report("store", rate, batch);
    }
}

fn report(what: &str, deliveries: u64, (writes, commits): (u64, u64)) {
    let rate = deliveries as f64 / DURATION.as_secs_f64();
    println!("{what}: {rate:.0} deliveries/s, {:.1} writes per commit", writes as f64 / commits as f64);
}

/// Does `one` on all callers, over and over, until the time is over. Gives how often it was done. `one` is told
/// the time, because ids sort by it.
async fn by_all_callers<F>(one: impl Fn(Timestamp) -> F + Send + Sync + 'static) -> u64
where
    F: Future<Output = ()> + Send,
{
    let (one, done, start) = (Arc::new(one), Arc::new(AtomicU64::new(0)), Instant::now());
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (one, done) = (one.clone(), done.clone());
            tokio::spawn(async move {
                while start.elapsed() < DURATION {
                    one(NOW.plus(start.elapsed())).await;
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("a caller that ended");
    }
    done.load(Ordering::Relaxed)
}

async fn store_loop(folder: &Path) -> (u64, (u64, u64)) {
    let clock = Arc::new(SimClock::at(NOW));
    let store = Arc::new(SqliteStore::open(SqliteSettings::new(folder), clock).expect("a store"));
    let prepared = prepare(&*store).await;
    let before = store.statistics();
    let done = by_all_callers({
        let (store, dice) = (store.clone(), Arc::new(SeededDice::new(1)));
        move |now| deliver(store.clone(), dice.clone(), prepared, now)
    })
    .await;
    let after = store.statistics();
    store.close().await;
    (done, (after.committed - before.committed, after.commits - before.commits))
}

/// One delivery through the store.
async fn deliver(store: Arc<SqliteStore>, dice: Arc<SeededDice>, prepared: Prepared, now: Timestamp) {
    let mut run = new_run(prepared.flow);
    (run.id, run.first.id) = (RunId::new(now, &*dice), DeliveryId::new(now, &*dice));
    run.submission = "x".repeat(SUBMISSION_BYTES);
    run.first.input = "x".repeat(SUBMISSION_BYTES);
    let accepted = store.accept(run, Some(claim_at(now))).await.expect("accepted");
    let Accepted::New(Some(claimed)) = accepted else { panic!("not claimed: {accepted:?}") };
    store.settle(success(&claimed), None).await.expect("settled");
}

/// What the plain loop's writer is asked for.
enum Plain {
    Accept(RunId, String),
    Result(RunId),
}

/// The same bytes, kept by one thread with the same group commit, in two tables without any index.
async fn plain_loop(database: &Path) -> (u64, (u64, u64)) {
    let (queue, work) = mpsc::channel::<(Plain, oneshot::Sender<()>)>(1024);
    let database = database.to_owned();
    let writer = std::thread::spawn(move || plain_writer(&database, work).expect("a plain writer"));
    let done = by_all_callers({
        let dice = Arc::new(SeededDice::new(1));
        move |now| {
            let (queue, id) = (queue.clone(), RunId::new(now, &*dice));
            async move {
                for plain in [Plain::Accept(id, "x".repeat(2 * SUBMISSION_BYTES)), Plain::Result(id)] {
                    let (reply, answer) = oneshot::channel();
                    queue.send((plain, reply)).await.expect("a writer");
                    answer.await.expect("a commit");
                }
            }
        }
    })
    .await;
    let commits = writer.join().expect("a writer that ended");
    (done, (2 * done, commits))
}

fn plain_writer(database: &Path, mut work: mpsc::Receiver<(Plain, oneshot::Sender<()>)>) -> rusqlite::Result<u64> {
    let connection = Connection::open(database)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        CREATE TABLE runs (id BLOB, body TEXT); CREATE TABLE results (id BLOB, result TEXT);",
    )?;
    let mut commits = 0;
    while let Some(first) = work.blocking_recv() {
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut next = Some(first);
        let mut waiting = Vec::new();
        while let Some((plain, reply)) = next {
            match plain {
                Plain::Accept(id, body) => {
                    let mut insert = connection.prepare_cached("INSERT INTO runs VALUES (?1, ?2)")?;
                    insert.execute(params![id.as_bytes().as_slice(), body])?
                }
                Plain::Result(id) => {
                    let mut insert = connection.prepare_cached("INSERT INTO results VALUES (?1, 'done')")?;
                    insert.execute([id.as_bytes().as_slice()])?
                }
            };
            waiting.push(reply);
            next = work.try_recv().ok();
        }
        connection.prepare_cached("COMMIT")?.execute([])?;
        commits += 1;
        for reply in waiting {
            let _ = reply.send(());
        }
    }
    Ok(commits)
}
