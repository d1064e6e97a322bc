//! What came back from a token endpoint: a token, a refusal, or neither. Pure. Judged by HTTP status and the
//! OAuth `error`, never by a vendor's own numbers, which the vendor says not to rely on; they only better `advice`.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use serde::Deserialize;
use serde_json::Value;
use sluse_egress::{Secret, retry_after};
use sluse_model::{Auth, Timestamp};

use super::{
    AccessToken, Fetched,
    advice::{advice, set_again},
    request::Exchange,
};
use crate::VaultError;

/// For an answer without `expires_in`. RFC 6749 leaves it to the server's documentation; five minutes is what
/// the shortest-lived ones in the field give, and asking again is cheap.
pub(crate) const DEFAULT_LIFE: Duration = Duration::from_secs(5 * 60);

/// No token is used for longer, whatever its endpoint says.
const MAX_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// A token that is about to expire could expire on its way.
const MAX_SKEW: Duration = Duration::from_secs(60);

/// What is shown of a text that somebody else wrote.
const MAX_SHOWN_CHARS: usize = 200;

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: String,
    #[serde(default)]
    expires_in: Value,
}

#[derive(Deserialize)]
pub(super) struct Denied {
    pub(super) error: String,
    #[serde(default)]
    pub(super) error_description: String,
    /// Entra's own numbers.
    #[serde(default)]
    pub(super) error_codes: Value,
}

pub(super) fn read(origin: &str, auth: &Auth, exchange: &Exchange, asked_at: Timestamp, now: Timestamp) -> Fetched {
    let origin = origin.to_owned();
    match exchange.status {
        200 => granted(&exchange.body, asked_at).map_err(|reason| VaultError::Unavailable {
            origin,
            reason,
            retry_after: None,
        }),
        status => Err(refused(origin, auth, status, exchange, now)),
    }
}

/// Errors that a token endpoint gives before it looks at a user, or after it has let one in (RFC 6749, section 5.2).
const NOT_OF_THE_USER: [&str; 4] =
    ["invalid_scope", "invalid_request", "unauthorized_client", "unsupported_grant_type"];

/// Whether user or password may be what it refuses: what does not say so is taken for that.
pub(super) fn refuses_the_user(exchange: &Exchange) -> bool {
    let denied: Option<Denied> = serde_json::from_slice(&exchange.body).ok();
    let error = denied.as_ref().map_or("", |denied| denied.error.as_str());
    matches!(exchange.status, 400 | 401 | 403) && !says_later(error) && !NOT_OF_THE_USER.contains(&error)
}

fn says_later(error: &str) -> bool {
    matches!(error, "temporarily_unavailable" | "server_error" | "slow_down")
}

fn granted(body: &[u8], asked_at: Timestamp) -> Result<Arc<AccessToken>, String> {
    // Serde's own text could quote what it found.
    let granted: Granted = serde_json::from_slice(body).map_err(|_| {
        "its answer is no JSON object with `access_token` and `token_type` (200): check `token_url`".to_owned()
    })?;
    let value = Secret::from(granted.access_token);
    if !granted.token_type.eq_ignore_ascii_case("bearer") {
        return Err(format!("its `token_type` is `{}`, and only `Bearer` can be used", shown(&granted.token_type)));
    }
    // RFC 6749 appendix A.12; a space or a line feed would end the header.
    if value.expose().is_empty() || !value.expose().iter().all(u8::is_ascii_graphic) {
        return Err("its `access_token` is empty or holds characters that no token has".to_owned());
    }
    let life = life(&granted.expires_in)?;
    let good_until = asked_at.plus(life.saturating_sub(skew(life)));
    Ok(Arc::new(AccessToken { value: Arc::new(value), asked_at, good_until, dropped: AtomicBool::new(false) }))
}

/// Seconds as a number or, as some write it, as text.
fn life(expires_in: &Value) -> Result<Duration, String> {
    let seconds = match expires_in {
        Value::Null => return Ok(DEFAULT_LIFE),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    match seconds {
        Some(seconds) if seconds >= 0.0 => Ok(Duration::from_secs_f64(seconds.min(MAX_LIFE.as_secs_f64()))),
        _ => Err("its `expires_in` is no number of seconds".to_owned()),
    }
}

fn skew(life: Duration) -> Duration {
    MAX_SKEW.min(life / 4)
}

fn refused(origin: String, auth: &Auth, status: u16, exchange: &Exchange, now: Timestamp) -> VaultError {
    let denied: Option<Denied> = serde_json::from_slice(&exchange.body).ok();
    let error = denied.as_ref().map_or("", |denied| denied.error.as_str());
    let reason = told(auth, status, denied.as_ref());
    if says_later(error) || matches!(status, 408 | 425 | 429 | 500..) || status < 300 {
        let retry_after = exchange.retry_after.as_deref().and_then(|text| retry_after(text, now));
        return VaultError::Unavailable { origin, reason, retry_after };
    }
    VaultError::Refused { origin, reason }
}

fn told(auth: &Auth, status: u16, denied: Option<&Denied>) -> String {
    match denied {
        Some(denied @ Denied { error, error_description, .. }) => {
            let description = if error_description.is_empty() { "" } else { ": " };
            // Where the description is a whole sentence, what to do goes on behind it.
            let said = shown(error_description);
            let said = said.strip_suffix('.').unwrap_or(&said);
            format!("`{}` ({status}){description}{said}{}", shown(error), advice(auth, denied))
        }
        None if (300..400).contains(&status) => {
            format!("it answered {status}, and redirects are not followed: write the final address in `token_url`")
        }
        None if status == 404 => "it answered 404: check `token_url`".to_owned(),
        None if status == 401 => format!("it answered 401{}", set_again(auth)),
        None => format!("it answered {status}"),
    }
}

/// The first line, bounded, without control characters.
fn shown(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    let mut shown: String = line
        .chars()
        .map(|letter| if letter.is_control() { '\u{fffd}' } else { letter })
        .take(MAX_SHOWN_CHARS)
        .collect();
    if line.chars().nth(MAX_SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_762_000_000_000);

    fn answer(status: u16, body: &str) -> Fetched {
        answer_with(status, body, None)
    }

    fn client() -> Auth {
        serde_json::from_value(serde_json::json!({
            "kind": "oauth2-client-credentials", "token_url": "https://login.test/t", "client_id": "sluse",
            "client_secret": { "secret": "workzone-client" },
        }))
        .expect("an auth")
    }

    fn user() -> Auth {
        serde_json::from_value(serde_json::json!({
            "kind": "oauth2-password", "token_url": "https://login.test/t", "client_id": "sluse",
            "client_secret": { "secret": "cxone-client" }, "username": { "secret": "cxone-key-id" },
            "password": { "secret": "cxone-key" },
        }))
        .expect("an auth")
    }

    fn answer_with(status: u16, body: &str, retry_after: Option<&str>) -> Fetched {
        answer_to(&client(), status, body, retry_after)
    }

    fn answer_to(auth: &Auth, status: u16, body: &str, retry_after: Option<&str>) -> Fetched {
        let exchange = Exchange {
            status,
            retry_after: retry_after.map(str::to_owned),
            body: Bytes::copy_from_slice(body.as_bytes()),
        };
        read("https://login.test:443", auth, &exchange, NOW, NOW)
    }

    #[track_caller]
    fn good_for(expires_in: &str, seconds: u64) {
        let token =
            answer(200, &format!(r#"{{"access_token":"abc","token_type":"Bearer"{expires_in}}}"#)).expect("a token");
        assert_eq!(token.good_until.since(NOW), Duration::from_secs(seconds), "{expires_in}");
    }

    #[test]
    fn a_token_is_used_until_shortly_before_it_expires() {
        good_for(r#","expires_in":3599"#, 3539);
        good_for(r#","expires_in":"3599""#, 3539);
        good_for(r#","expires_in":40"#, 30);
        good_for(r#","expires_in":0"#, 0);
    }

    #[test]
    fn a_life_that_nobody_tells_is_short_and_an_endless_one_is_bounded() {
        good_for("", 240);
        good_for(r#","expires_in":null"#, 240);
        good_for(r#","expires_in":1e300"#, 24 * 60 * 60 - 60);
    }

    #[track_caller]
    fn malformed(body: &str) {
        let error = answer(200, body).expect_err(body);
        assert!(error.is_temporary() && error.retry_after().is_none(), "{error}");
        assert!(!error.to_string().contains("canary"), "{error}");
    }

    #[test]
    fn what_is_no_token_is_not_used_and_not_shown() {
        malformed("");
        malformed("<html>canary</html>");
        malformed("[1]");
        malformed(r#"{"token_type":"Bearer"}"#);
        malformed(r#"{"access_token":"canary"}"#);
        malformed(r#"{"access_token":["canary"],"token_type":"Bearer"}"#);
        malformed(r#"{"access_token":"","token_type":"Bearer"}"#);
        malformed(r#"{"access_token":"canary two","token_type":"Bearer"}"#);
        malformed("{\"access_token\":\"canary\\r\\nx: y\",\"token_type\":\"Bearer\"}");
        malformed(r#"{"access_token":"canary","token_type":"mac"}"#);
        for expires_in in ["-1", "\"soon\"", "[]", "true", "\"NaN\""] {
            malformed(&format!(r#"{{"access_token":"canary","token_type":"Bearer","expires_in":{expires_in}}}"#));
        }
    }

    #[test]
    fn the_type_of_a_token_is_written_any_way() {
        answer(200, r#"{"access_token":"abc","token_type":"bearer"}"#).expect("a token");
    }

    #[track_caller]
    fn check_class(status: u16, body: &str, is_temporary: bool) {
        let error = answer(status, body).expect_err("no token");
        assert_eq!(error.is_temporary(), is_temporary, "{status} {body}: {error}");
    }

    #[test]
    fn refusals_are_told_from_bad_days() {
        for error in [
            "invalid_client",
            "unauthorized_client",
            "invalid_scope",
            "invalid_request",
            "unsupported_grant_type",
            "invalid_grant",
        ] {
            check_class(400, &format!(r#"{{"error":"{error}"}}"#), false);
            check_class(401, &format!(r#"{{"error":"{error}"}}"#), false);
        }
        for status in [301, 302, 307, 400, 401, 403, 404, 405] {
            check_class(status, "<html>", false);
        }
        for status in [204, 408, 429, 500, 502, 503, 504] {
            check_class(status, "<html>", true);
            check_class(status, r#"{"error":"invalid_client"}"#, true);
        }
        check_class(400, r#"{"error":"temporarily_unavailable"}"#, true);
    }

    #[track_caller]
    fn check_told(auth: &Auth, status: u16, body: &str, expected: &str) {
        let error = answer_to(auth, status, body, None).expect_err("no token");
        assert!(!error.is_temporary(), "{error}");
        assert_eq!(error.to_string(), format!("the token endpoint `https://login.test:443` refused: {expected}"));
    }

    #[test]
    fn a_refusal_tells_its_first_line_and_what_to_do() {
        check_told(
            &client(),
            401,
            r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 4711\r\nTimestamp: now","error_codes":[7000215]}"#,
            "`invalid_client` (401): AADSTS7000215: Invalid client secret provided; write the secret's value, not its id, with `sluse secret set workzone-client`",
        );
        check_told(
            &client(),
            401,
            r#"{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys for app are expired.","error_codes":[7000222]}"#,
            "`invalid_client` (401): AADSTS7000222: The provided client secret keys for app are expired; the client secret has expired: make a new one there, and write it with `sluse secret set workzone-client`",
        );
        check_told(
            &client(),
            400,
            r#"{"error":"unauthorized_client","error_description":"AADSTS700016: Application was not found in the directory.","error_codes":[700016]}"#,
            "`unauthorized_client` (400): AADSTS700016: Application was not found in the directory; check `client_id` and the tenant: the application is not known there",
        );
        for (code, error, advice) in [
            (90002, "invalid_request", "check `tenant`: nobody has a tenant of this name or id"),
            (500011, "invalid_resource", "check `scope`: the tenant knows no application of this address"),
        ] {
            let body = format!(
                r#"{{"error":"{error}","error_description":"AADSTS{code}: Not found.","error_codes":[{code}]}}"#
            );
            check_told(&client(), 400, &body, &format!("`{error}` (400): AADSTS{code}: Not found; {advice}"));
        }
        check_told(
            &client(),
            400,
            r#"{"error":"unauthorized_client"}"#,
            "`unauthorized_client` (400); check `client_id`, and let the client use the grant `client_credentials`",
        );
    }

    #[test]
    fn a_user_who_is_refused_hears_of_both_secrets() {
        let both = "; check `client_id` and secret `cxone-key-id`, and set the secrets `cxone-client` and `cxone-key` again if they are wrong or have expired";
        check_told(&user(), 400, r#"{"error":"invalid_grant"}"#, &format!("`invalid_grant` (400){both}"));
        check_told(&user(), 401, "<html>", &format!("it answered 401{both}"));
    }

    #[test]
    fn a_long_or_strange_description_is_bounded() {
        let body = format!(r#"{{"error":"invalid_client","error_description":"a\u0007{}"}}"#, "x".repeat(5000));
        let error = answer(400, &body).expect_err("no token").to_string();
        assert!(error.len() < 500 && !error.contains('\u{7}'), "{error}");
    }

    #[track_caller]
    fn check_retry_after(text: &str, seconds: Option<u64>) {
        let error = answer_with(429, "", Some(text)).expect_err("no token");
        assert_eq!(error.retry_after(), seconds.map(Duration::from_secs), "{text}");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        check_retry_after("120", Some(120));
        check_retry_after(" 0 ", Some(0));
        check_retry_after("Sat, 01 Nov 2025 12:27:40 GMT", Some(60));
        check_retry_after("Sat, 01 Nov 2025 12:00:00 GMT", Some(0));
        check_retry_after("99999999", Some(24 * 60 * 60));
        check_retry_after("soon", None);
        check_retry_after("-5", None);
    }
}
