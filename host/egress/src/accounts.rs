//! Whose password was refused, and when it may be tried again: one memory for all that signs in, by NTLM or for a token,
//! so that neither a connection that is applied again nor a second one with the same account begins to count anew.
//! The rule is `sluse_model::SignInPause`'s, what failed is kept by a ledger.

mod ledger; // what failed

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sluse_model::{AccountName, Digest, SignInFailure, SignInPause, Timestamp};
use tokio::sync;

use ledger::MemoryLedger;
pub use ledger::{LedgerError, SignInLedger};

/// Failures that come faster than the clock goes are dated one after the other, within this.
const JUST_NOW: Duration = Duration::from_secs(1);

/// With these statuses nobody has looked at a password: something before the target answers, or it is asked too often.
pub(crate) const AWAY: [u16; 5] = [408, 429, 502, 503, 504];

/// All accounts that somebody signed in with. As many as the configuration ever named.
pub struct Accounts {
    ledger: Arc<dyn SignInLedger>,
    known: Mutex<HashMap<AccountName, Arc<Account>>>,
}

/// One account, wherever it signs in.
pub struct Account {
    id: Digest,
    ledger: Arc<dyn SignInLedger>,
    /// One sign-in at a time, whoever asks: of many that ask at once with a wrong password one is refused, and the
    /// others hear of it. Holds when the last failure was noted.
    turn: sync::Mutex<Timestamp>,
    /// Passwords that were accepted since this process began, and not refused since.
    proven: Mutex<HashSet<Digest>>,
}

/// Why a password may not be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// It has to wait.
    Paused(SignInPause),
    /// Nobody can say what failed before.
    Unknown(LedgerError),
}

/// Leave to try a password, for as long as it is held.
#[derive(Debug)]
pub struct Turn<'a> {
    account: &'a Account,
    noted: sync::MutexGuard<'a, Timestamp>,
}

/// One password on its way to be judged. Where no word comes it may have been refused, and that was noted before it left.
#[derive(Debug)]
pub struct Trial<'a> {
    turn: Turn<'a>,
    password: Digest,
    noted_at: Option<Timestamp>,
}

impl Default for Accounts {
    fn default() -> Self {
        Self::new(Arc::new(MemoryLedger::default()))
    }
}

impl Accounts {
    /// Accounts whose failures this ledger keeps.
    pub fn new(ledger: Arc<dyn SignInLedger>) -> Self {
        Self { ledger, known: Mutex::default() }
    }

    /// The account of this name.
    pub fn of(&self, name: AccountName) -> Arc<Account> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let account = known.entry(name).or_insert_with_key(|name| {
            let id = self.ledger.digest(name.to_string().as_bytes());
            Arc::new(Account {
                id,
                ledger: self.ledger.clone(),
                turn: sync::Mutex::default(),
                proven: Mutex::default(),
            })
        });
        account.clone()
    }
}

impl Account {
    /// What a password is told apart by: everything that makes trying it again another matter.
    pub fn password(&self, text: &[u8]) -> Digest {
        self.ledger.digest(text)
    }

    /// Whether this password may be tried.
    ///
    /// # Errors
    /// Why not.
    pub async fn check(&self, password: &Digest) -> Result<(), Held> {
        let failures = self.ledger.failures(self.id).await.map_err(Held::Unknown)?;
        SignInPause::of(&failures, password, self.ledger.now()).map_or(Ok(()), |pause| Err(Held::Paused(pause)))
    }

    /// Whether this password was accepted since this process began, and not refused since.
    pub(crate) fn is_proven(&self, password: &Digest) -> bool {
        self.proven().contains(password)
    }

    /// Waits for its turn.
    pub async fn turn(&self) -> Turn<'_> {
        Turn { account: self, noted: self.turn.lock().await }
    }

    async fn note(&self, password: Digest, at: Timestamp, is_refused: bool) -> Result<(), LedgerError> {
        self.ledger.note(self.id, SignInFailure { password, at, is_refused }).await
    }

    async fn forget(&self, password: Digest, since: Timestamp) {
        if let Err(error) = self.ledger.forget(self.id, password, since).await {
            tracing::warn!("a sign-in that did not fail stays noted as one that may have: {error}");
        }
    }

    fn proven(&self) -> MutexGuard<'_, HashSet<Digest>> {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Turn<'a> {
    /// When a failure is noted: failures are told apart by that, and several come within a millisecond.
    fn date(&mut self) -> Timestamp {
        let now = self.account.ledger.now();
        let is_just_before = (now..now.plus(JUST_NOW)).contains(&*self.noted);
        *self.noted = if is_just_before { self.noted.plus(Duration::from_millis(1)) } else { now };
        *self.noted
    }

    /// A trial of this password.
    pub fn trial(self, password: Digest) -> Trial<'a> {
        Trial { turn: self, password, noted_at: None }
    }
}

impl Trial<'_> {
    /// The password leaves now: from here on it counts as failed, whether or not an answer comes, and also when this
    /// process ends before. One that was right before does not: a network that fails now and then says nothing of it.
    ///
    /// # Errors
    /// It cannot be noted, and must not leave.
    pub async fn begin(&mut self) -> Result<(), LedgerError> {
        let account = self.turn.account;
        if account.is_proven(&self.password) {
            return Ok(());
        }
        let at = self.turn.date();
        account.note(self.password, at, false).await?;
        self.noted_at = Some(at);
        Ok(())
    }

    /// It was accepted.
    pub async fn accepted(self) {
        let account = self.turn.account;
        account.proven().insert(self.password);
        if self.noted_at.is_some() {
            account.forget(self.password, Timestamp::default()).await;
        }
    }

    /// It was refused.
    pub async fn refused(mut self) {
        let account = self.turn.account;
        account.proven().remove(&self.password);
        let at = self.noted_at.unwrap_or_else(|| self.turn.date());
        if let Err(error) = account.note(self.password, at, true).await {
            tracing::warn!("a sign-in that was refused is not noted as that: {error}");
        }
    }

    /// Nobody looked at it.
    pub async fn unjudged(self) {
        if let Some(at) = self.noted_at {
            self.turn.account.forget(self.password, at).await;
        }
    }
}

impl fmt::Debug for Accounts {
    /// Names may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("id", &self.id.short()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use sluse_model::PauseCause;

    use super::*;

    fn account() -> (Arc<Account>, Digest) {
        let account = Accounts::default().of(AccountName::in_directory("KOMMUNE", "svc-sluse"));
        let password = account.password(b"Sommer-2031");
        (account, password)
    }

    async fn failed(account: &Account) -> usize {
        account.ledger.failures(account.id).await.expect("read").len()
    }

    async fn trial(account: &Account, password: Digest) -> Trial<'_> {
        let mut trial = account.turn().await.trial(password);
        trial.begin().await.expect("noted");
        trial
    }

    #[tokio::test]
    async fn a_trial_counts_from_the_moment_on_which_it_leaves() {
        let (account, password) = account();
        drop(account.turn().await.trial(password));
        assert_eq!(failed(&account).await, 0);
        trial(&account, password).await.unjudged().await;
        assert_eq!(failed(&account).await, 0);
        drop(trial(&account, password).await);
        assert_eq!(failed(&account).await, 1);
        trial(&account, password).await.accepted().await;
        assert_eq!(failed(&account).await, 0);
    }

    #[tokio::test]
    async fn a_password_that_was_right_before_counts_once_it_is_refused() {
        let (account, password) = account();
        trial(&account, password).await.accepted().await;
        for _ in 0..10 {
            drop(trial(&account, password).await);
        }
        assert_eq!(account.check(&password).await, Ok(()));
        trial(&account, password).await.refused().await;
        assert!(
            matches!(account.check(&password).await, Err(Held::Paused(pause)) if pause.cause == PauseCause::Refused)
        );
        drop(trial(&account, password).await);
        assert_eq!(failed(&account).await, 2, "it is not right any more");
    }

    #[tokio::test]
    async fn an_account_is_held_whatever_the_password() {
        let (account, _) = account();
        for number in 0..4_u8 {
            let password = account.password(&[number]);
            assert_eq!(account.check(&password).await, Ok(()));
            trial(&account, password).await.refused().await;
        }
        let held = account.check(&account.password(b"another")).await;
        assert!(matches!(held, Err(Held::Paused(pause)) if pause.cause == PauseCause::InARow), "{held:?}");
    }
}
