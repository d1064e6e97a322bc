//! Files that were published into folders: which, and by what bytes. A folder alone does not say so: whoever reads from
//! it takes the files away. What an attempt leaves in a folder is known before it is there, so that nothing is left for
//! good, and nobody else's files are touched.

use async_trait::async_trait;
use sluse_model::{DeliveryId, Digest, Lease, Name, PublicationId, Timestamp};

use crate::StoreError;

/// An attempt at publishing a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPublication {
    pub id: PublicationId,
    pub delivery: DeliveryId,
    /// The lease that the attempt is worked on under.
    pub lease: Lease,
    pub now: Timestamp,
    pub file: PublishedName,
    /// Of its bytes.
    pub digest: Digest,
    /// The attempt before, which came to nothing, and of which nothing is left in the folder.
    pub instead_of: Option<PublicationId>,
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

/// What is known of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publication {
    pub id: PublicationId,
    /// Of its bytes.
    pub digest: Digest,
    pub state: PublicationState,
}

/// How far an attempt at publishing a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicationState {
    /// It is not there. Something may be staged in the folder.
    Staged,
    /// It may get its name at any moment, or may have got it.
    Begun,
    /// Whether it got its name cannot be told from the folder.
    InDoubt,
    /// It was there under its name.
    Published,
}

/// Files that were published. They are remembered for good: a name is good for one file.
#[async_trait]
pub trait Publications: Send + Sync {
    /// What is known of a file.
    async fn publication(&self, file: &PublishedName) -> Result<Option<Publication>, StoreError>;

    /// Notes that a file is about to be staged. Durable when it returns: only then may anything appear in the folder.
    /// `Stale` when the lease is no longer held, or something else is known of this file than what it is instead of.
    async fn stage_publication(&self, publication: NewPublication) -> Result<(), StoreError>;

    /// Notes that a staged file is about to get its name. Durable when it returns: only then may it. `Stale` when the
    /// lease is no longer held, or this attempt is not the one that is staged.
    async fn begin_publication(&self, delivery: DeliveryId, lease: Lease, id: PublicationId) -> Result<(), StoreError>;

    /// Notes that a file was published, also when that is known already. `Stale` when this attempt was never about to.
    async fn end_publication(&self, id: PublicationId) -> Result<(), StoreError>;

    /// Notes that an attempt has not published its file, and will not. Comes after everything that was asked of it
    /// before. `Stale` when it is known to have, or is not the one that is known.
    async fn withdraw_publication(&self, id: PublicationId) -> Result<(), StoreError>;

    /// Notes that nobody can tell whether a file was published, and that this delivery stands for it: what a person says
    /// of the delivery's doubts is said of the file. `Stale` when the lease is no longer held, or it is known.
    async fn doubt_publication(&self, delivery: DeliveryId, lease: Lease, id: PublicationId) -> Result<(), StoreError>;

    /// Notes that nothing of an attempt is left in the folder but the published file, if it was.
    async fn tidied_publication(&self, id: PublicationId) -> Result<(), StoreError>;

    /// Attempts behind `after` that may have left something in a folder and are over: published, or of a delivery that is
    /// closed. In the order of their ids, at most `limit`.
    async fn publications_to_tidy(
        &self,
        after: Option<PublicationId>,
        limit: u32,
    ) -> Result<Vec<(PublishedName, Publication)>, StoreError>;
}
