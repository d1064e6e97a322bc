//! Installed revisions of connectors. Their bytes are contents under the revision's digest.

use async_trait::async_trait;
use sluse_model::{Digest, Name, Revision, Timestamp};

use crate::StoreError;

/// Installed revisions of connectors. At most one revision of a connector is active, at every moment.
#[async_trait]
pub trait Connectors: Send + Sync {
    /// Keeps a revision whose bytes are already among the contents (`NotFound` otherwise). It begins as
    /// `Installed`, whatever `standing` says. Installing the same digest again changes nothing.
    async fn install(&self, revision: Revision) -> Result<(), StoreError>;

    /// Makes an installed revision the active one and retires the one before, in one step: every claim sees
    /// either the old one or the new one. Gives the digest that was active. `NotFound` when the connector has no
    /// such revision. Activating the active one changes nothing.
    async fn activate(&self, connector: &Name, digest: &Digest, now: Timestamp) -> Result<Option<Digest>, StoreError>;

    /// All revisions of all connectors, by connector, the latest installed first.
    async fn revisions(&self) -> Result<Vec<Revision>, StoreError>;

    /// The active revision of a connector.
    async fn active(&self, connector: &Name) -> Result<Option<Revision>, StoreError>;

    /// The revision of this digest.
    async fn revision(&self, digest: &Digest) -> Result<Option<Revision>, StoreError>;
}
