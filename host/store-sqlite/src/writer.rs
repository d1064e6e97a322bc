//! The one thread that writes. It commits whatever queued while the last commit was synced to disk, so the
//! number of syncs follows the disk and not the callers (adaptive group commit). Nothing here waits for more
//! work, and no batch size is configured.

use std::{
    cell::Cell,
    fmt,
    ops::Deref,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{Builder, JoinHandle},
    time::Instant,
};

use rusqlite::Connection;
use sluse_store::{Commits, StoreError};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{debug_span, error};

use crate::{
    error::{Failure, explain, is_broken_disk},
    open::OnBrokenDisk,
};

/// Work that may wait for the writer; further callers wait for a place. More than one batch's worth would
/// only be memory.
const MAX_QUEUED: usize = 1024;

/// Work in one commit. Bounds how long the first in a batch waits for the others: some ten milliseconds.
const MAX_BATCH: usize = 1024;

/// A transaction that is open, for one piece of work in it.
pub(crate) struct Write<'a> {
    connection: &'a Connection,
    wakes: &'a Cell<bool>,
}

impl Write<'_> {
    /// Says that a delivery may have become due: whoever waits for work is woken after the commit.
    pub(crate) fn wake(&self) {
        self.wakes.set(true);
    }
}

impl Deref for Write<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

/// A piece of work with someone who waits for its result.
trait Work: Send {
    /// Does it, inside the open transaction; again, when that transaction was undone for the sake of another.
    fn perform(&mut self, write: &Write<'_>) -> Result<(), Failure>;

    /// Answers, once the commit is durable or has failed.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Task<T, F> {
    action: F,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Work for Task<T, F>
where
    T: Send,
    F: Fn(&Write<'_>) -> Result<T, Failure> + Send,
{
    fn perform(&mut self, write: &Write<'_>) -> Result<(), Failure> {
        self.result = Some((self.action)(write)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { result, reply, .. } = *self;
        let answer = committed.map(|()| result.expect("work that committed was performed"));
        // Nobody waits when the caller was cancelled; what is committed stays.
        let _ = reply.send(answer);
    }
}

/// What the writer has done since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statistics {
    /// Commits, each synced to disk once.
    pub commits: u64,
    /// Pieces of work that were committed.
    pub committed: u64,
}

/// What is noted of commits, by the writer alone; others only look.
#[derive(Debug, Default)]
struct Counters(Mutex<Commits>);

impl Counters {
    fn noted(&self) -> MutexGuard<'_, Commits> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The way to the writer.
pub(crate) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Box<dyn Work>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    wakeups: watch::Sender<u64>,
    counters: Arc<Counters>,
    /// The result code of SQLite that the next commit fails with.
    #[cfg(test)]
    pub(crate) next_commit_fails: Arc<Mutex<Option<i32>>>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("counters", &self.counters).finish_non_exhaustive()
    }
}

impl Writer {
    /// Starts the thread. `held` is what must stay alive as long as it writes.
    pub(crate) fn start(
        connection: Connection,
        database: PathBuf,
        on_broken_disk: OnBrokenDisk,
        held: impl Send + 'static,
    ) -> Result<Self, StoreError> {
        let (queue, work) = mpsc::channel(MAX_QUEUED);
        let wakeups = watch::Sender::new(0);
        let counters = Arc::new(Counters::default());
        #[cfg(test)]
        let next_commit_fails = Arc::<Mutex<Option<i32>>>::default();
        let desk = Desk {
            connection,
            database,
            work,
            wakeups: wakeups.clone(),
            counters: counters.clone(),
            on_broken_disk,
            #[cfg(test)]
            next_commit_fails: next_commit_fails.clone(),
        };
        let thread = Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                desk.serve();
                drop(held);
            })
            .map_err(|error| StoreError::Unavailable(format!("no thread for the writer: {error}")))?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            thread: Mutex::new(Some(thread)),
            wakeups,
            counters,
            #[cfg(test)]
            next_commit_fails,
        })
    }

    /// Does `action` in the next commit. When this returns, the commit is durable. An `action` that fails leaves
    /// nothing behind; one that succeeded may be done again from the start, before anybody sees its result.
    pub(crate) async fn write<T, F>(&self, action: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Write<'_>) -> Result<T, Failure> + Send + 'static,
    {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(closed)?;
        let (reply, answer) = oneshot::channel();
        let task = Box::new(Task { action, result: None, reply });
        queue.send(task).await.map_err(|_| closed())?;
        drop(queue);
        answer.await.map_err(|_| closed())?
    }

    pub(crate) fn wakeups(&self) -> watch::Receiver<u64> {
        self.wakeups.subscribe()
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let noted = self.counters.noted();
        // Sums of whole numbers, far below where those have gaps.
        Statistics { commits: noted.sizes.count(), committed: noted.sizes.sum() as u64 }
    }

    pub(crate) fn commits(&self) -> Commits {
        self.counters.noted().clone()
    }

    /// Takes no further work, finishes what is queued and lets go of the database. Blocks until then.
    pub(crate) fn stop(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            error!("the store's writer ended with a panic");
        }
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("it is closed".to_owned())
}

/// What the writer's thread has before it.
struct Desk {
    connection: Connection,
    database: PathBuf,
    work: mpsc::Receiver<Box<dyn Work>>,
    wakeups: watch::Sender<u64>,
    counters: Arc<Counters>,
    on_broken_disk: OnBrokenDisk,
    #[cfg(test)]
    next_commit_fails: Arc<Mutex<Option<i32>>>,
}

impl Desk {
    fn serve(mut self) {
        while let Some(first) = self.work.blocking_recv() {
            self.serve_batch(first);
        }
        // The last connection to close carries the log over into the database.
        if let Err((_, error)) = self.connection.close() {
            error!(%error, "the database could not be closed cleanly; the next start recovers it");
        }
    }

    fn serve_batch(&mut self, first: Box<dyn Work>) {
        let mut batch = Batch::default();
        let result = match run(&self.connection, "BEGIN IMMEDIATE") {
            Ok(()) => self.fill(&mut batch, first).and_then(|()| {
                #[cfg(feature = "sabotage")]
                batch.acknowledge_early();
                self.commit(batch.done.len())
            }),
            Err(error) => {
                batch.done.push(first);
                Err(self.give_up(&error, false))
            }
        };
        if batch.wakes && result.is_ok() {
            self.wakeups.send_modify(|count| *count = count.wrapping_add(1));
        }
        for work in batch.done {
            work.answer(result.clone());
        }
    }

    /// Performs `first` and whatever else has queued by then. An error undoes the whole batch.
    fn fill(&mut self, batch: &mut Batch, first: Box<dyn Work>) -> Result<(), StoreError> {
        let mut next = Some(first);
        while let Some(work) = next {
            self.perform(batch, work)?;
            next = if batch.done.len() < MAX_BATCH { self.work.try_recv().ok() } else { None };
        }
        Ok(())
    }

    fn perform(&self, batch: &mut Batch, work: Box<dyn Work>) -> Result<(), StoreError> {
        if self.attempt(batch, work) {
            return Ok(());
        }
        // Failures in the middle are rare, and savepoints for all the others cost a copy of every page that they
        // touch: so the whole transaction is undone, and the others are done again.
        loop {
            self.begin_again()?;
            batch.wakes = false;
            let mut others = std::mem::take(&mut batch.done).into_iter();
            let all_whole = others.by_ref().all(|work| self.attempt(batch, work));
            batch.done.extend(others);
            if all_whole {
                return Ok(());
            }
        }
    }

    /// Does a piece of work, and answers it when it fails. `false` when it left something that must be undone.
    fn attempt(&self, batch: &mut Batch, mut work: Box<dyn Work>) -> bool {
        let wakes = Cell::new(false);
        let before = self.connection.total_changes();
        match work.perform(&Write { connection: &self.connection, wakes: &wakes }) {
            Ok(()) => {
                batch.done.push(work);
                batch.wakes |= wakes.get();
                true
            }
            Err(failure) => {
                if let Failure::Database(error) = &failure {
                    self.end_on_broken_disk(error, false);
                }
                work.answer(Err(failure.explain(&self.database)));
                // A full disk, for one, may have undone the whole transaction by itself.
                self.connection.total_changes() == before && !self.connection.is_autocommit()
            }
        }
    }

    fn begin_again(&self) -> Result<(), StoreError> {
        let begin = || {
            if !self.connection.is_autocommit() {
                run(&self.connection, "ROLLBACK")?;
            }
            run(&self.connection, "BEGIN IMMEDIATE")
        };
        begin().map_err(|error| self.give_up(&error, false))
    }

    fn commit(&self, batch: usize) -> Result<(), StoreError> {
        let _span = debug_span!("store.commit", batch).entered();
        let began = Instant::now();
        self.sync().map_err(|error| self.give_up(&error, true))?;
        let mut noted = self.counters.noted();
        noted.sizes.observe(batch as f64);
        noted.seconds.observe(began.elapsed().as_secs_f64());
        Ok(())
    }

    fn sync(&self) -> rusqlite::Result<()> {
        #[cfg(test)]
        if let Some(code) = self.next_commit_fails.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
        }
        run(&self.connection, "COMMIT")
    }

    /// Undoes the batch, and says why.
    fn give_up(&self, error: &rusqlite::Error, committing: bool) -> StoreError {
        self.end_on_broken_disk(error, committing);
        if !self.connection.is_autocommit()
            && let Err(error) = run(&self.connection, "ROLLBACK")
        {
            error!(%error, "a failed batch could not be rolled back");
        }
        explain(error, &self.database)
    }

    /// A disk that cannot be trusted ends the process.
    fn end_on_broken_disk(&self, error: &rusqlite::Error, committing: bool) {
        if is_broken_disk(error, committing) {
            error!(%error, "the disk did not keep what was written: the process ends, and the next start recovers");
            (self.on_broken_disk)();
        }
    }
}

/// Work that shares a commit.
#[derive(Default)]
struct Batch {
    done: Vec<Box<dyn Work>>,
    wakes: bool,
}

#[cfg(feature = "sabotage")]
impl Batch {
    fn acknowledge_early(&mut self) {
        if crate::sabotage::acknowledges_early() {
            for work in self.done.drain(..) {
                work.answer(Ok(()));
            }
            std::thread::sleep(crate::sabotage::COMMIT_LATER_BY);
        }
    }
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

#[cfg(test)]
mod tests;
