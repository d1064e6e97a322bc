//! Files of a run: submitted ones, and those that connectors created or kept.

use serde::{Deserialize, Serialize};

use crate::{AttachmentId, Digest};

/// A file of a run. Its content is kept once under its digest and never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub id: AttachmentId,
    /// The file name as submitted. Text of a stranger: never a path.
    pub name: String,
    /// The media type as submitted.
    pub media_type: String,
    pub size_bytes: u64,
    /// SHA-256 of the content.
    pub digest: Digest,
}
