//! An account of a directory, and how often its passwords may be tried: a directory locks an account after a few wrong
//! ones, and a host that tries by itself would be the one that locks it. Who tries is `sluse-egress`'s and
//! `sluse-vault`'s business, how failures are kept `sluse-store`'s.

use std::{fmt, time::Duration};

use crate::{Digest, Timestamp};

/// How often one password may fail with pauses of [`PAUSE`]. Directories commonly lock after five within half an hour.
const MOST_FAILED: usize = 3;

/// Between one failed password and the next.
const PAUSE: Duration = Duration::from_secs(15 * 60);

/// After [`MOST_FAILED`] of which the last was not answered: more than the half hour, and no day, since the network is
/// the likelier cause.
const UNANSWERED_PAUSE: Duration = Duration::from_secs(60 * 60);

/// After [`MOST_FAILED`]: no directory that we know of counts over more than a day.
const LONG_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// How often sign-ins of one account may fail in a row, whatever the passwords were: after three of one password there
/// is one left for the next, and one for people.
const MOST_IN_A_ROW: usize = 4;

/// Failures that come closer than this are a row. A directory counts on until so much time has passed since the last
/// one, commonly half an hour.
const QUIET: Duration = Duration::from_secs(60 * 60);

/// Who signs in: without regard to case, as a directory has it, and wherever that is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountName {
    domain: String,
    user: String,
}

impl AccountName {
    /// A user of Active Directory, as `KOMMUNE` and `sluse`, as `KOMMUNE\sluse` or as `sluse@kommune.dk`. What stands
    /// before the first dot of a domain is commonly its short name, so that all three are one; where it is another
    /// name, nobody here knows.
    pub fn in_directory(domain: &str, user: &str) -> Self {
        let (own_domain, user) = match (user.split_once('\\'), user.rsplit_once('@')) {
            (Some((domain, user)), _) | (None, Some((user, domain))) => (domain, user),
            (None, None) => ("", user),
        };
        let domain = if domain.is_empty() { own_domain } else { domain };
        let short = domain.split('.').next().unwrap_or(domain);
        Self { domain: short.to_lowercase(), user: user.to_lowercase() }
    }

    /// A user whom only this origin knows, unless the name says the directory.
    pub fn at(origin: &str, user: &str) -> Self {
        if user.contains(['\\', '@']) {
            return Self::in_directory("", user);
        }
        Self { domain: origin.to_lowercase(), user: user.to_lowercase() }
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\\{}", self.domain, self.user)
    }
}

/// A password of an account that did not open what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInFailure {
    /// Tells passwords apart.
    pub password: Digest,
    pub at: Timestamp,
    /// It was refused. Otherwise nobody said anything of it.
    pub is_refused: bool,
}

/// Why a password has to wait, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInPause {
    pub left: Duration,
    pub cause: PauseCause,
}

/// Why a password has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseCause {
    /// It was refused.
    Refused,
    /// It was sent a few times, and nobody said anything of it.
    Unanswered,
    /// Others of the account failed as well.
    InARow,
}

impl SignInPause {
    /// Whether this password has to wait, after what failed at its account since it was last accepted, in order.
    pub fn of(failures: &[SignInFailure], password: &Digest, now: Timestamp) -> Option<Self> {
        // A clock that was far ahead for a while must not close an account for good.
        let failures: Vec<_> = failures.iter().filter(|one| one.at <= now.plus(LONG_PAUSE)).collect();
        let of_password = failures.iter().filter(|one| one.password == *password);
        let own = of_password.clone().next_back().and_then(|last| last.pause(of_password.count()));
        let in_a_row = failures.last().filter(|_| row(&failures) >= MOST_IN_A_ROW);
        let in_a_row = in_a_row.map(|last| (last.at.plus(QUIET), PauseCause::InARow));
        let (until, cause) = own.into_iter().chain(in_a_row).max_by_key(|(until, _)| *until)?;
        (now < until).then(|| Self { left: until.since(now), cause })
    }

    /// How long, behind what is said of a password that was refused, or of one that nobody judged. Of others of the
    /// account nothing is said: no password of this one is known to be wrong.
    pub fn told(&self, refused: &str, unanswered: &str) -> String {
        match self.cause {
            PauseCause::Refused => format!("{refused}; {self}"),
            PauseCause::Unanswered => format!("{unanswered}; {self}"),
            PauseCause::InARow => self.to_string(),
        }
    }
}

/// How many failed one after the other, up to the last one.
fn row(failures: &[&SignInFailure]) -> usize {
    let gaps = failures.windows(2).rev().take_while(|pair| pair[1].at.since(pair[0].at) < QUIET);
    gaps.count() + failures.len().min(1)
}

impl SignInFailure {
    /// Until when its password is not tried, as the last one of so many failures.
    fn pause(&self, failed: usize) -> Option<(Timestamp, PauseCause)> {
        let (pause, cause) = match (failed, self.is_refused) {
            (MOST_FAILED.., true) => (LONG_PAUSE, PauseCause::Refused),
            (_, true) => (PAUSE, PauseCause::Refused),
            (MOST_FAILED.., false) => (UNANSWERED_PAUSE, PauseCause::Unanswered),
            // Whoever asks may ask again, by their own policy.
            (_, false) => return None,
        };
        Some((self.at.plus(pause), cause))
    }
}

impl fmt::Display for SignInPause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.left.as_secs().div_ceil(60);
        match self.cause {
            PauseCause::Refused | PauseCause::Unanswered => write!(
                f,
                "so that the account is not locked, this password is not tried for {minutes} minutes, or until its secret is set again with `sluse secret set`: the same value will do if it is right by now"
            ),
            PauseCause::InARow => write!(
                f,
                "{MOST_IN_A_ROW} sign-ins of this account failed one after the other; so that it is not locked, none is tried for {minutes} minutes: look which connections and secrets have another password for it"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_762_000_000_000);

    fn minutes(minutes: u64) -> Duration {
        Duration::from_secs(60 * minutes)
    }

    fn password(number: u8) -> Digest {
        Digest::from_bytes([number; 32])
    }

    fn failed(number: u8, minute: u64, is_refused: bool) -> SignInFailure {
        SignInFailure { password: password(number), at: START.plus(minutes(minute)), is_refused }
    }

    /// When sign-ins happen, in minutes, if somebody tries these passwords in turn whenever one may be tried, and all are
    /// refused.
    fn refused_at(passwords: impl Fn(u64) -> u8, hours: u64) -> Vec<u64> {
        let mut failures = Vec::new();
        for minute in 0..60 * hours {
            let number = passwords(minute);
            if SignInPause::of(&failures, &password(number), START.plus(minutes(minute))).is_none() {
                failures.push(failed(number, minute, true));
            }
        }
        failures.iter().map(|one| one.at.since(START).as_secs() / 60).collect()
    }

    #[test]
    fn a_refused_password_is_tried_three_times_and_then_once_a_day() {
        assert_eq!(refused_at(|_| 1, 60), [0, 15, 30, 30 + 24 * 60, 30 + 48 * 60]);
    }

    #[test]
    fn two_passwords_that_take_turns_never_lock_an_account() {
        let tried = refused_at(|minute| (minute % 2) as u8, 72);
        assert_eq!(tried[..7], [0, 1, 16, 17, 77, 78, 77 + 24 * 60]);
    }

    #[test]
    fn a_password_that_changes_all_the_time_never_locks_an_account() {
        let tried = refused_at(|minute| (minute % 250) as u8, 4);
        assert_eq!(tried, [0, 1, 2, 3, 63, 64, 65, 66, 126, 127, 128, 129, 189, 190, 191, 192]);
    }

    #[test]
    fn another_password_is_tried_at_once() {
        let failures = [failed(1, 0, true), failed(1, 15, true), failed(1, 30, true)];
        let now = START.plus(minutes(31));
        assert_eq!(SignInPause::of(&failures, &password(2), now), None);
        let paused = SignInPause::of(&failures, &password(1), now).expect("paused");
        assert_eq!((paused.left, paused.cause), (minutes(24 * 60 - 1), PauseCause::Refused));
    }

    #[test]
    fn what_was_not_answered_counts_more_kindly() {
        let failures = [failed(1, 0, false), failed(1, 0, false), failed(1, 1, false)];
        assert_eq!(SignInPause::of(&failures[..2], &password(1), START), None);
        let paused = SignInPause::of(&failures, &password(1), START.plus(minutes(1))).expect("paused");
        assert_eq!((paused.left, paused.cause), (minutes(60), PauseCause::Unanswered));
    }

    #[test]
    fn a_clock_that_was_far_ahead_closes_no_account() {
        let failures = [failed(1, 60 * 24 * 365, true)];
        assert_eq!(SignInPause::of(&failures, &password(1), START), None);
        assert!(SignInPause::of(&[failed(1, 1, true)], &password(1), START).is_some(), "a step back is no new start");
    }

    #[test]
    fn an_account_is_one_however_its_name_is_written() {
        let account = AccountName::in_directory("KOMMUNE", "Svc-Ærø");
        for (domain, user) in [
            ("kommune", "svc-ærø"),
            ("kommune.dk", "SVC-ÆRØ"),
            ("", "svc-ærø@kommune.dk"),
            ("", "Kommune\\svc-ærø"),
            ("KOMMUNE", "svc-ærø@kommune.dk"),
        ] {
            assert_eq!(AccountName::in_directory(domain, user), account, "{domain} {user}");
        }
        assert_ne!(AccountName::in_directory("ANDRE", "svc-ærø"), account);
        assert_eq!(AccountName::at("https://login.test:443", "svc-ærø@kommune.dk"), account);
        assert_ne!(AccountName::at("https://a.test:443", "key"), AccountName::at("https://b.test:443", "key"));
    }
}
