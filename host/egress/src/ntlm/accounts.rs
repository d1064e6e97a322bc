//! Whose password was refused, where, and when it may be tried again: a directory locks an account after a few wrong
//! passwords, and a host that tries by itself would be the one that locks it.
//!
//! Kept as long as the process lives and shared by all endpoints, so that neither a connection that is applied again
//! nor a second one with the same account begins to count anew.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync, time::Instant};

use super::{Fingerprint, User};

/// How often a password may fail with pauses of [`PAUSE`]. Directories commonly lock after five within half an
/// hour; two are left to people.
const MOST_FAILED: u32 = 3;

/// Between one failed password and the next.
const PAUSE: Duration = Duration::from_secs(15 * 60);

/// After [`MOST_FAILED`] of which the last was not answered: more than the half hour, and no day, since the network is
/// the likelier cause.
const UNANSWERED_PAUSE: Duration = Duration::from_secs(60 * 60);

/// After [`MOST_FAILED`]: no directory that we know of counts over more than a day, and an account that somebody has
/// unlocked is found again without a restart.
const LONG_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// All accounts that somebody signed in with. As many as the configuration ever named.
#[derive(Debug, Default)]
pub(crate) struct Accounts(Mutex<HashMap<AccountName, Arc<Account>>>);

/// Where, and who: without regard to case, as the directory has it.
type AccountName = (String, String, String);

/// One account at one origin.
#[derive(Default)]
pub(super) struct Account {
    /// One handshake at a time, whoever asks: of many that ask at once with a wrong password one is refused, and the
    /// others hear of it.
    turn: sync::Mutex<()>,
    standing: Mutex<Standing>,
}

/// What is known of the password that was tried last.
#[derive(Debug, Default)]
struct Standing {
    password: Fingerprint,
    /// It has opened a socket.
    is_proven: bool,
    /// How often it has failed since.
    failed: u32,
    /// The target said so, the last time.
    is_refused: bool,
    /// Not before then. `None` when it may be tried at once.
    paused_until: Option<Instant>,
}

/// A password that has to wait.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Paused {
    pub(super) left: Duration,
    /// The target has refused it. Otherwise it has not answered.
    pub(super) is_refused: bool,
}

/// Leave to try a password, for as long as it is held.
pub(super) struct Turn<'a> {
    account: &'a Account,
    _turn: sync::MutexGuard<'a, ()>,
}

/// One password on its way to be judged.
pub(super) struct Trial<'a> {
    turn: Turn<'a>,
    password: Fingerprint,
    is_out: bool,
}

impl Accounts {
    pub(super) fn of(&self, origin: &str, user: &User<'_>) -> Arc<Account> {
        let name = (origin.to_owned(), user.domain.to_lowercase(), user.name.to_lowercase());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default().clone()
    }
}

impl Account {
    /// Whether this password may be tried.
    pub(super) fn check(&self, password: &Fingerprint, now: Instant) -> Result<(), Paused> {
        let standing = self.standing();
        match standing.paused_until {
            Some(until) if standing.password == *password && now < until => {
                Err(Paused { left: until - now, is_refused: standing.is_refused })
            }
            _ => Ok(()),
        }
    }

    /// Waits for its turn.
    pub(super) async fn turn(&self) -> Turn<'_> {
        Turn { account: self, _turn: self.turn.lock().await }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Turn<'a> {
    pub(super) fn trial(self, password: Fingerprint) -> Trial<'a> {
        Trial { turn: self, password, is_out: false }
    }
}

impl Trial<'_> {
    /// The password's proof leaves now: from here on it counts, whether or not an answer comes.
    pub(super) fn begin(&mut self) {
        self.is_out = true;
    }

    /// It opened the socket.
    pub(super) fn accepted(mut self) {
        self.is_out = false;
        *self.turn.account.standing() = Standing { password: self.password, is_proven: true, ..Standing::default() };
    }

    /// It was refused.
    pub(super) fn refused(mut self) {
        self.is_out = false;
        self.turn.account.standing().fail(self.password, Instant::now(), true);
    }
}

impl Drop for Trial<'_> {
    /// No answer came: perhaps it was refused, and nobody said so.
    fn drop(&mut self) {
        if self.is_out {
            self.turn.account.standing().fail(self.password, Instant::now(), false);
        }
    }
}

impl Standing {
    fn fail(&mut self, password: Fingerprint, now: Instant, is_certain: bool) {
        if self.password != password {
            *self = Self { password, ..Self::default() };
        }
        // A network that fails now and then says nothing of a password that was right before.
        if self.is_proven && !is_certain {
            return;
        }
        self.failed += 1;
        self.is_refused = is_certain;
        let pause = match (self.failed, is_certain) {
            (MOST_FAILED.., true) => LONG_PAUSE,
            (MOST_FAILED.., false) => UNANSWERED_PAUSE,
            (_, true) => PAUSE,
            // Whoever asks may ask again, by their own policy.
            (_, false) => return,
        };
        self.paused_until = Some(now + pause);
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("failed", &self.standing().failed).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    const OLD: Fingerprint = [1; 32];
    const NEW: Fingerprint = [2; 32];

    fn minutes(minutes: u64) -> Duration {
        Duration::from_secs(60 * minutes)
    }

    /// When the next trials are allowed, in minutes, if each that is allowed is refused.
    fn refused_at(from: Instant) -> Vec<u64> {
        let account = Account::default();
        let mut tried = Vec::new();
        for minute in 0..60 * 60 {
            let now = from + minutes(minute);
            if account.check(&OLD, now).is_ok() {
                account.standing().fail(OLD, now, true);
                tried.push(minute);
            }
        }
        tried
    }

    #[test]
    fn a_refused_password_is_tried_three_times_and_then_once_a_day() {
        assert_eq!(refused_at(Instant::now()), [0, 15, 30, 30 + 24 * 60, 30 + 48 * 60]);
    }

    #[test]
    fn another_password_is_tried_at_once() {
        let (account, now) = (Account::default(), Instant::now());
        account.standing().fail(OLD, now, true);
        assert_eq!(account.check(&OLD, now + minutes(5)), Err(Paused { left: minutes(10), is_refused: true }));
        assert_eq!(account.check(&NEW, now), Ok(()));
        account.standing().fail(NEW, now, true);
        assert!(account.check(&NEW, now).is_err());
        // An old one that comes back has its pause again as soon as it fails, but is not held back for the new one's.
        assert_eq!(account.check(&OLD, now), Ok(()));
    }

    #[test]
    fn what_was_not_answered_counts_unless_the_password_was_right_before() {
        let (account, now) = (Account::default(), Instant::now());
        for _ in 1..MOST_FAILED {
            account.standing().fail(OLD, now, false);
            assert_eq!(account.check(&OLD, now), Ok(()));
        }
        account.standing().fail(OLD, now, false);
        assert_eq!(account.check(&OLD, now), Err(Paused { left: UNANSWERED_PAUSE, is_refused: false }));

        let account = Account::default();
        *account.standing() = Standing { password: OLD, is_proven: true, ..Standing::default() };
        for _ in 0..10 {
            account.standing().fail(OLD, now, false);
        }
        assert_eq!(account.check(&OLD, now), Ok(()));
        account.standing().fail(OLD, now, true);
        assert_eq!(account.check(&OLD, now), Err(Paused { left: PAUSE, is_refused: true }));
    }

    #[tokio::test]
    async fn a_trial_counts_from_the_moment_on_which_it_leaves() {
        let (account, now) = (Account::default(), Instant::now());
        drop(account.turn().await.trial(OLD));
        assert_eq!(account.standing().failed, 0);
        for _ in 0..MOST_FAILED {
            let mut trial = account.turn().await.trial(OLD);
            trial.begin();
        }
        assert!(account.check(&OLD, now).is_err());
        account.turn().await.trial(OLD).accepted();
        assert_eq!(account.check(&OLD, now), Ok(()));
        account.turn().await.trial(OLD).refused();
        assert!(account.check(&OLD, now).is_err());
    }

    #[test]
    fn an_account_is_one_however_its_name_is_written() {
        let (accounts, password) = (Accounts::default(), Secret::from("x"));
        let user = |name, domain| accounts.of("https://a.test:443", &User { name, domain, password: &password });
        let first = user("Sluse", "KOMMUNE");
        first.standing().fail(OLD, Instant::now(), true);
        assert!(user("sluse", "kommune").check(&OLD, Instant::now()).is_err());
        assert!(user("sluse", "andre").check(&OLD, Instant::now()).is_ok());
    }
}
