//! What can go wrong with secrets, and what to do about it. No text here holds a value.

use std::time::Duration;

use sluse_egress::{MIN_SECRET_BYTES, Refusal};
use sluse_model::{MAX_RETRY_AFTER_MS, Name};
use sluse_store::StoreError;

use crate::{UnsealError, vault::MAX_SECRET_BYTES};

/// Why the vault did not do what it was asked. Clones are the same failure told to several waiters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// Nobody has written the secret yet.
    #[error("secret `{secret}` does not exist: write it with `sluse secret set {secret}`")]
    NoSuchSecret {
        /// The name that was asked for.
        secret: Name,
    },
    /// The secret is there and may not go where the configuration sends it.
    #[error(
        "secret `{secret}` has not been confirmed for `{origin}`: if it may go there, write `sluse secret confirm {secret} {origin}`"
    )]
    Unconfirmed {
        /// The secret that stays.
        secret: Name,
        /// `https://login.example.dk:443`
        origin: String,
    },
    /// The secret may no longer go where the configuration sends it.
    #[error(
        "secret `{secret}` may no longer go to `{origin}`: if it may again, write `sluse secret confirm {secret} {origin}`"
    )]
    Withdrawn {
        /// The secret that stays.
        secret: Name,
        /// `https://login.example.dk:443`
        origin: String,
    },
    /// An origin was to be withdrawn to which the secret may not go anyway.
    #[error("secret `{secret}` may not go to `{origin}` anyway: `sluse secret list` shows where it may go")]
    NotConfirmed {
        /// The secret that was named.
        secret: Name,
        /// `https://login.example.dk:443`
        origin: String,
    },
    /// The value cannot be opened.
    #[error("secret `{secret}` cannot be opened: {cause}")]
    Sealed {
        /// Whose value it is.
        secret: Name,
        /// Why not.
        cause: UnsealError,
    },
    /// The value has no bytes.
    #[error(
        "the value of secret `{secret}` is empty: write at least one byte to standard input of `sluse secret set {secret}`, better {MIN_SECRET_BYTES}"
    )]
    Empty {
        /// The name that was to be written.
        secret: Name,
    },
    /// The value is too large.
    #[error("the value of secret `{secret}` has {size_bytes} bytes: at most {MAX_SECRET_BYTES} are kept")]
    TooLarge {
        /// The name that was to be written.
        secret: Name,
        /// How large it is.
        size_bytes: usize,
    },
    /// The connection's own configuration cannot be used for signing in.
    #[error("endpoint `{endpoint}` of connection `{connection}` cannot sign in: {reason}")]
    Unusable {
        /// The connection.
        connection: Name,
        /// Its endpoint.
        endpoint: Name,
        /// What is wrong, and what to write.
        reason: String,
    },
    /// A text that should be an origin is none.
    #[error(
        "`{0}` is no origin: write scheme, host and, unless it is the usual one, port, as in `https://login.example.dk:8443`"
    )]
    NoOrigin(String),
    /// A rule of egress forbade the token request. Nothing was sent.
    #[error("the token endpoint `{origin}` may not be asked: {refusal}")]
    Forbidden {
        /// The token endpoint.
        origin: String,
        /// Which rule.
        refusal: Refusal,
    },
    /// The token endpoint understood and refused: asking again does not help until somebody changes something.
    #[error("the token endpoint `{origin}` refused: {reason}")]
    Refused {
        /// The token endpoint.
        origin: String,
        /// Status, OAuth error and the first line of its description, scrubbed.
        reason: String,
    },
    /// The token endpoint could not answer, or not with a token.
    #[error("the token endpoint `{origin}` gave no token: {reason}")]
    Unavailable {
        /// The token endpoint.
        origin: String,
        /// What happened.
        reason: String,
        /// How long it asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// The store did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl VaultError {
    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Store(StoreError::Unavailable(_) | StoreError::Stale(_)))
    }

    /// How long the token endpoint asked to be left alone, at most [`MAX_RETRY_AFTER_MS`].
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => {
                retry_after.map(|wait| wait.min(Duration::from_millis(MAX_RETRY_AFTER_MS)))
            }
            _ => None,
        }
    }
}
