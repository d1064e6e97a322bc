//! What must not come back: every value that a connection can meet, ready to be looked for.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, atomic::Ordering},
};

use sluse_egress::{Scrubber, Secret};
use sluse_model::{Auth, Connection, Name};

use super::{Vault, sign_in};
use crate::{VaultError, reading::Reading};

/// Scrubbers by connection. Debug output shows none of what they know.
#[derive(Debug, Default)]
pub(super) struct Known(RwLock<HashMap<Name, Built>>);

#[derive(Debug)]
struct Built {
    epoch: u64,
    /// Of the connection's endpoints, in order.
    auths: Vec<Auth>,
    scrubber: Scrubber,
}

impl Built {
    fn fits(&self, epoch: u64, connection: &Connection) -> bool {
        self.epoch == epoch && auths(connection).eq(self.auths.iter())
    }
}

impl Vault {
    /// Knows every value that this connection can meet: the secrets of all its endpoints with what is derived
    /// from them, its present tokens, and those that were replaced a short while ago. Ask for it after the
    /// credential of the same request, so that it knows that one; a clone is a pointer.
    ///
    /// Values that are missing or do not open cannot be sent by this host, and are left out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn scrubber(&self, connection: &Connection) -> Result<Scrubber, VaultError> {
        // Asks the store when it is time to.
        self.reading().await?;
        // Before anything is looked at: what changes meanwhile makes this one old.
        let epoch = self.epoch.load(Ordering::Acquire);
        let reading = self.reading().await?;
        if let Some(scrubber) = self.known.get(epoch, connection) {
            return Ok(scrubber);
        }
        let values: Vec<Secret> = auths(connection).flat_map(|auth| self.values_of(&reading, auth)).collect();
        let built = Built { epoch, auths: auths(connection).cloned().collect(), scrubber: Scrubber::new(&values) };
        let scrubber = built.scrubber.clone();
        self.known.0.write().unwrap_or_else(PoisonError::into_inner).insert(connection.name.clone(), built);
        Ok(scrubber)
    }

    /// Present and past values behind one way of signing in, each in every form in which it is sent.
    fn values_of(&self, reading: &Reading, auth: &Auth) -> Vec<Secret> {
        if let Auth::ClientCertificate { .. } = auth {
            // Its key signs here, and nothing of it is ever sent.
            return Vec::new();
        }
        let of_secret = |secret: &Name| {
            let present = reading.open(&self.key, secret).ok().map(|opened| opened.value);
            present
                .into_iter()
                .chain(self.tokens.of(secret))
                .chain(self.retired.of(secret))
                .collect::<Vec<Arc<Secret>>>()
        };
        let values = auth.secrets().into_iter().flat_map(of_secret);
        values
            .flat_map(|value| {
                // Nothing that must not come back depends on the version.
                let derived = sign_in::credential_of(auth, &value, 0).map(|credential| credential.secrets());
                derived.unwrap_or_default().into_iter().chain([Secret::clone(&value)])
            })
            .collect()
    }
}

impl Known {
    fn get(&self, epoch: u64, connection: &Connection) -> Option<Scrubber> {
        let built = self.0.read().unwrap_or_else(PoisonError::into_inner);
        built.get(&connection.name).filter(|built| built.fits(epoch, connection)).map(|built| built.scrubber.clone())
    }
}

fn auths(connection: &Connection) -> impl Iterator<Item = &Auth> {
    connection.endpoints.values().map(|endpoint| &endpoint.auth)
}
