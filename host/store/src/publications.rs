//! Files that were published into folders: which, and by what bytes. A folder alone does not say so: whoever reads from
//! it takes the files away.

use async_trait::async_trait;
use sluse_model::{DeliveryId, Digest, Lease, Name, Timestamp};

use crate::StoreError;

/// A file that is about to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPublication {
    pub delivery: DeliveryId,
    /// The lease that the attempt is worked on under.
    pub lease: Lease,
    pub now: Timestamp,
    pub file: PublishedName,
    /// Of its bytes.
    pub digest: Digest,
}

/// What names a published file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PublishedName {
    pub connection: Name,
    /// As the connection calls it.
    pub folder: Name,
    /// The file's name.
    pub name: String,
}

/// A file that was published, or was about to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publication {
    /// Of its bytes.
    pub digest: Digest,
    /// It is known to have been there under its name.
    pub is_published: bool,
}

/// Files that were published. They are remembered for good: a name is good for one file.
#[async_trait]
pub trait Publications: Send + Sync {
    /// What is known of a file.
    async fn publication(&self, file: &PublishedName) -> Result<Option<Publication>, StoreError>;

    /// Notes that a file is about to be published. Durable when it returns: only then may it appear. `Stale` when the
    /// lease is no longer held, or something else is known of this file meanwhile; then nothing is noted.
    async fn begin_publication(&self, publication: NewPublication) -> Result<(), StoreError>;

    /// Notes that a file was published with these bytes. Nothing is noted when others are known.
    async fn end_publication(&self, file: PublishedName, digest: Digest) -> Result<(), StoreError>;

    /// Forgets a file that was about to be published with these bytes and never was.
    async fn withdraw_publication(&self, file: PublishedName, digest: Digest) -> Result<(), StoreError>;
}
