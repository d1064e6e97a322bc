//! Durable deliveries per second: accept with claim, then settle, by many callers at once, beside a plain
//! loop that keeps the same bytes and syncs as often as it must, with nothing of a connector host in it.
//!
//! `cargo run --release -p sluse-store-sqlite --example throughput [folder]`; the folder says which disk.

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
use sluse_model::{DeliveryId, RunId, fakes::SeededDice, fakes::SimClock};
use sluse_store::{
    Accepted, Claimed, Deliveries, Runs, Store,
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
        report("plain loop", plain, 0);
        for at_once in [true, false] {
            let name = if at_once { "accept with claim, settle" } else { "accept, claim, settle" };
            let store = folder.path().join(format!("store-{round}-{at_once}"));
            let (rate, batch) = store_loop(&store, at_once).await;
            report(name, rate, batch);
        }
    }
}

fn report(what: &str, deliveries: u64, committed_per_commit: u64) {
    let rate = deliveries as f64 / DURATION.as_secs_f64();
    println!("{what}: {rate:.0} deliveries/s, {committed_per_commit} writes per commit");
}

/// Runs `one` on all callers until the time is over, and gives how often it was done.
async fn by_all_callers<F>(one: impl Fn(u64) -> F + Send + Sync + 'static) -> u64
where
    F: Future<Output = u64> + Send,
{
    let (one, done, end) = (Arc::new(one), Arc::new(AtomicU64::new(0)), Instant::now() + DURATION);
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (one, done) = (one.clone(), done.clone());
            tokio::spawn(async move {
                while Instant::now() < end {
                    done.fetch_add(one(caller).await, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("a caller that ended");
    }
    done.load(Ordering::Relaxed)
}

async fn store_loop(folder: &Path, at_once: bool) -> (u64, u64) {
    let clock = Arc::new(SimClock::at(NOW));
    let store = Arc::new(SqliteStore::open(SqliteSettings::new(folder), clock).expect("a store"));
    let prepared = prepare(&*store).await;
    let before = store.statistics();
    let done = by_all_callers({
        let (store, dice) = (store.clone(), Arc::new(SeededDice::new(1)));
        move |_| deliver(store.clone(), dice.clone(), prepared, at_once)
    })
    .await;
    let after = store.statistics();
    store.close().await;
    (done, (after.committed - before.committed) / (after.commits - before.commits))
}

/// One delivery through the store. Gives how many were settled.
async fn deliver(store: Arc<SqliteStore>, dice: Arc<SeededDice>, prepared: Prepared, at_once: bool) -> u64 {
    let mut run = new_run(prepared.flow);
    (run.id, run.first.id) = (RunId::new(NOW, &*dice), DeliveryId::new(NOW, &*dice));
    run.submission = "x".repeat(SUBMISSION_BYTES);
    run.first.input = "x".repeat(SUBMISSION_BYTES);
    let claimed: Vec<Claimed> = match store.accept(run, at_once.then(|| claim_at(NOW))).await.expect("accepted") {
        Accepted::New(Some(claimed)) => vec![*claimed],
        // As a dispatcher does: whoever comes takes what is due, for others too.
        _ => store.claim(claim_at(NOW), 16).await.expect("claimed"),
    };
    let settled = claimed.len() as u64;
    for claimed in claimed {
        store.settle(success(&claimed), None).await.expect("settled");
    }
    settled
}

/// What the plain loop's writer is asked for.
enum Plain {
    Accept(RunId, String),
    Result(RunId),
}

/// The same bytes, kept by one thread with the same group commit, in two tables without any index.
async fn plain_loop(database: &Path) -> u64 {
    let (queue, work) = mpsc::channel::<(Plain, oneshot::Sender<()>)>(1024);
    let database = database.to_owned();
    let writer = std::thread::spawn(move || plain_writer(&database, work).expect("a plain writer"));
    let done = by_all_callers({
        let dice = Arc::new(SeededDice::new(1));
        move |_| {
            let (queue, id) = (queue.clone(), RunId::new(NOW, &*dice));
            async move {
                for plain in [Plain::Accept(id, "x".repeat(2 * SUBMISSION_BYTES)), Plain::Result(id)] {
                    let (reply, answer) = oneshot::channel();
                    queue.send((plain, reply)).await.expect("a writer");
                    answer.await.expect("a commit");
                }
                1
            }
        }
    })
    .await;
    writer.join().expect("a writer that ended");
    done
}

fn plain_writer(database: &Path, mut work: mpsc::Receiver<(Plain, oneshot::Sender<()>)>) -> rusqlite::Result<()> {
    let connection = Connection::open(database)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        CREATE TABLE runs (id BLOB, body TEXT); CREATE TABLE results (id BLOB, result TEXT);",
    )?;
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
        for reply in waiting {
            let _ = reply.send(());
        }
    }
    Ok(())
}
