//! What SQLite's errors mean to those who use a store.

use std::path::Path;

use rusqlite::{ErrorCode, ffi};
use sluse_store::StoreError;

/// Why a piece of work did not do what it was asked: the database failed, or the work was refused.
#[derive(Debug)]
pub(crate) enum Failure {
    Database(rusqlite::Error),
    Refused(StoreError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl Failure {
    /// What the caller is told.
    pub(crate) fn explain(self, database: &Path) -> StoreError {
        match self {
            Self::Database(error) => explain(&error, database),
            Self::Refused(error) => error,
        }
    }
}

/// What an error of SQLite means for whoever runs the host.
pub(crate) fn explain(error: &rusqlite::Error, database: &Path) -> StoreError {
    let path = database.display().to_string();
    let detail = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { path },
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            StoreError::NotWritable { path, detail }
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged { path, detail },
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(_) => StoreError::Unavailable(detail),
        None if is_unreadable_value(error) => StoreError::Damaged { path, detail },
        None => StoreError::Unavailable(detail),
    }
}

/// A value that this release cannot have written.
fn is_unreadable_value(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};
    matches!(error, FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..))
}

/// Whether the disk refused to keep what it had accepted. Afterwards the page cache no longer says what is on
/// the disk, and only a new start reads the truth.
pub(crate) fn is_broken_disk(error: &rusqlite::Error, while_committing: bool) -> bool {
    let rusqlite::Error::SqliteFailure(failure, _) = error else { return false };
    let synced = matches!(failure.extended_code, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC);
    synced || (while_committing && failure.code == ErrorCode::SystemIoFailure)
}

/// What an error of the file system means for whoever runs the host.
pub(crate) fn explain_io(error: &std::io::Error, path: &Path) -> StoreError {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full,
        ErrorKind::PermissionDenied
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::NotADirectory
        | ErrorKind::NotFound
        | ErrorKind::AlreadyExists => {
            StoreError::NotWritable { path: path.display().to_string(), detail: error.to_string() }
        }
        _ => StoreError::Unavailable(format!("`{}`: {error}", path.display())),
    }
}
