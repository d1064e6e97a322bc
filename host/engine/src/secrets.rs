//! Secrets, as somebody who may write them sees them: names and where they may go, never a value.

use sluse_egress::Secret;
use sluse_model::Name;
use sluse_store::StoreError;
use sluse_vault::{SecretSummary, VaultError, Written};

use crate::Engine;

/// Why a secret was not written, confirmed or withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error("there is no secret `{0}`")]
    Unknown(Name),
    /// There is nothing to withdraw.
    #[error("{0}")]
    NotConfirmed(String),
    /// The value or the origin cannot be right.
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Store(StoreError),
}

impl From<VaultError> for SecretError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::NoSuchSecret { secret } => Self::Unknown(secret),
            VaultError::Store(error) => Self::Store(error),
            error @ VaultError::NotConfirmed { .. } => Self::NotConfirmed(error.to_string()),
            error => Self::Refused(error.to_string()),
        }
    }
}

impl Engine {
    /// Seals and keeps a value. Deliveries that begin now use it.
    pub async fn set_secret(&self, name: &Name, value: Vec<u8>) -> Result<Written, SecretError> {
        let (vault, name) = (self.vault.clone(), name.clone());
        Ok(self.to_the_end(async move { vault.set(&name, Secret::new(value)).await }).await?)
    }

    /// All secrets, by name.
    pub async fn secrets(&self) -> Result<Vec<SecretSummary>, SecretError> {
        Ok(self.vault.list().await?)
    }

    /// Removes a value. `false` when there was none.
    pub async fn remove_secret(&self, name: &Name) -> Result<bool, SecretError> {
        let (vault, name) = (self.vault.clone(), name.clone());
        Ok(self.to_the_end(async move { vault.remove(&name).await }).await?)
    }

    /// Lets a secret go to an origin, on the word of somebody who may write secrets.
    pub async fn confirm_secret(&self, name: &Name, origin: &str) -> Result<String, SecretError> {
        let (vault, name, origin) = (self.vault.clone(), name.clone(), origin.to_owned());
        Ok(self.to_the_end(async move { vault.confirm(&name, &origin).await }).await?)
    }

    /// Takes back that a secret may go to an origin, on the word of somebody who may write secrets.
    pub async fn withdraw_secret(&self, name: &Name, origin: &str) -> Result<String, SecretError> {
        let (vault, name, origin) = (self.vault.clone(), name.clone(), origin.to_owned());
        Ok(self.to_the_end(async move { vault.withdraw(&name, &origin).await }).await?)
    }
}
