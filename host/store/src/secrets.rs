//! Sealed values, and what failed when somebody signed in with them. The store sees only what the vault has sealed or
//! digested under its key.

use async_trait::async_trait;
use sluse_model::{Digest, Name, SignInFailure, Timestamp};

use crate::StoreError;

/// A secret as it is kept: sealed by the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSecret {
    pub name: Name,
    /// Grows with every value; the seal binds name and version.
    pub version: u64,
    pub sealed: Vec<u8>,
    pub changed_at: Timestamp,
}

/// An origin that a secret may go to, or may no longer: scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretOrigin {
    pub secret: Name,
    /// `https://workzone.example.dk:443`
    pub origin: String,
    pub confirmed_at: Timestamp,
    /// When that was taken back; the secret may go there as long as it was not.
    pub withdrawn_at: Option<Timestamp>,
}

/// Failures that are kept of one account, the latest: more than any rule looks at.
pub const MAX_SIGN_IN_FAILURES: usize = 16;

/// Sealed values, and the origins that each may go to.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// Keeps a value. `Stale` unless its version follows [`Secrets::last_secret_version`], so that two writers
    /// never seal under the same version.
    async fn put_secret(&self, secret: SealedSecret) -> Result<(), StoreError>;

    /// The version of the last value that was ever kept under this name, removed or not; 0 when there was none.
    /// The next value is sealed under the version that follows.
    async fn last_secret_version(&self, name: &Name) -> Result<u64, StoreError>;

    /// The value of this name.
    async fn secret(&self, name: &Name) -> Result<Option<SealedSecret>, StoreError>;

    /// All secrets, by name.
    async fn secrets(&self) -> Result<Vec<SealedSecret>, StoreError>;

    /// Removes a value; its origins and its version number stay, so that an old seal never fits again. `false`
    /// when there was none.
    async fn remove_secret(&self, name: &Name) -> Result<bool, StoreError>;

    /// Notes that the secret may go to this origin, also when that was withdrawn. Noting it again changes nothing.
    async fn confirm_origin(&self, secret: &Name, origin: &str, now: Timestamp) -> Result<(), StoreError>;

    /// The same, unless it was withdrawn: then it stays so, and this is `false`.
    async fn confirm_origin_unless_withdrawn(
        &self,
        secret: &Name,
        origin: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Notes that the secret may no longer go to this origin. `false` when it might not anyway.
    async fn withdraw_origin(&self, secret: &Name, origin: &str, now: Timestamp) -> Result<bool, StoreError>;

    /// All origins that were ever confirmed, by secret and origin, the withdrawn ones among them.
    async fn origins(&self) -> Result<Vec<SecretOrigin>, StoreError>;

    /// Notes that a sign-in of this account failed; noted again for the same password and time, the later word holds. Of
    /// each account the latest [`MAX_SIGN_IN_FAILURES`] are kept.
    async fn note_sign_in_failure(&self, account: Digest, failure: SignInFailure) -> Result<(), StoreError>;

    /// What failed of this account, in order.
    async fn sign_in_failures(&self, account: Digest) -> Result<Vec<SignInFailure>, StoreError>;

    /// Forgets what failed of this account with this password, since then.
    async fn forget_sign_in_failures(
        &self,
        account: Digest,
        password: Digest,
        since: Timestamp,
    ) -> Result<(), StoreError>;
}
