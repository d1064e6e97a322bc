//! From bytes to a connector.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;

use crate::Connector;

/// Turns the bytes of a component into a connector that is ready to serve.
#[async_trait]
pub trait Loader: Send + Sync + fmt::Debug {
    /// Verifies the component (size, types, imports), compiles it away from the threads that serve, links it
    /// and runs its `describe` without any grant. Quick when the same bytes were compiled before.
    async fn load(&self, component: Bytes) -> Result<Arc<dyn Connector>, LoadError>;
}

/// Why bytes did not become a connector. Each message says what is wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// More bytes than a component may have.
    #[error(
        "the component is {size_bytes} bytes, and at most {limit_bytes} are accepted: strip it, or build it in release mode"
    )]
    TooLarge { size_bytes: u64, limit_bytes: u64 },
    /// Not a component at all: a core module, a text, something cut off.
    #[error("this is not a WebAssembly component: {0}")]
    NotAComponent(String),
    /// It imports what the host does not offer.
    #[error("it imports `{import}`, which the host does not offer: {advice}")]
    UnknownImport { import: String, advice: String },
    /// It exports nothing of the contract, or with other types.
    #[error("it does not export `{export}` of the contract: {detail}")]
    MissingExport { export: String, detail: String },
    /// It could not be compiled within the limits.
    #[error("it could not be compiled: {0}")]
    NotCompiled(String),
    /// `describe` trapped, ran out of a limit, or said what cannot be right.
    #[error("its `describe` failed: {0}")]
    BadDescription(String),
    /// The host could not do it now: the disk, the compiler's process.
    #[error("{0}")]
    Unavailable(String),
}
