//! A user's password on its way to a token endpoint: one that is refused again and again locks the user out there, as a
//! directory does. How often it may be tried is `sluse-egress`'s and the model's business; here is what an answer says
//! of it.

use std::sync::Arc;

use sluse_egress::{Account, Held, SendError, Trial};
use sluse_model::{AccountName, Auth, Digest, TextOrSecret};
use zeroize::Zeroizing;

use super::{TokenEndpoint, advice::set_again, answer, request::Exchange};
use crate::{VaultError, reading::Values};

/// Whose password it is, and which.
pub(super) struct Guard {
    account: Arc<Account>,
    password: Digest,
}

impl Guard {
    /// `None` where no user has a password, or a value is missing.
    pub(super) fn new(endpoint: &TokenEndpoint, auth: &Auth, values: &Values) -> Option<Self> {
        let Auth::OAuth2Password { username, .. } = auth else { return None };
        let username = match username {
            TextOrSecret::Text(username) => username.clone(),
            TextOrSecret::Secret(username) => {
                String::from_utf8_lossy(values.of(&username.secret)?.expose()).into_owned()
            }
        };
        let account = endpoint.accounts.of(AccountName::at(endpoint.origin(), &username));
        // Whatever somebody corrects makes it another trial: settings, a value, or the same value set again.
        let mut text = Zeroizing::new(serde_json::to_vec(auth).expect("it has names as keys, so JSON can hold it"));
        for (_, opened) in &values.0 {
            text.extend_from_slice(&opened.version.to_be_bytes());
            text.extend_from_slice(&(opened.value.expose().len() as u64).to_be_bytes());
            text.extend_from_slice(opened.value.expose());
        }
        let password = account.password(&text);
        Some(Self { account, password })
    }

    /// Leave to try the password, noted as a failure until something else is known.
    pub(super) async fn begin(&self, origin: &str, auth: &Auth) -> Result<Trial<'_>, VaultError> {
        let uncounted = |error: String| VaultError::Unavailable {
            origin: origin.to_owned(),
            reason: format!("no sign-in is tried while none can be counted: {error}"),
            retry_after: None,
        };
        let turn = self.account.turn().await;
        self.account.check(&self.password).await.map_err(|held| match held {
            Held::Unknown(error) => uncounted(error),
            Held::Paused(pause) => {
                let refused = format!("it refused user or password before{}", set_again(auth));
                let reason = pause.told(&refused, "it had the password a few times, and gave no answer");
                VaultError::Refused { origin: origin.to_owned(), reason }
            }
        })?;
        let mut trial = turn.trial(self.password);
        trial.begin().await.map_err(uncounted)?;
        Ok(trial)
    }
}

/// What was said of the password. Nothing at all may be a refusal that nobody heard.
pub(super) async fn judge(trial: Trial<'_>, exchange: &Result<Exchange, SendError>) {
    match exchange {
        Ok(exchange) if exchange.status == 200 => trial.accepted().await,
        Ok(exchange) if answer::refuses_the_user(exchange) => trial.refused().await,
        Ok(_) => trial.unjudged().await,
        Err(error) if error.nothing_was_sent() => trial.unjudged().await,
        Err(_) => {}
    }
}
