//! How a token is asked for: one form (RFC 6749 section 4.4), sent once.

use std::fmt::{self, Write as _};

use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use sluse_egress::{Body, Outgoing, Scrubber, Secret, SendError};
use sluse_model::Clock;
use tracing::instrument;
use zeroize::Zeroizing;

use super::{Fetched, TokenEndpoint, TokenKey, answer, endpoint::MAX_ANSWER_BYTES};
use crate::VaultError;

/// RFC 3986, unreserved; everything else is encoded, `+` and `=` above all.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One request for a token, ready to go.
pub(crate) struct TokenRequest {
    endpoint: TokenEndpoint,
    form: Zeroizing<String>,
    /// Knows the client secret alone: an endpoint that gives the same token again must be able to.
    scrubber: Scrubber,
}

impl TokenRequest {
    pub(crate) fn new(endpoint: TokenEndpoint, key: &TokenKey, client_secret: &Secret) -> Self {
        let mut form = Zeroizing::new(String::with_capacity(256 + 3 * client_secret.expose().len()));
        form.push_str("grant_type=client_credentials");
        push_field(&mut form, "client_id", key.client_id.as_bytes());
        push_field(&mut form, "client_secret", client_secret.expose());
        if let Some(scope) = &key.scope {
            push_field(&mut form, "scope", scope.as_bytes());
        }
        Self { endpoint, form, scrubber: Scrubber::new([client_secret]) }
    }

    /// Sends it and reads the answer. The token's life is counted from before the request.
    #[instrument(name = "vault.token.fetch", skip_all, fields(token.origin = self.endpoint.origin()))]
    pub(super) async fn fetch(self, clock: &dyn Clock) -> Fetched {
        let asked_at = clock.now();
        let origin = self.endpoint.origin().to_owned();
        let exchange = self.exchange().await.map_err(|error| not_answered(&origin, error));
        let fetched = exchange.and_then(|exchange| answer::read(&origin, &exchange, asked_at, clock.now()));
        match &fetched {
            Ok(token) => tracing::debug!(token.good_until = %token.good_until, "got a token from `{origin}`"),
            Err(error) => tracing::info!("got no token: {error}"),
        }
        fetched
    }

    async fn exchange(self) -> Result<Exchange, SendError> {
        let body = Bytes::from_owner(self.form);
        let outgoing = Outgoing {
            headers: vec![
                ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
                ("accept".to_owned(), "application/json".to_owned()),
            ],
            body: Body::Bytes(body),
            ..Outgoing::new(Method::POST, self.endpoint.path.clone())
        };
        let incoming = self.endpoint.endpoint.send(outgoing, None, &self.scrubber).await?;
        let header = |name: &str| {
            incoming.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
        };
        let (status, retry_after) = (incoming.status, header("retry-after"));
        Ok(Exchange { status, retry_after, body: incoming.body.bytes(MAX_ANSWER_BYTES).await? })
    }
}

/// What came back, bounded and scrubbed of the client secret.
pub(super) struct Exchange {
    pub(super) status: u16,
    pub(super) retry_after: Option<String>,
    pub(super) body: Bytes,
}

fn push_field(form: &mut Zeroizing<String>, name: &str, value: &[u8]) {
    write!(**form, "&{name}={}", percent_encode(value, UNRESERVED)).expect("writing to a string does not fail");
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
