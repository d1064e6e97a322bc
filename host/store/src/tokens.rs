//! Who may ask the host for what. The store sees hashes of tokens, never a token.

use async_trait::async_trait;
use sluse_model::{Digest, Timestamp, Token, TokenId};

use crate::StoreError;

/// API tokens under the SHA-256 of their text.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// Keeps a new token.
    async fn create_token(&self, token: Token, hash: Digest) -> Result<(), StoreError>;

    /// All tokens with their hashes, revoked ones too, the oldest first.
    async fn tokens(&self) -> Result<Vec<(Token, Digest)>, StoreError>;

    /// Revokes a token for good. `false` when there is none, or it was revoked before.
    async fn revoke_token(&self, id: TokenId, now: Timestamp) -> Result<bool, StoreError>;
}
