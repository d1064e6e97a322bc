//! Folders that the operator granted to the connection.

use crate::host;

pub use crate::bindings::connector::sluse::connector::folders::FolderError;

/// Publishes a whole file, or nothing. Success when a file of the same name with the same bytes is
/// already there.
///
/// # Errors
/// Why it could not be published.
pub fn put(folder: &str, name: &str, bytes: &[u8]) -> Result<(), FolderError> {
    host::folders::put(folder, name, bytes)
}

/// The whole file of this name, a receipt for example; `None` when there is no such file.
///
/// # Errors
/// Why it could not be read.
pub fn read(folder: &str, name: &str) -> Result<Option<Vec<u8>>, FolderError> {
    host::folders::read(folder, name)
}
