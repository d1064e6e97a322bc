//! Secrets, as somebody who may write them sees them: names and where they may go, never a value.

use sluse_egress::Secret;
use sluse_model::{Connection, Name};
use sluse_store::StoreError;
use sluse_vault::{SecretSummary, VaultError, Written};

use crate::Engine;

/// A secret, and the connections that name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSecret {
    pub summary: SecretSummary,
    pub used_by: Vec<Name>,
}

/// Why a secret was not written, removed, confirmed or withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error("there is no secret `{0}`")]
    Unknown(Name),
    /// What would be left without it.
    #[error("{} secret `{secret}`, and what goes through would wait as `misconfigured`: let them name another one first, \
             or remove it all the same (`--force`, in the API `force=true`)", users(.used_by))]
    InUse { secret: Name, used_by: Vec<Name> },
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
    pub async fn secrets(&self) -> Result<Vec<ListedSecret>, SecretError> {
        let connections = self.connections_stored().await?;
        let secrets = self.vault.list().await?.into_iter();
        Ok(secrets.map(|summary| ListedSecret { used_by: used_by(&summary.name, &connections), summary }).collect())
    }

    /// Removes a value; one that connections use by force alone. `false` when there was none.
    pub async fn remove_secret(&self, name: &Name, force: bool) -> Result<bool, SecretError> {
        let used_by = used_by(name, &self.connections_stored().await?);
        let is_there = self.vault.list().await?.iter().any(|secret| secret.name == *name);
        if is_there && !force && !used_by.is_empty() {
            return Err(SecretError::InUse { secret: name.clone(), used_by });
        }
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

    async fn connections_stored(&self) -> Result<Vec<Connection>, SecretError> {
        let stored = self.store.connections().await.map_err(SecretError::Store)?;
        Ok(stored.into_iter().map(|stored| stored.connection).collect())
    }
}

/// The connections that name a secret, to sign in or to know who calls back.
fn used_by(secret: &Name, connections: &[Connection]) -> Vec<Name> {
    let uses = |connection: &&Connection| {
        let signs_in = connection.endpoints.values().any(|endpoint| endpoint.auth.secrets().contains(&secret));
        signs_in || connection.callbacks.as_ref().is_some_and(|callbacks| callbacks.secret.secret == *secret)
    };
    connections.iter().filter(uses).map(|connection| connection.name.clone()).collect()
}

fn users(names: &[Name]) -> String {
    let told: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match told.as_slice() {
        [one] => format!("connection {one} uses"),
        _ => format!("connections {} use", told.join(", ")),
    }
}
