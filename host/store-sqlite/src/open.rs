//! From a folder to a store: the folder, its lock, the database in it and what a former process left behind.

use std::{
    ffi::c_int,
    fmt,
    fs::{DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig, hooks::Wal};
use rustix::fs::{FlockOperation, flock};
use sluse_store::StoreError;
use tracing::error;

use crate::{
    error::{explain, explain_io, is_broken_disk},
    migrations, readers,
};

/// What to do when the disk did not keep what it had accepted.
pub type OnBrokenDisk = Arc<dyn Fn() + Send + Sync>;

/// Where the data is, and what to do when the disk breaks.
#[derive(Clone)]
pub struct SqliteSettings {
    /// Holds the database, its lock and the contents. Made, readable by its owner only, when it is not there.
    pub folder: PathBuf,
    /// Ends the process, unless a test wants to see that it would.
    pub on_broken_disk: OnBrokenDisk,
}

impl SqliteSettings {
    /// Data in `folder`; a broken disk ends the process.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), on_broken_disk: Arc::new(|| std::process::abort()) }
    }

    /// Where the database is.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join("sluse.sqlite3")
    }
}

impl fmt::Debug for SqliteSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteSettings").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Others that write to the file are not ours: somebody looks at it with a tool. Longer than a look takes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection keeps at most this much of the database in memory, in KiB.
const WRITER_CACHE_KIB: i64 = 8 * 1024;
const READER_CACHE_KIB: i64 = 2 * 1024;

/// The log is cut back to this after it has been carried over, in bytes.
const MAX_IDLE_LOG_BYTES: i64 = 64 << 20;

/// The log is carried over into the database when it has so many pages, 16 MiB of them. The pages that every commit
/// writes are carried over once, however often they stand in the log.
const LOG_PAGES: i64 = 4096;

/// Statements that a connection keeps prepared: all that there are.
const STATEMENTS: usize = 128;

/// The lock on a folder. Held until it is dropped, or the process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Makes the folder when it is missing, and locks it.
pub(crate) fn lock(settings: &SqliteSettings) -> Result<Lock, StoreError> {
    make_folder(&settings.folder)?;
    let path = settings.folder.join("sluse.lock");
    let file = private().open(&path).map_err(|error| explain_io(&error, &path))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Lock { _file: file }),
        Err(rustix::io::Errno::WOULDBLOCK) => {
            Err(StoreError::Locked { path: settings.database().display().to_string() })
        }
        Err(error) => Err(explain_io(&io::Error::from(error), &path)),
    }
}

/// Makes a folder that only its owner may read.
pub(crate) fn make_folder(folder: &Path) -> Result<(), StoreError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| explain_io(&error, folder))
}

/// Makes the entries of a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options
}

/// The connection that writes, to a database of the present schema.
pub(crate) fn open_writer(settings: &SqliteSettings) -> Result<Connection, StoreError> {
    let path = settings.database();
    // SQLite gives its other files the mode of this one.
    drop(private().open(&path).map_err(|error| explain_io(&error, &path))?);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = connect(&path, flags).map_err(|error| explain(&error, &path))?;
    let mode = set_up_writer(&mut connection, settings).map_err(|error| explain(&error, &path))?;
    if mode != "wal" {
        let detail = format!("journal mode `{mode}` instead of `wal`; use a local disk");
        return Err(StoreError::Unavailable(detail));
    }
    migrations::migrate(&mut connection, &path)?;
    void_leases(&connection).map_err(|error| explain(&error, &path))?;
    sync_folder(&settings.folder).map_err(|error| explain_io(&error, &settings.folder))?;
    Ok(connection)
}

/// The connections that read.
pub(crate) fn open_readers(settings: &SqliteSettings) -> Result<Vec<Connection>, StoreError> {
    (0..readers::COUNT).map(|_| open_reader(&settings.database())).collect()
}

/// A connection that reads.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connect = || {
        let connection = connect(path, flags)?;
        connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        Ok(connection)
    };
    connect().map_err(|error| explain(&error, path))
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Plans do not depend on values: otherwise statements over partial indexes are planned anew each time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

fn set_up_writer(connection: &mut Connection, settings: &SqliteSettings) -> rusqlite::Result<String> {
    let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "journal_size_limit", MAX_IDLE_LOG_BYTES)?;
    let on_broken_disk = settings.on_broken_disk.clone();
    connection.wal_hook(Some(move |log: &mut Wal, pages: c_int| {
        carry_over(log, pages, &on_broken_disk);
        Ok(())
    }))?;
    Ok(mode)
}

/// Carries a log that has grown over into the database, after a commit. SQLite by itself would not say that the disk did
/// not keep that.
fn carry_over(log: &mut Wal, pages: c_int, on_broken_disk: &OnBrokenDisk) {
    // What cannot be carried over, on a full disk, for one, stays in the log, and the next commit tries again.
    if i64::from(pages) >= LOG_PAGES
        && let Err(error) = log.checkpoint()
        && is_broken_disk(&error, false)
    {
        error!(%error, "the disk did not keep what was carried over: the process ends, and the next start recovers");
        on_broken_disk();
    }
}

/// The folder is ours alone, so whoever held a lease is gone: what was under way is reported as lapsed at once.
fn void_leases(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("UPDATE deliveries SET lease_until = 0 WHERE state = 'running'", [])?;
    connection.execute("UPDATE ticks SET lease_until = 0 WHERE state = 'running'", []).map(drop)
}
