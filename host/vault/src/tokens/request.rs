//! How a token is asked for: one form (RFC 6749 sections 4.3 and 4.4), sent once.

use std::fmt::{self, Write as _};

use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use sluse_egress::{Body, Credential, Outgoing, Scrubber, SendError, Trial};
use sluse_model::{Auth, ClientPlace, Clock, TextOrSecret};
use tracing::instrument;
use zeroize::Zeroizing;

use super::{
    Fetched, TokenEndpoint, answer,
    endpoint::MAX_ANSWER_BYTES,
    guard::{self, Guard},
};
use crate::{VaultError, reading::Values};

/// RFC 3986, unreserved; everything else is encoded, `+` and `=` above all.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One request for a token, ready to go.
pub(crate) struct TokenRequest {
    endpoint: TokenEndpoint,
    auth: Auth,
    form: Zeroizing<String>,
    /// Who the client is, where that is not said in the form. RFC 6749 section 2.3.1 would have id and secret
    /// percent-encoded before they are joined; CXone takes them as they are.
    client: Option<Credential>,
    /// Knows what is sent alone: an endpoint that gives the same token again must be able to.
    scrubber: Scrubber,
    /// Where a user's password is tried.
    guard: Option<Guard>,
}

impl TokenRequest {
    /// `None` when no token is needed, or a value is missing.
    pub(crate) fn new(endpoint: TokenEndpoint, auth: &Auth, values: &Values) -> Option<Self> {
        let mut form = Form::with_room_for(values);
        let mut client = None;
        match auth {
            Auth::OAuth2ClientCredentials { client_id, client_secret, scope, .. } => {
                form.push("grant_type", b"client_credentials");
                form.push("client_id", client_id.as_bytes());
                form.push("client_secret", values.of(&client_secret.secret)?.expose());
                form.push_scope(scope.as_deref());
            }
            Auth::OAuth2Password { client_id, client_secret, client_in, username, password, scope, .. } => {
                form.push("grant_type", b"password");
                let client_secret = values.of(&client_secret.secret)?;
                match client_in {
                    ClientPlace::Header => {
                        let (username, password) = (client_id.clone(), client_secret.clone());
                        client = Some(Credential::Basic { username, password, version: None });
                    }
                    ClientPlace::Body => {
                        form.push("client_id", client_id.as_bytes());
                        form.push("client_secret", client_secret.expose());
                    }
                }
                match username {
                    TextOrSecret::Text(username) => form.push("username", username.as_bytes()),
                    TextOrSecret::Secret(username) => form.push("username", values.of(&username.secret)?.expose()),
                }
                form.push("password", values.of(&password.secret)?.expose());
                form.push_scope(scope.as_deref());
            }
            _ => return None,
        }
        let derived = client.as_ref().map(Credential::secrets).unwrap_or_default();
        let scrubber = Scrubber::new(values.all().chain(&derived));
        let guard = Guard::new(&endpoint, auth, values);
        Some(Self { endpoint, auth: auth.clone(), form: form.0, client, scrubber, guard })
    }

    /// Sends it and reads the answer. The token's life is counted from before the request.
    #[instrument(name = "vault.token.fetch", skip_all, fields(token.origin = self.endpoint.origin()))]
    pub(super) async fn fetch(mut self, clock: &dyn Clock) -> Fetched {
        let guard = self.guard.take();
        let origin = self.endpoint.origin().to_owned();
        let fetched = match &guard {
            None => self.ask(&origin, clock, None).await,
            Some(guard) => match guard.begin(&origin, &self.auth).await {
                Ok(trial) => self.ask(&origin, clock, Some(trial)).await,
                Err(error) => Err(error),
            },
        };
        match &fetched {
            Ok(token) => tracing::debug!(token.good_until = %token.good_until, "got a token from `{origin}`"),
            Err(error) => tracing::info!("got no token: {error}"),
        }
        fetched
    }

    async fn ask(self, origin: &str, clock: &dyn Clock, trial: Option<Trial<'_>>) -> Fetched {
        let asked_at = clock.now();
        let auth = self.auth.clone();
        let exchange = self.exchange().await;
        if let Some(trial) = trial {
            guard::judge(trial, &exchange).await;
        }
        let exchange = exchange.map_err(|error| not_answered(origin, error))?;
        answer::read(origin, &auth, &exchange, asked_at, clock.now())
    }

    async fn exchange(self) -> Result<Exchange, SendError> {
        let headers = vec![
            ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
            ("accept".to_owned(), "application/json".to_owned()),
        ];
        let body = Body::Bytes(Bytes::from_owner(self.form));
        let outgoing = Outgoing { headers, body, ..Outgoing::new(Method::POST, self.endpoint.path.clone()) };
        let incoming = self.endpoint.endpoint.send(outgoing, self.client.as_ref(), &self.scrubber).await?;
        let header = |name: &str| {
            incoming.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
        };
        let (status, retry_after) = (incoming.status, header("retry-after"));
        Ok(Exchange { status, retry_after, body: incoming.body.bytes(MAX_ANSWER_BYTES).await? })
    }
}

/// What came back, bounded and scrubbed of what was sent.
pub(super) struct Exchange {
    pub(super) status: u16,
    pub(super) retry_after: Option<String>,
    pub(super) body: Bytes,
}

/// Fields, every byte of their values encoded that may be.
struct Form(Zeroizing<String>);

impl Form {
    /// So that it never grows, and leaves no half of a secret behind where it stood before.
    fn with_room_for(values: &Values) -> Self {
        let secrets_bytes: usize = values.all().map(|value| 3 * value.expose().len()).sum();
        Self(Zeroizing::new(String::with_capacity(4096 + secrets_bytes)))
    }

    fn push(&mut self, name: &str, value: &[u8]) {
        let separator = if self.0.is_empty() { "" } else { "&" };
        write!(*self.0, "{separator}{name}={}", percent_encode(value, UNRESERVED))
            .expect("writing to a string does not fail");
    }

    fn push_scope(&mut self, scope: Option<&str>) {
        if let Some(scope) = scope {
            self.push("scope", scope.as_bytes());
        }
    }
}

fn not_answered(origin: &str, error: SendError) -> VaultError {
    let origin = origin.to_owned();
    match error {
        SendError::Forbidden(refusal) => VaultError::Forbidden { origin, refusal },
        error => VaultError::Unavailable { origin, reason: error.to_string(), retry_after: None },
    }
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenRequest({})", self.endpoint.origin())
    }
}
