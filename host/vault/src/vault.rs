//! All of it together: written by those who may, read on the way of every request.

mod known; // what must not come back
mod ledger; // sign-ins that failed
mod origins; // where secrets may go
mod sign_in; // what opens an endpoint

use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use sluse_egress::{MIN_SECRET_BYTES, ReceivedSignature, Refusal, Secret};
use sluse_model::{Clock, DeliveryId, Dice, Name, Timestamp};
use sluse_store::{SealedSecret, Secrets, StoreError};
use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::instrument;

use crate::{
    MasterKey, Standing, UnsealError, VaultError, callback,
    reading::{Opened, Reading},
    retired::Retired,
    seal::{self, Owner},
    tokens::Tokens,
};
pub use sign_in::{IssuedCredential, SignIn};

/// The largest value of a secret, in bytes: a certificate with its chain and key fits.
pub const MAX_SECRET_BYTES: usize = 64 << 10;

/// How often another host may be faster before a write gives up.
const MAX_TRIES: usize = 100;

/// Secrets of one host. Share it in an `Arc`.
///
/// Values are opened when they are first needed and kept in memory until they change. What is written through
/// this vault holds at once; what another host wrote into the same store, within a minute.
pub struct Vault {
    key: MasterKey,
    store: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    dice: Arc<dyn Dice>,
    /// Counts changes through this vault.
    generation: AtomicU64,
    reading: RwLock<Option<Arc<Reading>>>,
    /// One asks the store, the others wait for what it says.
    asking: Semaphore,
    /// One change at a time, so that two first origins are never both the first.
    changing: Semaphore,
    tokens: Tokens,
    retired: Arc<Retired>,
    issued: sign_in::Issued,
    known: known::Known,
    /// Counts changes of what must not come back.
    epoch: Arc<AtomicU64>,
}

/// A secret as it may be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSummary {
    /// What it is called.
    pub name: Name,
    /// Grows with every value.
    pub version: u64,
    /// When the present value was written.
    pub changed_at: Timestamp,
    /// Where it may go, in order: `https://login.example.dk:443`.
    pub origins: Vec<String>,
    /// Where it may no longer go, in order.
    pub withdrawn: Vec<String>,
    /// Whether the master key of this host sealed it.
    pub opens: bool,
}

/// A value was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The version that it has.
    pub version: u64,
    /// Whether it is long enough to be recognised in answers of targets. Tell the person if not.
    pub is_recognised: bool,
}

impl Vault {
    /// A vault over a store. Reads nothing yet.
    pub fn new(key: MasterKey, store: Arc<dyn Secrets>, clock: Arc<dyn Clock>, dice: Arc<dyn Dice>) -> Self {
        let (retired, epoch) = (Arc::new(Retired::default()), Arc::new(AtomicU64::new(0)));
        Self {
            key,
            store,
            tokens: Tokens::new(clock.clone(), retired.clone(), epoch.clone()),
            clock,
            dice,
            generation: AtomicU64::new(0),
            reading: RwLock::new(None),
            asking: Semaphore::new(1),
            changing: Semaphore::new(1),
            retired,
            issued: sign_in::Issued::default(),
            known: known::Known::default(),
            epoch,
        }
    }

    /// Seals and keeps a value; the one before is no longer used, nor tokens that were got with it. Where the
    /// secret may go stays as it was. Durable when it returns.
    ///
    /// # Errors
    /// When the value is empty or larger than [`MAX_SECRET_BYTES`], or the store fails.
    #[instrument(name = "vault.secret.set", skip_all, fields(secret = %name))]
    pub async fn set(&self, name: &Name, value: Secret) -> Result<Written, VaultError> {
        let size_bytes = value.expose().len();
        if size_bytes == 0 {
            return Err(VaultError::Empty { secret: name.clone() });
        }
        if size_bytes > MAX_SECRET_BYTES {
            return Err(VaultError::TooLarge { secret: name.clone(), size_bytes });
        }
        let _turn = self.turn_to_change().await;
        let version = self.put(name, &value).await?;
        self.changed().await;
        tracing::info!(secret = %name, secret.version = version, "wrote secret `{name}`");
        Ok(Written { version, is_recognised: size_bytes >= MIN_SECRET_BYTES })
    }

    /// Seals the answer to a request in a delivery's journal: it may say what only its owner should read.
    pub fn seal_answer(&self, delivery: DeliveryId, number: u32, answer: &[u8]) -> Vec<u8> {
        seal::seal(&self.key, &*self.dice, Owner::Answer { delivery, number }, answer)
    }

    /// Opens such an answer.
    ///
    /// # Errors
    /// When another key sealed it, or the row was changed.
    pub fn open_answer(&self, delivery: DeliveryId, number: u32, sealed: &[u8]) -> Result<Secret, UnsealError> {
        seal::unseal(&self.key, Owner::Answer { delivery, number }, sealed)
    }

    /// What names an address of a delivery: the same each time, and nobody's to guess.
    pub fn callback_token(&self, delivery: DeliveryId, number: u32) -> String {
        callback::token(&self.key, delivery, number)
    }

    /// The delivery and the number of an address; `None` for one that was never given.
    pub fn read_callback_token(&self, token: &str) -> Option<(DeliveryId, u32)> {
        callback::read(&self.key, token)
    }

    /// Seals what a target answered at an address.
    pub fn seal_callback(&self, delivery: DeliveryId, number: u32, body: &[u8]) -> Vec<u8> {
        seal::seal(&self.key, &*self.dice, Owner::Callback { delivery, number }, body)
    }

    /// Opens it.
    ///
    /// # Errors
    /// When another key sealed it, or the row was changed.
    pub fn open_callback(&self, delivery: DeliveryId, number: u32, sealed: &[u8]) -> Result<Secret, UnsealError> {
        seal::unseal(&self.key, Owner::Callback { delivery, number }, sealed)
    }

    /// Whether a message that came in was signed with this secret, just now; the inner error says why not. The secret
    /// goes nowhere.
    ///
    /// # Errors
    /// When there is no such secret, it does not open, or the store fails.
    pub async fn check_signature(
        &self,
        secret: &Name,
        received: &ReceivedSignature,
        body: &[u8],
    ) -> Result<Result<(), Refusal>, VaultError> {
        let reading = self.reading().await?;
        let opened = reading.open(&self.key, secret)?;
        self.retire_if_late(&reading, secret, &opened);
        Ok(received.check(&opened.value, body, self.clock.now()))
    }

    /// Another host may be faster; then the version that follows is another one.
    async fn put(&self, name: &Name, value: &Secret) -> Result<u64, VaultError> {
        for _ in 0..MAX_TRIES {
            let version = self.store.last_secret_version(name).await? + 1;
            let sealed = seal::seal(&self.key, &*self.dice, Owner::Secret { name, version }, value.expose());
            let changed_at = self.clock.now();
            match self.store.put_secret(SealedSecret { name: name.clone(), version, sealed, changed_at }).await {
                Ok(()) => return Ok(version),
                Err(StoreError::Stale(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Stale(format!("secret `{name}`")).into())
    }

    /// Removes a value; `false` when there was none. Where the secret may go is remembered for the next value.
    ///
    /// # Errors
    /// When the store fails.
    #[instrument(name = "vault.secret.remove", skip_all, fields(secret = %name))]
    pub async fn remove(&self, name: &Name) -> Result<bool, VaultError> {
        let _turn = self.turn_to_change().await;
        let removed = self.store.remove_secret(name).await?;
        self.changed().await;
        if removed {
            tracing::info!(secret = %name, "removed secret `{name}`");
        }
        Ok(removed)
    }

    /// All secrets, by name, without their values.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self) -> Result<Vec<SecretSummary>, VaultError> {
        let reading = self.reading().await?;
        let mut list: Vec<SecretSummary> = reading.sealed().map(|sealed| self.summary(&reading, sealed)).collect();
        list.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(list)
    }

    fn summary(&self, reading: &Reading, sealed: &SealedSecret) -> SecretSummary {
        SecretSummary {
            name: sealed.name.clone(),
            version: sealed.version,
            changed_at: sealed.changed_at,
            origins: reading.origins().that_are(Standing::Confirmed, &sealed.name),
            withdrawn: reading.origins().that_are(Standing::Withdrawn, &sealed.name),
            opens: seal::is_under(&self.key, &sealed.sealed),
        }
    }

    /// Those of the names that nobody has written yet, in the order given.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn missing<'a>(&self, names: impl IntoIterator<Item = &'a Name>) -> Result<Vec<Name>, VaultError> {
        let reading = self.reading().await?;
        Ok(names.into_iter().filter(|name| !reading.has(name)).cloned().collect())
    }

    /// Opens every secret once: at start-up, a wrong master key is told before the first delivery needs it.
    ///
    /// # Errors
    /// The first secret that does not open, by name, or the store's failure.
    pub async fn check(&self) -> Result<(), VaultError> {
        let reading = self.reading().await?;
        let mut names: Vec<&Name> = reading.sealed().map(|sealed| &sealed.name).collect();
        names.sort();
        names.into_iter().try_for_each(|name| reading.open(&self.key, name).map(drop))
    }

    /// What the store said, young enough to be believed.
    async fn reading(&self) -> Result<Arc<Reading>, VaultError> {
        if let Some(reading) = self.present_reading() {
            return Ok(reading);
        }
        let _turn = self.asking.acquire().await.expect("it is never closed");
        match self.present_reading() {
            Some(reading) => Ok(reading),
            None => self.ask_store().await,
        }
    }

    fn present_reading(&self) -> Option<Arc<Reading>> {
        let reading = self.reading.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        let is_present =
            reading.generation == self.generation.load(Ordering::Acquire) && reading.is_young(self.clock.now());
        is_present.then_some(reading)
    }

    #[instrument(name = "vault.store.read", level = "debug", skip_all)]
    async fn ask_store(&self) -> Result<Arc<Reading>, VaultError> {
        // Before the question: what changes meanwhile makes this answer old.
        let (generation, now) = (self.generation.load(Ordering::Acquire), self.clock.now());
        let (secrets, origins) = (self.store.secrets().await?, self.store.origins().await?);
        let reading = Arc::new(Reading::new(generation, now, secrets, origins));
        self.take_over(reading.clone());
        Ok(reading)
    }

    fn take_over(&self, reading: Arc<Reading>) {
        let now = self.clock.now();
        let narrowed = {
            let mut present = self.reading.write().unwrap_or_else(PoisonError::into_inner);
            self.retired.prune(now);
            let gone = present.as_ref().map(|before| before.gone_in(&reading)).unwrap_or_default();
            gone.into_iter().for_each(|(name, value)| self.retired.push(&name, value, now));
            let narrowed = present.as_ref().map(|before| before.origins().narrowed_in(reading.origins()));
            *present = Some(reading.clone());
            // Within the lock: whoever has seen the new reading sees the new epoch, and the other way round.
            self.epoch.fetch_add(1, Ordering::AcqRel);
            narrowed.unwrap_or_default()
        };
        // A token may have been given by an origin that is not trusted any more, or been sent there.
        self.tokens.prune(|name, version| reading.version(name) == Some(version) && !narrowed.contains(name));
        self.issued.forget(&reading);
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// A value that is opened once its reading has gone was not in use when that went, so that nobody retired it.
    fn retire_if_late(&self, reading: &Arc<Reading>, name: &Name, opened: &Opened) {
        let present = self.reading.read().unwrap_or_else(PoisonError::into_inner).clone();
        if !present.is_some_and(|present| Arc::ptr_eq(&present, reading)) {
            self.retired.push(name, opened.value.clone(), self.clock.now());
            self.epoch.fetch_add(1, Ordering::AcqRel);
        }
    }

    async fn turn_to_change(&self) -> SemaphorePermit<'_> {
        self.changing.acquire().await.expect("it is never closed")
    }

    /// Makes every earlier reading old, and lets go of the values in it as soon as the store answers.
    async fn changed(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        if let Err(error) = self.reading().await {
            tracing::warn!("secrets are read again with the next request: {error}");
        }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("key", &self.key).finish_non_exhaustive()
    }
}
