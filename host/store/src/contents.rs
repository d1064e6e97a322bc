//! Bytes under their digest: attachments and components.

use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use sluse_model::Digest;
use tokio::io::AsyncRead;

use crate::StoreError;

/// Bytes that were kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    pub digest: Digest,
    pub size_bytes: u64,
}

/// Reads a content, piece by piece.
pub type ContentReader = Pin<Box<dyn AsyncRead + Send>>;

/// Bytes under their digest. The same bytes are kept once.
#[async_trait]
pub trait Contents: Send + Sync {
    /// Begins a new content. What is not finished leaves nothing behind.
    async fn write_content(&self) -> Result<Box<dyn ContentWriter>, StoreError>;

    /// The bytes from `offset` to the end. `None` when there is no such content.
    async fn read_content(&self, digest: &Digest, offset: u64) -> Result<Option<ContentReader>, StoreError>;

    /// Gives up a content that was finished and that nothing will refer to. It goes, unless something refers to it,
    /// or somebody else finished the same bytes and has neither given them up nor made anything refer to them.
    async fn discard_content(&self, digest: &Digest) -> Result<(), StoreError>;

    /// Whether there is such a content, and its size in bytes.
    async fn content_size(&self, digest: &Digest) -> Result<Option<u64>, StoreError>;
}

/// Takes the bytes of a content, piece by piece, without keeping them in memory.
#[async_trait]
pub trait ContentWriter: Send {
    /// Takes the next piece.
    async fn write(&mut self, piece: Bytes) -> Result<(), StoreError>;

    /// Keeps the content durably, and says what it is called.
    async fn finish(self: Box<Self>) -> Result<Content, StoreError>;
}
