//! Durable state in one folder: an embedded SQLite database and content-addressed files beside it. One thread
//! writes and commits in groups; reads go on beside it. What is promised is `sluse-store`'s business; here
//! is how this database keeps it. One process at a time, held by a lock.

mod batches; // one act on many deliveries
mod callbacks; // answers that targets give
mod configuration; // connections and flows
mod connectors; // installed revisions
mod contents; // bytes under their digest
mod deliveries; // work that waits, and who is doing it
mod error; // what SQLite's errors mean
mod feeds; // polls, and the items that they find
mod journal; // what must happen once
mod migrations; // how the schema came to be
mod numbers; // numbers that are handed out once
mod open; // from a folder to a store
mod pages; // lists in parts
mod pauses; // connections at which nothing begins
mod publications; // files that were published
mod readers; // connections that only read
mod retention; // what is given up in time
mod runs; // submissions and what became of them
#[cfg(feature = "sabotage")]
mod sabotage; // how a proof is shown to fail
mod schedules; // what happens again and again
mod secrets; // sealed values
mod tokens; // who may ask
mod values; // values of the model in columns
mod writer; // the one thread that writes

use std::{
    fmt,
    sync::{Arc, atomic::AtomicI64},
};

use async_trait::async_trait;
use sluse_model::Clock;
use sluse_store::{Commits, Store, StoreError};
use tokio::{sync::watch, task::spawn_blocking};

pub use open::{OnBrokenDisk, SqliteSettings};
pub use writer::Statistics;

use contents::{ContentFolder, Sweeper};
use readers::Readers;
use writer::Writer;

/// A store in a folder. Dropping it finishes what is queued, which blocks for a moment; [`Store::close`] does
/// the same without blocking.
pub struct SqliteStore {
    writer: Arc<Writer>,
    readers: Arc<Readers>,
    contents: Arc<ContentFolder>,
    sweeper: Arc<Sweeper>,
    /// The time of the latest claim: an earlier one says that the clock stepped back. Later than all before the
    /// first, because nobody knows what the clock of a former process said.
    claimed_at_ms: AtomicI64,
    /// The connection that the latest claim ended with, by its key: the next one begins behind it.
    claimed_connection: AtomicI64,
    #[cfg(feature = "temporary")]
    _folder: Option<tempfile::TempDir>,
}

impl SqliteStore {
    /// Opens the store in the folder that `settings` name, and makes it when it is not there. Blocks for some
    /// milliseconds. What was running when a former process ended is lapsed.
    pub fn open(settings: SqliteSettings, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let lock = Arc::new(open::lock(&settings)?);
        let contents =
            Arc::new(ContentFolder::open(&settings.folder.join("contents"), clock, settings.on_broken_disk.clone())?);
        let connection = open::open_writer(&settings)?;
        let readers = Readers::new(open::open_readers(&settings)?, &settings.database());
        let sweeper = Sweeper::start(contents.clone(), open::open_reader(&settings.database())?, lock.clone())?;
        let writer = Writer::start(connection, settings.database(), settings.on_broken_disk, lock)?;
        Ok(Self {
            writer: Arc::new(writer),
            readers: Arc::new(readers),
            contents,
            sweeper: Arc::new(sweeper),
            claimed_at_ms: AtomicI64::new(i64::MAX),
            claimed_connection: AtomicI64::new(0),
            #[cfg(feature = "temporary")]
            _folder: None,
        })
    }

    /// A store in a temporary folder that goes away with it. For tests.
    #[cfg(feature = "temporary")]
    pub fn temporary(clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let folder = tempfile::tempdir().map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let mut store = Self::open(SqliteSettings::new(folder.path()), clock)?;
        store._folder = Some(folder);
        Ok(store)
    }

    /// What the writer has done since the store was opened.
    pub fn statistics(&self) -> Statistics {
        self.writer.statistics()
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn health(&self) -> Result<(), StoreError> {
        // A real write: a full disk lets an empty commit pass.
        let probe = "UPDATE host SET probe = probe + 1";
        self.writer.write(move |write| Ok(write.prepare_cached(probe)?.execute([]).map(drop)?)).await
    }

    fn commits(&self) -> Commits {
        self.writer.commits()
    }

    fn wakeups(&self) -> watch::Receiver<u64> {
        self.writer.wakeups()
    }

    async fn close(&self) {
        let (writer, readers, sweeper) = (self.writer.clone(), self.readers.clone(), self.sweeper.clone());
        let stopped = spawn_blocking(move || {
            sweeper.stop();
            readers.close();
            writer.stop();
        });
        if let Err(error) = stopped.await {
            tracing::error!(%error, "the store could not be closed cleanly; the next start recovers it");
        }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.sweeper.stop();
        self.readers.close();
        self.writer.stop();
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("statistics", &self.statistics()).finish_non_exhaustive()
    }
}
