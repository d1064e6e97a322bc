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
    conformance::fixtures::{NOW, Prepared, claim_at, first, new_run, prepare, success},
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
        let before = processor_time();
        let plain = plain_loop(&folder.path().join(format!("plain-{round}.sqlite3"))).await;
        report("plain loop", plain, processor_time() - before);
        let before = processor_time();
        let store = store_loop(&folder.path().join(format!("store-{round}"))).await;
        report("store", store, processor_time() - before);
    }
}

/// How often a delivery was done, how many writes that took, and how many commits.
struct Done {
    deliveries: u64,
    writes: u64,
    commits: u64,
}

fn report(what: &str, done: Done, processor: Duration) {
    println!(
        "{what}: {:.0} deliveries/s, {:.1} writes per commit, {:.0} us of processor time per delivery",
        done.deliveries as f64 / DURATION.as_secs_f64(),
        done.writes as f64 / done.commits as f64,
        processor.as_secs_f64() * 1e6 / done.deliveries as f64,
    );
}

/// What all threads of this process have used, callers included. Says more than a rate where others work beside.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("this process");
    let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
    // User and system time, in hundredths of a second.
    let ticks = fields.split_ascii_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().expect("a number"));
    Duration::from_millis(10 * ticks.sum::<u64>())
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

async fn store_loop(folder: &Path) -> Done {
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
    Done { deliveries: done, writes: after.committed - before.committed, commits: after.commits - before.commits }
}

/// One delivery through the store.
async fn deliver(store: Arc<SqliteStore>, dice: Arc<SeededDice>, prepared: Prepared, now: Timestamp) {
    let mut run = new_run(prepared.flow);
    (run.id, first(&mut run).id) = (RunId::new(now, &*dice), DeliveryId::new(now, &*dice));
    run.submission = "x".repeat(SUBMISSION_BYTES);
    first(&mut run).input = "x".repeat(SUBMISSION_BYTES);
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
async fn plain_loop(database: &Path) -> Done {
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
    Done { deliveries: done, writes: 2 * done, commits }
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
