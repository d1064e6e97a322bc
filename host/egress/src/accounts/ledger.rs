//! What failed, and how it is kept. This crate knows no database: whoever has one keeps the promise over restarts.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use sluse_model::{Digest, SignInFailure, Timestamp};
use tokio::time::Instant;

/// A failure cannot be noted or looked up. The text says why.
pub type LedgerError = String;

/// What failed when somebody signed in, by account. What is noted is durable when it returns, as far as anything is
/// there.
#[async_trait]
pub trait SignInLedger: Send + Sync + fmt::Debug {
    /// The present, as failures are dated.
    fn now(&self) -> Timestamp;

    /// What an account or a password is called here. Whoever reads the ledger cannot tell what it was made of.
    fn digest(&self, text: &[u8]) -> Digest;

    /// Notes a failure; noted again for the same password and time, the later word holds.
    async fn note(&self, account: Digest, failure: SignInFailure) -> Result<(), LedgerError>;

    /// What failed of this account, in order.
    async fn failures(&self, account: Digest) -> Result<Vec<SignInFailure>, LedgerError>;

    /// Forgets what failed of this account with this password, since then.
    async fn forget(&self, account: Digest, password: Digest, since: Timestamp) -> Result<(), LedgerError>;
}

/// As long as the process lives, for those who keep nothing.
#[derive(Debug)]
pub(super) struct MemoryLedger {
    began: Instant,
    failures: Mutex<HashMap<Digest, Vec<SignInFailure>>>,
}

impl Default for MemoryLedger {
    fn default() -> Self {
        Self { began: Instant::now(), failures: Mutex::default() }
    }
}

impl MemoryLedger {
    fn kept(&self) -> MutexGuard<'_, HashMap<Digest, Vec<SignInFailure>>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SignInLedger for MemoryLedger {
    fn now(&self) -> Timestamp {
        Timestamp::default().plus(self.began.elapsed())
    }

    fn digest(&self, text: &[u8]) -> Digest {
        Digest::of(text)
    }

    async fn note(&self, account: Digest, failure: SignInFailure) -> Result<(), LedgerError> {
        let mut kept = self.kept();
        let failures = kept.entry(account).or_default();
        failures.retain(|one| (one.password, one.at) != (failure.password, failure.at));
        failures.push(failure);
        Ok(())
    }

    async fn failures(&self, account: Digest) -> Result<Vec<SignInFailure>, LedgerError> {
        Ok(self.kept().get(&account).cloned().unwrap_or_default())
    }

    async fn forget(&self, account: Digest, password: Digest, since: Timestamp) -> Result<(), LedgerError> {
        let mut kept = self.kept();
        if let Some(failures) = kept.get_mut(&account) {
            failures.retain(|one| one.password != password || one.at < since);
        }
        Ok(())
    }
}
