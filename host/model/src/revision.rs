//! A connector's installed components.

use serde::{Deserialize, Serialize};

use crate::{Description, Digest, Name, Timestamp};

/// One component of a connector, installed under the digest of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    pub connector: Name,
    /// SHA-256 of the component's bytes.
    pub digest: Digest,
    /// Size of the component.
    pub size_bytes: u64,
    /// What `describe` said when it was installed.
    pub description: Description,
    pub installed_at: Timestamp,
    pub standing: RevisionStanding,
}

/// Whether a revision serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "kebab-case")]
pub enum RevisionStanding {
    /// Every attempt that begins now runs on it. At most one revision of a connector is active.
    Active { since: Timestamp },
    /// It was active until then; rollback goes to the latest of these.
    Retired { since: Timestamp },
    /// It was installed and never active.
    Installed,
}
