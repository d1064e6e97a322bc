//! What the store said when it was last asked, and everything that was made of it. A change makes another
//! reading; nothing in here is ever corrected.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use sluse_egress::Secret;
use sluse_model::{Name, Timestamp};
use sluse_store::{SealedSecret, SecretOrigin};

use crate::{
    MasterKey, UnsealError, VaultError,
    origin::Origins,
    seal::{self, Owner},
};

/// After this time the store is asked again: other hosts may share it, and their changes wake nobody here.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(60);

pub(crate) struct Reading {
    /// The number of changes made through this vault before the store was asked.
    pub(crate) generation: u64,
    read_at: Timestamp,
    secrets: HashMap<Name, Held>,
    origins: Origins,
}

/// A value as it is kept, and opened once somebody needs it.
struct Held {
    sealed: SealedSecret,
    value: OnceLock<Result<Arc<Secret>, UnsealError>>,
}

/// A value in use.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) value: Arc<Secret>,
    pub(crate) version: u64,
}

/// The values of all secrets of one way of signing in.
#[derive(Debug)]
pub(crate) struct Values(pub(crate) Vec<(Name, Opened)>);

impl Values {
    pub(crate) fn of(&self, secret: &Name) -> Option<&Secret> {
        self.0.iter().find(|(name, _)| name == secret).map(|(_, opened)| &*opened.value)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Secret> {
        self.0.iter().map(|(_, opened)| &*opened.value)
    }

    /// In the order in which the secrets are named.
    pub(crate) fn versions(&self) -> Vec<u64> {
        self.0.iter().map(|(_, opened)| opened.version).collect()
    }
}

impl Reading {
    pub(crate) fn new(
        generation: u64,
        read_at: Timestamp,
        secrets: Vec<SealedSecret>,
        origins: Vec<SecretOrigin>,
    ) -> Self {
        let held = |sealed: SealedSecret| (sealed.name.clone(), Held { sealed, value: OnceLock::new() });
        let secrets = secrets.into_iter().map(held).collect();
        Self { generation, read_at, secrets, origins: Origins::new(origins) }
    }

    /// A clock that went back makes it old too.
    pub(crate) fn is_young(&self, now: Timestamp) -> bool {
        self.read_at <= now && now < self.read_at.plus(MAX_AGE)
    }

    pub(crate) fn has(&self, secret: &Name) -> bool {
        self.secrets.contains_key(secret)
    }

    pub(crate) fn version(&self, secret: &Name) -> Option<u64> {
        self.secrets.get(secret).map(|held| held.sealed.version)
    }

    /// All values as they are kept, in no order.
    pub(crate) fn sealed(&self) -> impl Iterator<Item = &SealedSecret> {
        self.secrets.values().map(|held| &held.sealed)
    }

    pub(crate) fn origins(&self) -> &Origins {
        &self.origins
    }

    pub(crate) fn open(&self, key: &MasterKey, secret: &Name) -> Result<Opened, VaultError> {
        let held = self.secrets.get(secret).ok_or_else(|| VaultError::NoSuchSecret { secret: secret.clone() })?;
        let SealedSecret { name, version, sealed, .. } = &held.sealed;
        let value = held
            .value
            .get_or_init(|| seal::unseal(key, Owner::Secret { name, version: *version }, sealed).map(Arc::new));
        match value {
            Ok(value) => Ok(Opened { value: value.clone(), version: *version }),
            Err(cause) => Err(VaultError::Sealed { secret: secret.clone(), cause: cause.clone() }),
        }
    }

    /// The values that were in use and are not those of `next` any more.
    pub(crate) fn gone_in(&self, next: &Self) -> Vec<(Name, Arc<Secret>)> {
        let changed = self.secrets.iter().filter(|(name, held)| next.version(name) != Some(held.sealed.version));
        changed.filter_map(|(name, held)| Some((name.clone(), held.value.get()?.as_ref().ok()?.clone()))).collect()
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reading({} secrets)", self.secrets.len())
    }
}
