//! Where secrets may go: the first place by being applied, every other by the word of somebody who may write
//! secrets, until somebody takes it back. Durable before it is used.

use sluse_model::{Connection, Name};
use tracing::instrument;

use super::Vault;
use crate::{SecretUse, Standing, VaultError, origin};

impl Vault {
    /// Every origin that these connections send secrets to, and whether they may. Changes nothing.
    ///
    /// # Errors
    /// When an address of an endpoint is none, or the store fails.
    pub async fn plan_origins(&self, connections: &[Connection]) -> Result<Vec<SecretUse>, VaultError> {
        origin::plan(connections, self.reading().await?.origins())
    }

    /// Confirms the first uses among these connections, and with the word of somebody who may write secrets
    /// also the others. Gives the plan that it was done by. Call it before the connections are written; what is
    /// [`Standing::Unconfirmed`] or [`Standing::Withdrawn`] then waits for [`Vault::confirm`].
    ///
    /// Give the connections in the order in which they are to be preferred: of a secret that went nowhere yet,
    /// the first connection decides.
    ///
    /// # Errors
    /// As [`Vault::plan_origins`].
    #[instrument(name = "vault.origins.apply", skip_all)]
    pub async fn apply_origins(
        &self,
        connections: &[Connection],
        may_write_secrets: bool,
    ) -> Result<Vec<SecretUse>, VaultError> {
        let _turn = self.turn_to_change().await;
        // Asked afresh: another host may have been the first.
        let known = origin::Origins::new(self.store.origins().await?);
        let mut plan = origin::plan(connections, &known)?;
        let is_new = |one: &&mut SecretUse| match one.standing {
            Standing::First => true,
            Standing::Unconfirmed => may_write_secrets,
            Standing::Confirmed | Standing::Withdrawn => false,
        };
        let mut noted = false;
        for one in plan.iter_mut().filter(is_new) {
            self.note_new(one).await?;
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
        self.store.confirm_origin(secret, &origin, self.clock.now()).await?;
        tracing::info!(%secret, origin, "secret `{secret}` may go to `{origin}`");
        self.changed().await;
        Ok(origin)
    }

    /// Takes back that a secret may go to an origin, on the word of a caller with the right to write secrets
    /// (which is the caller's to check). Holds for every credential that is asked for from now on, and no token
    /// that was got with the secret is used again; what was sent before is still known when it comes back. Only
    /// [`Vault::confirm`] lifts it. Gives the origin as it is kept.
    ///
    /// # Errors
    /// When the secret may not go there anyway, the text is no origin, or the store fails.
    #[instrument(name = "vault.origins.withdraw", skip_all, fields(secret = %secret))]
    pub async fn withdraw(&self, secret: &Name, origin: &str) -> Result<String, VaultError> {
        let origin = origin::parse_origin(origin)?;
        let _turn = self.turn_to_change().await;
        if !self.store.withdraw_origin(secret, &origin, self.clock.now()).await? {
            return Err(VaultError::NotConfirmed { secret: secret.clone(), origin });
        }
        tracing::info!(%secret, origin, "secret `{secret}` may no longer go to `{origin}`");
        self.changed().await;
        Ok(origin)
    }

    /// Confirms what a configuration names; if somebody withdrew it at another host meanwhile, that stands.
    async fn note_new(&self, one: &mut SecretUse) -> Result<(), VaultError> {
        let SecretUse { secret, origin, .. } = one;
        if !self.store.confirm_origin_unless_withdrawn(secret, origin, self.clock.now()).await? {
            one.standing = Standing::Withdrawn;
            return Ok(());
        }
        tracing::info!(%secret, origin, "secret `{secret}` may go to `{origin}`");
        if one.standing == Standing::Unconfirmed {
            one.standing = Standing::Confirmed;
        }
        Ok(())
    }
}
