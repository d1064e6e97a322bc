//! Where a token is fetched: an endpoint of egress like any other, under the connection's grant.

use std::{fmt, sync::Arc, time::Duration};

use sluse_egress::{Accounts, Egress, Endpoint, EndpointRules, IpNet, Refusal, origin_and_path};
use sluse_model::{Auth, ClientPlace, Connection, Name};

use crate::origin::is_encrypted_or_loopback;

/// A person may be waiting behind it.
const MAX_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest token answer, in bytes. Tokens with many groups in them reach a dozen kilobytes.
pub(crate) const MAX_ANSWER_BYTES: u64 = 64 << 10;

/// Ids and a scope, and a secret that is percent-encoded.
const MAX_REQUEST_BYTES: u64 = 1 << 20;

/// A token endpoint that passed the rules of egress. Keep it as long as the connection stays the same; a clone
/// is a pointer.
#[derive(Clone)]
pub struct TokenEndpoint {
    pub(super) endpoint: Endpoint,
    pub(super) path: String,
    token_url: String,
    pub(super) accounts: Arc<Accounts>,
}

impl TokenEndpoint {
    /// The token endpoint of one of the connection's endpoints; `None` when that needs no token. Nothing is sent.
    ///
    /// # Errors
    /// The rule that the token URL breaks. Over plaintext it must name a loopback address.
    pub fn build(egress: &Egress, connection: &Connection, endpoint_name: &Name) -> Result<Option<Self>, Refusal> {
        let Some(endpoint) = connection.endpoints.get(endpoint_name) else { return Ok(None) };
        let Some(token_url) = endpoint.auth.token_url() else { return Ok(None) };
        let (base_url, path) = origin_and_path(token_url)?;
        // Egress sees a body like any other and cannot know that it holds a secret.
        if !is_encrypted_or_loopback(token_url) {
            let message = format!(
                "the token endpoint `{base_url}` of connection `{}` would get secrets unencrypted: use `https://`",
                connection.name
            );
            return Err(Refusal { rule: "plaintext-credential", message });
        }
        let rules = EndpointRules {
            allow_plaintext: endpoint.allow_plaintext,
            cidrs: granted(connection)?,
            timeout: MAX_TIMEOUT.min(Duration::from_millis(endpoint.timeout_ms)),
            max_request_bytes: MAX_REQUEST_BYTES,
            max_response_bytes: MAX_ANSWER_BYTES,
            http1_only: endpoint.http1_only,
            ..EndpointRules::new(connection.name.clone(), endpoint_name.clone(), base_url)
        };
        let says_who_it_is = matches!(endpoint.auth, Auth::OAuth2Password { client_in: ClientPlace::Header, .. });
        let endpoint = egress.endpoint(rules, says_who_it_is)?;
        let accounts = egress.accounts().clone();
        Ok(Some(Self { endpoint, path, token_url: token_url.to_owned(), accounts }))
    }

    /// Whether it was built for this URL.
    pub(crate) fn is_for(&self, token_url: &str) -> bool {
        self.token_url == token_url
    }

    /// `https://login.example.dk:443`
    pub fn origin(&self) -> &str {
        self.endpoint.origin()
    }
}

fn granted(connection: &Connection) -> Result<Vec<IpNet>, Refusal> {
    let parse = |text: &String| {
        text.parse().map_err(|_| Refusal {
            rule: "grant",
            message: format!(
                "`{text}` in `grant.cidrs` of connection `{}` is no network: write it as `10.20.0.0/16`",
                connection.name
            ),
        })
    };
    connection.grant.cidrs.iter().map(parse).collect()
}

impl fmt::Debug for TokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenEndpoint({})", self.origin())
    }
}
