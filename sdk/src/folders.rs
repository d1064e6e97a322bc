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
