//! A user's password that goes with every request (Basic). A directory counts wrong ones wherever they come from: so it is
//! tried alone until it has opened the target once, and no more once it was refused. How often it may be tried is the
//! model's business; what failed is kept by `accounts`.

use std::{future::Future, sync::Arc};

use sluse_model::{AccountName, Digest};
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use crate::{
    Account, Accounts, Credential, Held, SendError, Trial,
    accounts::{AWAY, LedgerError},
    ntlm::{Place, UNCOUNTED},
};

/// What is said of a password that was refused, and of one that nobody judged.
const REFUSED: &str = "the target refused user or password before: correct `username` of the endpoint, or write the password \
                       again with `sluse secret set`";
const UNANSWERED: &str = "the target had the password a few times, and gave no answer";

/// Whose password it is, and which.
pub(crate) struct Guard<'a> {
    place: &'a Place,
    username: &'a str,
    account: Arc<Account>,
    password: Digest,
}

impl<'a> Guard<'a> {
    /// `None` where nobody's password goes along.
    pub(crate) fn new(accounts: &Accounts, place: &'a Place, credential: &'a Credential) -> Option<Self> {
        let Credential::Basic { username, password, version: Some(version) } = credential else { return None };
        let account = accounts.of(AccountName::at(&place.origin, username));
        let mut text = Zeroizing::new(version.to_be_bytes().to_vec());
        text.extend_from_slice(&(username.len() as u64).to_be_bytes());
        text.extend_from_slice(username.as_bytes());
        text.extend_from_slice(password.expose());
        let password = account.password(&text);
        Some(Self { place, username, account, password })
    }

    /// Does what sends the password, and says of it what the answer does. One that nobody has judged yet goes alone.
    ///
    /// # Errors
    /// It may not be tried; what the sending itself came to.
    pub(crate) async fn watch(
        &self,
        deadline: Instant,
        sending: impl Future<Output = Result<reqwest::Response, SendError>>,
    ) -> Result<reqwest::Response, SendError> {
        let out_of_time = |_| SendError::Unreachable(format!("`{}` was not reached in time", self.place.origin));
        let trial = timeout_at(deadline, self.trial()).await.map_err(out_of_time)??;
        let sent = sending.await;
        self.judge(trial, &sent).await;
        sent
    }

    /// A trial, noted as a failure until something else is known; none where the password was right before.
    async fn trial(&self) -> Result<Option<Trial<'_>>, SendError> {
        if self.account.is_proven(&self.password) {
            return Ok(None);
        }
        let turn = self.account.turn().await;
        // While this one waited for its turn, somebody may have been let in, or been refused.
        if self.account.is_proven(&self.password) {
            return Ok(None);
        }
        self.account.check(&self.password).await.map_err(|held| self.told(held))?;
        let mut trial = turn.trial(self.password);
        trial.begin().await.map_err(|error| self.uncounted(&error))?;
        Ok(Some(trial))
    }

    async fn judge(&self, trial: Option<Trial<'_>>, sent: &Result<reqwest::Response, SendError>) {
        let status = sent.as_ref().ok().map(|response| response.status().as_u16());
        match (trial, status) {
            (Some(trial), Some(401)) => trial.refused().await,
            (None, Some(401)) => self.account.turn().await.trial(self.password).refused().await,
            (Some(trial), Some(status)) if AWAY.contains(&status) => trial.unjudged().await,
            (Some(trial), Some(_)) => trial.accepted().await,
            (Some(trial), None) if sent.as_ref().is_err_and(SendError::nothing_was_sent) => trial.unjudged().await,
            // Nothing was said of it: it may have been refused, and stays noted.
            (Some(_), None) | (None, _) => {}
        }
    }

    fn told(&self, held: Held) -> SendError {
        let pause = match held {
            Held::Paused(pause) => pause,
            Held::Unknown(error) => return self.uncounted(&error),
        };
        let Self { place: Place { endpoint, origin, .. }, username, .. } = self;
        let reason = pause.told(REFUSED, UNANSWERED);
        SendError::NotSignedIn(format!("{endpoint} is not signed in to `{origin}` as `{username}`: {reason}"))
    }

    fn uncounted(&self, error: &LedgerError) -> SendError {
        self.place.unreachable(&format!("{UNCOUNTED}: {error}"))
    }
}
