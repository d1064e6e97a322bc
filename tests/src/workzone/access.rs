//! Who may call: OAuth 2.0 client credentials in Entra's shapes, Basic and NTLM where the installation has them,
//! `OnBehalfOf`.

use std::collections::HashMap;

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use serde_json::json;
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::errors::{Refusal, iis_page};
use super::ntlm;
use super::odata::text_header;
use super::server::Shared;
use super::settings::{OnBehalfOf, Settings};

/// Tokens given out and passwords tried.
#[derive(Debug, Default)]
pub(super) struct Access {
    tokens: HashMap<String, Token>,
    given: u64,
    wrong_passwords: u32,
    pub(super) proofs: ntlm::Proofs,
}

#[derive(Debug)]
struct Token {
    expires_unix_ms: i64,
    uses: u32,
}

/// Answers a token request of tenant `tenant`.
pub(super) fn token(shared: &Shared, tenant: &str, headers: &HeaderMap, body: &Bytes) -> Response<Body> {
    let form = form_urlencoded::parse(body).into_owned().collect::<HashMap<String, String>>();
    let answer = match check_form(&shared.settings, tenant, headers, &form) {
        Ok(()) => (StatusCode::OK, shared.access().give(shared)),
        Err(error) => (error.status, error.body(shared)),
    };
    let response = Response::builder()
        .status(answer.0)
        .header("content-type", "application/json; charset=utf-8")
        .header("cache-control", "no-store, no-cache");
    response.body(Body::from(answer.1)).expect("the parts of this response are constants")
}

fn check_form(
    settings: &Settings,
    tenant: &str,
    headers: &HeaderMap,
    form: &HashMap<String, String>,
) -> Result<(), EntraError> {
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let (client_id, secret) = basic_credentials(headers)
        .unwrap_or_else(|| (field("client_id").to_owned(), field("client_secret").to_owned()));
    if tenant != settings.tenant {
        return Err(EntraError::new(400, "invalid_request", 90_002, "Tenant not found."));
    }
    if field("grant_type") != "client_credentials" {
        return Err(EntraError::new(
            400,
            "unsupported_grant_type",
            70_003,
            "The app requested an unsupported grant type.",
        ));
    }
    if client_id != settings.client_id {
        return Err(EntraError::new(
            400,
            "unauthorized_client",
            700_016,
            "Application was not found in the directory.",
        ));
    }
    if secret.is_empty() {
        return Err(EntraError::new(
            401,
            "invalid_client",
            7_000_218,
            "The request body must contain client_assertion or client_secret.",
        ));
    }
    if settings.expired_secret.as_deref() == Some(secret.as_str()) {
        return Err(EntraError::new(
            401,
            "invalid_client",
            7_000_222,
            "The provided client secret keys for app are expired.",
        ));
    }
    if secret != settings.client_secret {
        return Err(EntraError::new(401, "invalid_client", 7_000_215, "Invalid client secret provided."));
    }
    if field("scope") != settings.scope {
        return Err(EntraError::new(400, "invalid_scope", 70_011, "The provided value for scope is not valid."));
    }
    Ok(())
}

/// A refusal of the token endpoint.
#[derive(Debug)]
pub(super) struct EntraError {
    status: StatusCode,
    error: &'static str,
    number: u32,
    description: &'static str,
}

impl EntraError {
    fn new(status: u16, error: &'static str, number: u32, description: &'static str) -> EntraError {
        EntraError {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
            error,
            number,
            description,
        }
    }

    /// What a fault with this status looks like.
    pub(super) fn planted(status: StatusCode) -> EntraError {
        EntraError {
            status,
            error: "temporarily_unavailable",
            number: 90_033,
            description: "A transient error has occurred.",
        }
    }

    /// The body as Entra writes it.
    pub(super) fn body(&self, shared: &Shared) -> String {
        let at = shared.clock.now_text().replace('T', " ");
        let (trace, correlation) = ("6f0c6a8e-0001-4d6c-9e52-1a2b3c4d5e6f", "0d1e2f3a-0002-4b5c-8d9e-0f1a2b3c4d5e");
        json!({
            "error": self.error,
            "error_description": format!("AADSTS{}: {}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {at}", self.number, self.description),
            "error_codes": [self.number],
            "timestamp": at,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.number),
        })
        .to_string()
    }
}

impl Access {
    fn give(&mut self, shared: &Shared) -> String {
        self.given += 1;
        let life_s = shared.settings.token_life_s;
        // Not guessable by accident, the same in each run.
        let digest = Sha256::digest(format!("{}:{}", shared.settings.client_secret, self.given));
        let token = format!("eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.{}.simulated", URL_SAFE_NO_PAD.encode(digest));
        let life_ms = i64::try_from(life_s).unwrap_or(i64::MAX / 4096).saturating_mul(1000);
        let expires_unix_ms = shared.clock.now_unix_ms().saturating_add(life_ms);
        self.tokens.insert(token.clone(), Token { expires_unix_ms, uses: 0 });
        json!({ "token_type": "Bearer", "expires_in": life_s, "ext_expires_in": life_s, "access_token": token })
            .to_string()
    }

    /// Number of tokens given out.
    pub(super) fn given(&self) -> u64 {
        self.given
    }

    /// Ends all tokens, as when the client's secret is revoked.
    pub(super) fn revoke(&mut self) {
        self.tokens.clear();
    }

    fn admits_token(&mut self, settings: &Settings, now_unix_ms: i64, token: &str) -> bool {
        let Some(found) = self.tokens.get_mut(token) else { return false };
        let alive = now_unix_ms < found.expires_unix_ms && settings.token_uses.is_none_or(|uses| found.uses < uses);
        found.uses += u32::from(alive);
        alive
    }

    fn admits_password(&mut self, settings: &Settings, headers: &HeaderMap) -> bool {
        let (Some(account), Some((user, password))) = (&settings.basic, basic_credentials(headers)) else {
            return false;
        };
        if account.lock_after.is_some_and(|limit| self.wrong_passwords >= limit) {
            return false;
        }
        let right = user == account.user && password == account.password;
        self.wrong_passwords = if right { 0 } else { self.wrong_passwords + 1 };
        right
    }
}

/// Lets a request to the API in, or gives the answer that refuses it.
pub(super) fn admit(
    shared: &Shared,
    connection: &ntlm::Connection,
    headers: &HeaderMap,
    batch: bool,
) -> Result<(), Denied> {
    let authorization = text_header(headers, "authorization").unwrap_or_default();
    let now_unix_ms = shared.clock.now_unix_ms();
    let admitted = match authorization.split_once(' ') {
        Some(("Bearer", token)) => shared.access().admits_token(&shared.settings, now_unix_ms, token),
        Some(("Basic", _)) => shared.access().admits_password(&shared.settings, headers),
        Some((scheme @ ("NTLM" | "Negotiate"), token)) => match &shared.settings.ntlm {
            None => false,
            Some(user) => match connection.step(user, &mut shared.access().proofs, scheme, token) {
                ntlm::Step::Challenge(offer) => return Err(Denied::Challenged { offer }),
                ntlm::Step::LetIn => true,
                ntlm::Step::Refused => false,
            },
        },
        _ => shared.settings.anonymous || connection.is_signed_in(),
    };
    if !admitted {
        return Err(Denied::Unknown { token_sent: authorization.starts_with("Bearer ") });
    }
    let denied = match shared.settings.on_behalf_of {
        OnBehalfOf::Allowed => false,
        OnBehalfOf::Denied => true,
        OnBehalfOf::DeniedInBatch => batch,
    };
    if denied && headers.contains_key("onbehalfof") { Err(Denied::Refused(Refusal::access_denied())) } else { Ok(()) }
}

/// Why a request does not reach the tables.
#[derive(Debug)]
pub(super) enum Denied {
    /// 401 by IIS.
    Unknown {
        /// Whether a token came along, which then has expired or was never given.
        token_sent: bool,
    },
    /// 401 by IIS, in the middle of signing in.
    Challenged {
        /// Its challenge.
        offer: String,
    },
    /// 403 by the service.
    Refused(Refusal),
}

/// The 401 of IIS, with what it accepts.
pub(super) fn unauthorized(shared: &Shared, token_sent: bool) -> Response<Body> {
    let settings = &shared.settings;
    let error = if token_sent { ", error=\"invalid_token\", error_description=\"The token expired\"" } else { "" };
    let bearer = format!("Bearer realm=\"WorkZone\", authorization_uri=\"{}\"{error}", shared.token_url());
    let mut response = Response::builder()
        .status(401)
        .header("www-authenticate", bearer)
        .header("content-type", "text/html; charset=utf-8");
    if settings.basic.is_some() {
        response = response.header("www-authenticate", "Basic realm=\"WorkZone\"");
    }
    if settings.ntlm.is_some() {
        response = response.header("www-authenticate", "Negotiate").header("www-authenticate", "NTLM");
    }
    response
        .body(Body::from(iis_page(StatusCode::UNAUTHORIZED, ".1")))
        .expect("the parts of this response are texts of our own")
}

/// The 401 of IIS to who has begun to sign in.
pub(super) fn challenged(offer: &str) -> Response<Body> {
    Response::builder()
        .status(401)
        .header("www-authenticate", offer)
        .header("content-type", "text/html; charset=utf-8")
        .body(Body::from(iis_page(StatusCode::UNAUTHORIZED, ".1")))
        .expect("base64 is fit for a header")
}

fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = text_header(headers, "authorization")?.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
