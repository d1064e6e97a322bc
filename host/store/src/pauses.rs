//! Connections at which somebody lets nothing begin.

use async_trait::async_trait;
use sluse_model::{Name, Pause};

use crate::StoreError;

/// Connections at which somebody lets nothing begin.
#[async_trait]
pub trait Pauses: Send + Sync {
    /// Pauses a connection. One that is paused already stays so since then, for the new reason. `NotFound` when there
    /// is no such connection.
    async fn pause(&self, connection: Name, pause: Pause) -> Result<(), StoreError>;

    /// Ends the pause of a connection; `false` when it was not paused.
    async fn resume(&self, connection: Name) -> Result<bool, StoreError>;

    /// Those that are paused, by name.
    async fn pauses(&self) -> Result<Vec<(Name, Pause)>, StoreError>;
}
