//! The store's promises about secrets, kept in memory, with a count of questions and a switch for failure.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use sluse_model::{Digest, Name, SignInFailure, Timestamp};
use sluse_store::{SealedSecret, SecretOrigin, Secrets, StoreError};

#[derive(Debug, Default)]
pub(crate) struct MemorySecrets {
    kept: Mutex<Kept>,
    reads: AtomicUsize,
    broken: AtomicBool,
    /// What another host withdraws as soon as the origins were told.
    withdrawn_next: Mutex<Option<(Name, String)>>,
}

#[derive(Debug, Default)]
struct Kept {
    secrets: BTreeMap<Name, SealedSecret>,
    /// Outlive the values.
    versions: BTreeMap<Name, u64>,
    origins: BTreeMap<(Name, String), SecretOrigin>,
    failures: BTreeMap<Digest, Vec<SignInFailure>>,
}

impl Kept {
    /// The origin as it is known; confirmed now when it was not.
    fn origin(&mut self, secret: &Name, origin: &str, now: Timestamp) -> &mut SecretOrigin {
        let key = (secret.clone(), origin.to_owned());
        self.origins.entry(key).or_insert_with_key(|(secret, origin)| SecretOrigin {
            secret: secret.clone(),
            origin: origin.clone(),
            confirmed_at: now,
            withdrawn_at: None,
        })
    }
}

impl MemorySecrets {
    /// How often all secrets were asked for.
    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    /// From now on nothing works, or all does again.
    pub(crate) fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }

    /// Everything that a thief of the database would have.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let kept = self.kept.lock().expect("not poisoned");
        let sealed = kept.secrets.values().flat_map(|secret| secret.sealed.clone());
        sealed.chain(format!("{kept:?}").into_bytes()).collect()
    }

    /// Changes a row behind the vault's back.
    pub(crate) fn tamper(&self, name: &Name, change: impl FnOnce(&mut SealedSecret)) {
        change(self.kept.lock().expect("not poisoned").secrets.get_mut(name).expect("a secret"));
    }

    /// Lets another host withdraw an origin right after the origins were told the next time.
    pub(crate) fn withdraw_behind_the_next_answer(&self, secret: &Name, origin: &str) {
        *self.withdrawn_next.lock().expect("not poisoned") = Some((secret.clone(), origin.to_owned()));
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.broken.load(Ordering::SeqCst) {
            Err(StoreError::Unavailable("it is switched off".to_owned()))
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl Secrets for MemorySecrets {
    async fn put_secret(&self, secret: SealedSecret) -> Result<(), StoreError> {
        self.check()?;
        let mut kept = self.kept.lock().expect("not poisoned");
        let version = kept.versions.entry(secret.name.clone()).or_default();
        if secret.version != *version + 1 {
            return Err(StoreError::Stale(format!("secret `{}`", secret.name)));
        }
        *version = secret.version;
        kept.secrets.insert(secret.name.clone(), secret);
        Ok(())
    }

    async fn last_secret_version(&self, name: &Name) -> Result<u64, StoreError> {
        self.check()?;
        Ok(self.kept.lock().expect("not poisoned").versions.get(name).copied().unwrap_or(0))
    }

    async fn secret(&self, name: &Name) -> Result<Option<SealedSecret>, StoreError> {
        self.check()?;
        Ok(self.kept.lock().expect("not poisoned").secrets.get(name).cloned())
    }

    async fn secrets(&self) -> Result<Vec<SealedSecret>, StoreError> {
        self.check()?;
        self.reads.fetch_add(1, Ordering::SeqCst);
        Ok(self.kept.lock().expect("not poisoned").secrets.values().cloned().collect())
    }

    async fn remove_secret(&self, name: &Name) -> Result<bool, StoreError> {
        self.check()?;
        Ok(self.kept.lock().expect("not poisoned").secrets.remove(name).is_some())
    }

    async fn confirm_origin(&self, secret: &Name, origin: &str, now: Timestamp) -> Result<(), StoreError> {
        self.check()?;
        let mut kept = self.kept.lock().expect("not poisoned");
        let known = kept.origin(secret, origin, now);
        if known.withdrawn_at.take().is_some() {
            known.confirmed_at = now;
        }
        Ok(())
    }

    async fn confirm_origin_unless_withdrawn(
        &self,
        secret: &Name,
        origin: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.check()?;
        Ok(self.kept.lock().expect("not poisoned").origin(secret, origin, now).withdrawn_at.is_none())
    }

    async fn withdraw_origin(&self, secret: &Name, origin: &str, now: Timestamp) -> Result<bool, StoreError> {
        self.check()?;
        let mut kept = self.kept.lock().expect("not poisoned");
        let known = kept.origins.get_mut(&(secret.clone(), origin.to_owned()));
        let Some(known) = known.filter(|known| known.withdrawn_at.is_none()) else { return Ok(false) };
        known.withdrawn_at = Some(now);
        Ok(true)
    }

    async fn origins(&self) -> Result<Vec<SecretOrigin>, StoreError> {
        self.check()?;
        let mut kept = self.kept.lock().expect("not poisoned");
        let origins = kept.origins.values().cloned().collect();
        if let Some((secret, origin)) = self.withdrawn_next.lock().expect("not poisoned").take() {
            kept.origin(&secret, &origin, Timestamp::default()).withdrawn_at = Some(Timestamp::default());
        }
        Ok(origins)
    }

    async fn note_sign_in_failure(&self, account: Digest, failure: SignInFailure) -> Result<(), StoreError> {
        self.check()?;
        let mut kept = self.kept.lock().expect("not poisoned");
        let failures = kept.failures.entry(account).or_default();
        failures.retain(|one| (one.password, one.at) != (failure.password, failure.at));
        failures.push(failure);
        Ok(())
    }

    async fn sign_in_failures(&self, account: Digest) -> Result<Vec<SignInFailure>, StoreError> {
        self.check()?;
        Ok(self.kept.lock().expect("not poisoned").failures.get(&account).cloned().unwrap_or_default())
    }

    async fn forget_sign_in_failures(
        &self,
        account: Digest,
        password: Digest,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        self.check()?;
        let mut kept = self.kept.lock().expect("not poisoned");
        if let Some(failures) = kept.failures.get_mut(&account) {
            failures.retain(|one| one.password != password || one.at < since);
        }
        Ok(())
    }
}
