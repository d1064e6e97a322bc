//! Requests on sockets that are signed in with NTLM, as IIS asks of an account of Active Directory. It is the socket
//! that is signed in, not the request: so each belongs to one credential, speaks HTTP/1.1, carries one request at a
//! time, and none comes out of the client's pool. What may be asked and which addresses are dialled is decided by the
//! same rules as for every other request, in `endpoint` and `grant`.
//!
//! A socket is signed in by requests without a body before it carries anything: whatever becomes of the sign-in, the
//! request itself leaves once.

mod answer; // an answer that holds its socket
mod binding; // the certificate that a sign-in is bound to
mod dial; // a socket of its own
mod handshake; // three requests without a body
mod message; // what these carry
mod sockets; // sockets that are kept

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode, Uri,
    header::{ACCEPT, HOST, USER_AGENT},
};
use sha2::{Digest as _, Sha256};
use sluse_model::{AccountName, Digest};

use crate::{Account, Accounts, Held, Secret, SendError, body::DepartingBody, client};
pub(crate) use answer::{Forgotten, PinnedBody};
pub(crate) use dial::Dialer;
use sockets::{Lease, Sockets};

/// Who signs in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User<'a> {
    pub(crate) name: &'a str,
    /// Empty for a name such as `sluse@kommune.dk`.
    pub(crate) domain: &'a str,
    pub(crate) password: &'a Secret,
    pub(crate) version: u64,
}

/// Where somebody signs in.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) origin: String,
    /// What `Host` says.
    pub(crate) authority: HeaderValue,
    /// The path of `base_url`.
    pub(crate) path: Uri,
    /// The connection and its endpoint, as refusals name them.
    pub(crate) endpoint: String,
    /// Time for each step of a sign-in: a target that is there answers at once.
    pub(crate) patience: Duration,
}

/// The sockets of one endpoint. They belong to the credential that was used last.
pub(crate) struct SignIns {
    pub(crate) place: Place,
    dialer: Dialer,
    accounts: Arc<Accounts>,
    sockets: Mutex<Option<Arc<Sockets>>>,
}

/// Why a request has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// There was no socket to send it on. Nothing of it was sent.
    Before(SendError),
    /// It broke off.
    OnTheWay(hyper::Error),
}

impl User<'_> {
    /// Tells one credential from another without keeping it.
    fn fingerprint(&self) -> Fingerprint {
        let mut digest = Sha256::new();
        for part in [self.name.as_bytes(), self.domain.as_bytes(), self.password.expose()] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        digest.update(self.version.to_be_bytes());
        digest.finalize().into()
    }
}

impl fmt::Display for User<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.domain.is_empty() { f.write_str(self.name) } else { write!(f, "{}\\{}", self.domain, self.name) }
    }
}

type Fingerprint = [u8; 32];

impl SignIns {
    pub(crate) fn new(place: Place, dialer: Dialer, accounts: Arc<Accounts>) -> Self {
        Self { place, dialer, accounts, sockets: Mutex::default() }
    }

    /// Sends one request, once, on a socket that is signed in as `user`.
    pub(crate) async fn send(
        &self,
        user: User<'_>,
        mut request: Request<DepartingBody>,
    ) -> Result<Response<PinnedBody>, Failure> {
        let sockets = self.sockets_of(&user);
        loop {
            let mut lease = self.socket(&sockets, user).await.map_err(Failure::Before)?;
            match lease.socket.send(request).await {
                Ok(response) if response.status() == StatusCode::UNAUTHORIZED => {
                    return Ok(answer::unauthorized(response, lease));
                }
                Ok(response) => return Ok(answer::pinned(response, lease)),
                // The target has closed a socket that was kept: hyper gives back what it has not begun to write.
                Err(mut error) => match error.take_message() {
                    Some(unsent) if lease.was_kept => request = unsent,
                    _ => return Err(Failure::OnTheWay(error.into_error())),
                },
            }
        }
    }

    fn sockets_of(&self, user: &User<'_>) -> Arc<Sockets> {
        let fingerprint = user.fingerprint();
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        match &*sockets {
            Some(known) if known.fingerprint == fingerprint => known.clone(),
            _ => sockets.insert(Arc::new(Sockets::new(fingerprint))).clone(),
        }
    }

    /// One that is kept, or one that is signed in now.
    async fn socket(&self, sockets: &Arc<Sockets>, user: User<'_>) -> Result<Lease, SendError> {
        let place = sockets.place().await;
        if let Some(socket) = sockets.kept() {
            return Ok(Lease::kept(socket, sockets, place));
        }
        let account = self.accounts.of(AccountName::in_directory(user.domain, user.name));
        let password = account.password(&sockets.fingerprint);
        self.check(&account, &password, &user).await?;
        let mut socket = self.dialer.dial(&self.place).await?;
        let turn = account.turn().await;
        // While this one waited for its turn, somebody may have laid one back, or been refused.
        if let Some(socket) = sockets.kept() {
            return Ok(Lease::kept(socket, sockets, place));
        }
        self.check(&account, &password, &user).await?;
        let trial = turn.trial(password);
        handshake::sign_in(&mut socket, &self.place, user, trial).await?;
        Ok(Lease::fresh(socket, sockets, place))
    }

    async fn check(&self, account: &Account, password: &Digest, user: &User<'_>) -> Result<(), SendError> {
        account.check(password).await.map_err(|held| {
            let pause = match held {
                Held::Paused(pause) => pause,
                Held::Unknown(error) => return self.place.unreachable(&format!("{UNCOUNTED}: {error}")),
            };
            self.place.not_signed_in(user, &pause.told(&self.place.refused(), UNANSWERED))
        })
    }
}

/// What a password is told as that was sent a few times, and never judged.
const UNANSWERED: &str = "the target breaks sign-ins off when it has the password, again and again";

/// What a sign-in is told as that could not be noted, or held against those before.
pub(crate) const UNCOUNTED: &str = "no sign-in is tried while none can be counted";

impl Place {
    /// What the client would set by itself.
    pub(crate) fn address(&self, headers: &mut HeaderMap) {
        headers.insert(HOST, self.authority.clone());
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(client::USER_AGENT));
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    }

    /// What a refused password is told as.
    fn refused(&self) -> String {
        format!(
            "the target refuses user, domain or password, or does not let the user read `{}`: correct `username` and `domain` of the endpoint, or write the password again with `sluse secret set`",
            self.path
        )
    }

    fn not_signed_in(&self, user: &User<'_>, reason: &str) -> SendError {
        SendError::NotSignedIn(format!(
            "{} is not signed in to `{}` as `{user}` with NTLM: {reason}",
            self.endpoint, self.origin
        ))
    }

    pub(crate) fn unreachable(&self, reason: &str) -> SendError {
        SendError::Unreachable(format!("`{}` was not reached: {reason}", self.origin))
    }
}

impl fmt::Debug for SignIns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIns").field("place", &self.place).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_told_apart() {
        let set = |name, domain, password: &'static str, version| {
            let password = Secret::from(password);
            User { name, domain, password: &password, version }.fingerprint()
        };
        let user = |name, domain, password| set(name, domain, password, 1);
        assert_eq!(user("a", "b", "c"), user("a", "b", "c"));
        for other in [user("a", "b", "d"), user("a", "bc", ""), user("ab", "", "c"), user("", "ab", "c")] {
            assert_ne!(user("a", "b", "c"), other);
        }
        assert_ne!(user("a", "b", "c"), set("a", "b", "c", 2));
    }
}
