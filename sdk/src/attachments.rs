//! The files of the run: submitted ones, and those that earlier calls created or kept.

use crate::host;

pub use crate::bindings::connector::sluse::connector::attachments::{Attachment, AttachmentError};

/// All attachments of the run, in the order of submission.
///
/// # Errors
/// Why the host could not tell; `?` says `unavailable`.
pub fn all() -> Result<Vec<Attachment>, AttachmentError> {
    host::attachments::all()
}

/// One attachment by its id.
///
/// # Errors
/// `NotFound` when the run has no such attachment, or why the host could not tell.
pub fn get(id: &str) -> Result<Attachment, AttachmentError> {
    host::attachments::get(id)
}

/// Up to `length_bytes` bytes from `offset_bytes`; fewer at the end, none behind it. To send a file on,
/// name it in a request instead: the host streams it.
///
/// # Errors
/// Why it could not be read.
pub fn read(id: &str, offset_bytes: u64, length_bytes: u32) -> Result<Vec<u8>, AttachmentError> {
    host::attachments::read(id, offset_bytes, length_bytes)
}

/// Keeps bytes as a new attachment of the run.
///
/// # Errors
/// Why it could not be kept.
pub fn create(name: &str, media_type: &str, bytes: &[u8]) -> Result<Attachment, AttachmentError> {
    host::attachments::create(name, media_type, bytes)
}
