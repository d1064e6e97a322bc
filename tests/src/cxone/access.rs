//! Who may call: a user's access key under a registered client (OAuth 2.0 password grant), as strict about
//! percent-encoding as the real service.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::settings::{Settings, Tenant, ids};

/// Tokens given out.
#[derive(Debug, Default)]
pub(super) struct Access {
    ends: HashMap<String, Instant>,
    refresh_tokens: Vec<String>,
    given: u64,
}

/// How a token was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    Password,
    Refresh,
}

/// The error of a token request that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused(pub(super) &'static str, pub(super) &'static str);

impl Refused {
    pub(super) fn status(self) -> StatusCode {
        if self.0 == "unsupported_grant_type" { StatusCode::BAD_REQUEST } else { StatusCode::UNAUTHORIZED }
    }

    pub(super) fn body(self) -> Value {
        json!({ "error": self.0, "error_description": self.1 })
    }
}

const WRONG_CLIENT: Refused = Refused("invalid_client", "The client is not known, or its secret is wrong.");
const WRONG_USER: Refused = Refused("invalid_grant", "The access key is not known, or its secret is wrong.");
const NO_FORM: Refused = Refused("invalid_request", "The form is not percent-encoded.");
const NO_REFRESH: Refused = Refused("invalid_grant", "The refresh token is not good any more.");
const NO_GRANT: Refused = Refused("unsupported_grant_type", "Only password and refresh_token are supported.");

impl Access {
    /// Answers a token request.
    pub(super) fn token(
        &mut self,
        settings: &Settings,
        tenant: &Tenant,
        headers: &HeaderMap,
        body: &str,
    ) -> Result<(Grant, Value), Refused> {
        let form = strict_form(body).ok_or(NO_FORM)?;
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let client = basic_credentials(headers)
            .unwrap_or_else(|| (field("client_id").to_owned(), field("client_secret").to_owned()));
        if client != (settings.client_id.clone(), settings.client_secret.clone()) {
            return Err(WRONG_CLIENT);
        }
        let grant = match field("grant_type") {
            "password" => {
                let is_user = field("username") == settings.access_key_id;
                let is_known = is_user && field("password") == settings.access_key_secret;
                if is_known { Grant::Password } else { return Err(WRONG_USER) }
            }
            "refresh_token" => {
                let known = self.refresh_tokens.iter().any(|token| token == field("refresh_token"));
                if known && !tenant.refuses_refresh { Grant::Refresh } else { return Err(NO_REFRESH) }
            }
            _ => return Err(NO_GRANT),
        };
        Ok((grant, self.give(settings, tenant)))
    }

    fn give(&mut self, settings: &Settings, tenant: &Tenant) -> Value {
        self.given += 1;
        // Not guessable by accident, the same in each run.
        let secret = |what: &str| {
            let digest = Sha256::digest(format!("{what}:{}:{}", settings.client_secret, self.given));
            URL_SAFE_NO_PAD.encode(digest)
        };
        let token = format!("eyJhbGciOiJub25lIn0.{}.simulated", secret("access"));
        let refresh_token = secret("refresh");
        let claims = URL_SAFE_NO_PAD.encode(json!({ "tenantId": ids::TENANT }).to_string());
        self.ends.insert(token.clone(), Instant::now() + Duration::from_secs(tenant.token_life_s));
        self.refresh_tokens.push(refresh_token.clone());
        json!({
            "access_token": token,
            "id_token": format!("eyJhbGciOiJub25lIn0.{claims}.simulated"),
            "token_type": "Bearer",
            "expires_in": tenant.token_life_s,
            "refresh_token": refresh_token,
        })
    }

    /// Whether a request has a token that is alive.
    pub(super) fn admits(&self, headers: &HeaderMap) -> bool {
        let authorization = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let token = authorization.strip_prefix("Bearer ").unwrap_or_default();
        self.ends.get(token).is_some_and(|end| Instant::now() < *end)
    }

    /// Ends all tokens.
    pub(super) fn revoke(&mut self) {
        self.ends.clear();
    }
}

/// A form whose values are percent-encoded to the last character: a `+` or a `=` that is not ends as another text in the
/// real service, which then refuses the secret.
fn strict_form(body: &str) -> Option<HashMap<String, String>> {
    let pairs = body.split('&').filter(|pair| !pair.is_empty());
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned);
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let is_encoded = value.is_ascii() && !value.contains(['+', '=', ' ']);
            if is_encoded { Some((decoded(name)?, decoded(value)?)) } else { None }
        })
        .collect()
}

/// The client in the header, as it is or percent-encoded (RFC 6749, 2.3.1).
fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers.get("authorization")?.to_str().ok()?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(|text| text.into_owned()).ok();
    Some((decoded(id)?, decoded(secret)?))
}
