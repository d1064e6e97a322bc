//! Who may ask the host for what. The store sees hashes of tokens, never a token.

use async_trait::async_trait;
use sluse_model::{Digest, Timestamp, Token, TokenId};

use crate::StoreError;

/// What became of the wish to revoke a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    Revoked,
    /// There is none, or it was revoked before.
    Unknown,
    /// No other live token allows everything: without it nobody could make another. Nothing has changed.
    LastAdmin,
}

/// API tokens under the SHA-256 of their text.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// Keeps a new token.
    async fn create_token(&self, token: Token, hash: Digest) -> Result<(), StoreError>;

    /// All tokens with their hashes, revoked ones too, the oldest first.
    async fn tokens(&self) -> Result<Vec<(Token, Digest)>, StoreError>;

    /// Revokes a token for good, in one transaction: of two that go at once, one leaves an admin token.
    async fn revoke_token(&self, id: TokenId, now: Timestamp) -> Result<Revocation, StoreError>;
}
