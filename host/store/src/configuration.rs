//! Connections, flows and schedules: what `sluse apply` writes.

use async_trait::async_trait;
use sluse_model::{Connection, Digest, Flow, LimitsSince, Name, Schedule, Timestamp};

use crate::StoreError;

/// A connection as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredConnection {
    pub connection: Connection,
    /// Grows with every change of this connection; what was built from an older one is built anew.
    pub version: u64,
    pub changed_at: Timestamp,
}

/// A version of a flow as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredFlow {
    pub flow: Flow,
    /// Names this version: the digest of its JSON text.
    pub digest: Digest,
    pub changed_at: Timestamp,
}

/// Connections, flows and schedules. Applied whole or not at all.
#[async_trait]
pub trait Configuration: Send + Sync {
    /// Writes all of them in one transaction. What is unchanged keeps its version; what is not named stays.
    /// Every version of a flow is kept for the runs that began with it.
    /// A schedule whose cadence is changed, or that is switched on or off, has no tick to come until one is planned.
    async fn apply(
        &self,
        connections: Vec<Connection>,
        flows: Vec<Flow>,
        schedules: Vec<Schedule>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Keeps a version of a flow of the host's own, for runs that begin with it, and gives its digest. It is present
    /// nowhere. Keeping it again changes nothing.
    async fn keep_flow(&self, flow: Flow, now: Timestamp) -> Result<Digest, StoreError>;

    /// All connections, by name.
    async fn connections(&self) -> Result<Vec<StoredConnection>, StoreError>;

    /// The connection of this name.
    async fn connection(&self, name: &Name) -> Result<Option<StoredConnection>, StoreError>;

    /// How often the deliveries of this connection are tried, and were to be tried before, in the order in which it was
    /// applied. Each change is kept for good.
    async fn attempt_limits(&self, connection: &Name) -> Result<Vec<LimitsSince>, StoreError>;

    /// The present version of all flows, by name.
    async fn flows(&self) -> Result<Vec<StoredFlow>, StoreError>;

    /// The present version of the flow of this name.
    async fn flow(&self, name: &Name) -> Result<Option<StoredFlow>, StoreError>;

    /// A version of a flow, present or past.
    async fn flow_version(&self, digest: &Digest) -> Result<Option<StoredFlow>, StoreError>;
}
