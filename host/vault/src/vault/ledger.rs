//! Sign-ins that failed, over restarts. The store sees digests under the master key: neither a password nor who has it.

use async_trait::async_trait;
use hmac::Mac;
use sluse_egress::{LedgerError, SignInLedger};
use sluse_model::{Digest, SignInFailure, Timestamp};

use super::Vault;

#[async_trait]
impl SignInLedger for Vault {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn digest(&self, text: &[u8]) -> Digest {
        Digest::from_bytes(self.key.mac(b"sluse sign-in\0", &[text]).finalize().into_bytes().into())
    }

    async fn note(&self, account: Digest, failure: SignInFailure) -> Result<(), LedgerError> {
        self.store.note_sign_in_failure(account, failure).await.map_err(|error| error.to_string())
    }

    async fn failures(&self, account: Digest) -> Result<Vec<SignInFailure>, LedgerError> {
        self.store.sign_in_failures(account).await.map_err(|error| error.to_string())
    }

    async fn forget(&self, account: Digest, password: Digest, since: Timestamp) -> Result<(), LedgerError> {
        self.store.forget_sign_in_failures(account, password, since).await.map_err(|error| error.to_string())
    }
}
