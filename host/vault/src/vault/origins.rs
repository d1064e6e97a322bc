//! Where secrets may go: the first place by being applied, every other by the word of somebody who may write
//! secrets. Durable before it is used.

use sluse_model::{Connection, Name};
use sluse_store::SecretOrigin;
use tracing::instrument;

use super::Vault;
use crate::{SecretUse, Standing, VaultError, origin};

impl Vault {
    /// Every origin that these connections send secrets to, and whether they may. Changes nothing.
    ///
    /// # Errors
    /// When an address of an endpoint is none, or the store fails.
    pub async fn plan_origins(&self, connections: &[Connection]) -> Result<Vec<SecretUse>, VaultError> {
        origin::plan(connections, self.reading().await?.confirmed())
    }

    /// Confirms the first uses among these connections and gives the plan that it was done by. Call it before
    /// the connections are written; what is [`Standing::Unconfirmed`] then waits for [`Vault::confirm`].
    ///
    /// Give the connections in the order in which they are to be preferred: of a secret that went nowhere yet,
    /// the first connection decides.
    ///
    /// # Errors
    /// As [`Vault::plan_origins`].
    #[instrument(name = "vault.origins.apply", skip_all)]
    pub async fn apply_origins(&self, connections: &[Connection]) -> Result<Vec<SecretUse>, VaultError> {
        let _turn = self.turn_to_change().await;
        let mut confirmed = origin::Confirmed::new();
        // Asked afresh: another host may have been the first.
        for known in self.store.origins().await? {
            confirmed.entry(known.secret).or_default().insert(known.origin);
        }
        let plan = origin::plan(connections, &confirmed)?;
        let mut noted = false;
        for first in plan.iter().filter(|one| one.standing == Standing::First) {
            self.note(&first.secret, &first.origin).await?;
            noted = true;
        }
        if noted {
            self.changed().await;
        }
        Ok(plan)
    }

    /// Lets a secret go to an origin, on the word of a caller with the right to write secrets (which is the
    /// caller's to check). Gives the origin as it is kept.
    ///
    /// # Errors
    /// When there is no such secret, the text is no origin, or the store fails.
    #[instrument(name = "vault.origins.confirm", skip_all, fields(secret = %secret))]
    pub async fn confirm(&self, secret: &Name, origin: &str) -> Result<String, VaultError> {
        let origin = origin::parse_origin(origin)?;
        let _turn = self.turn_to_change().await;
        if self.store.secret(secret).await?.is_none() {
            return Err(VaultError::NoSuchSecret { secret: secret.clone() });
        }
        self.note(secret, &origin).await?;
        self.changed().await;
        Ok(origin)
    }

    async fn note(&self, secret: &Name, origin: &str) -> Result<(), VaultError> {
        let confirmed_at = self.clock.now();
        self.store
            .confirm_origin(SecretOrigin { secret: secret.clone(), origin: origin.to_owned(), confirmed_at })
            .await?;
        tracing::info!(%secret, origin, "secret `{secret}` may go to `{origin}`");
        Ok(())
    }
}
