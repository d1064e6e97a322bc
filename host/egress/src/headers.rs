//! Which methods and headers a guest may choose. What it may not choose frames the message, names the
//! peer, or carries the credential.

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::{Refusal, signature};

const METHODS: [&str; 8] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "MERGE", "DELETE"];

/// Enough for any API we know, and less than servers commonly take.
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 32 << 10;

const FORBIDDEN: [&str; 16] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "forwarded",
    "cookie",
    "accept-encoding",
    "keep-alive",
    "http2-settings",
    "alt-used",
    "via",
    "x-real-ip",
];
const FORBIDDEN_FAMILIES: [&str; 2] = ["proxy-", "x-forwarded-"];

/// What a credential occupies, so that no guest can put something beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reserved<'a> {
    /// Whether a credential is bound to the endpoint at all.
    pub(crate) bound: bool,
    /// The header that carries it.
    pub(crate) header: Option<&'a str>,
    /// Whether the credential signs the request.
    pub(crate) signs: bool,
}

/// Only methods from a list.
pub(crate) fn check_method(method: &Method) -> Result<(), Refusal> {
    if METHODS.contains(&method.as_str()) {
        return Ok(());
    }
    let shown: String = method.as_str().chars().take(40).collect();
    Err(Refusal::new("method", format!("method `{shown}` is not sent: use one of {}", METHODS.join(", "))))
}

/// The guest's headers, each checked, in the guest's order.
pub(crate) fn check_headers(
    written: &[(String, String)],
    reserved: Reserved<'_>,
    own_content_type: bool,
) -> Result<HeaderMap, Refusal> {
    let size_bytes: usize = written.iter().map(|(name, value)| name.len() + value.len()).sum();
    if written.len() > MAX_HEADERS || size_bytes > MAX_HEADER_BYTES {
        return Err(Refusal::new(
            "header-size",
            format!(
                "{} headers of {size_bytes} bytes are too many: at most {MAX_HEADERS} and {MAX_HEADER_BYTES} bytes are sent",
                written.len()
            ),
        ));
    }
    // Room for the credential and what the client adds.
    let mut headers = HeaderMap::with_capacity(written.len() + 4);
    for (name, value) in written {
        let parsed = check_name(name)?;
        if let Some(reason) = forbidden(&parsed, reserved, own_content_type) {
            return Err(Refusal::new("header", format!("header `{parsed}` is refused: {reason}")));
        }
        headers.append(parsed, check_value(name, value)?);
    }
    Ok(headers)
}

fn check_name(name: &str) -> Result<HeaderName, Refusal> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        let shown = name.chars().take(60).collect::<String>().escape_debug().to_string();
        Refusal::new("header", format!("`{shown}` is no header name"))
    })
}

/// Visible ASCII, space and tab: everything else is read in more than one way.
fn check_value(name: &str, value: &str) -> Result<HeaderValue, Refusal> {
    let plain = value.bytes().all(|byte| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t'));
    let parsed = plain.then(|| HeaderValue::from_str(value).ok()).flatten();
    parsed.ok_or_else(|| Refusal::new("header", format!("the value of header `{name}` holds more than visible ASCII: encode it as the header's specification says")))
}

fn forbidden(name: &HeaderName, reserved: Reserved<'_>, own_content_type: bool) -> Option<&'static str> {
    // Servers behind CGI-like gateways cannot tell `_` from `-`.
    let name = name.as_str().replace('_', "-");
    if FORBIDDEN.contains(&name.as_str()) || FORBIDDEN_FAMILIES.iter().any(|family| name.starts_with(family)) {
        return Some("the host alone sets it");
    }
    if reserved.bound && name == "authorization" {
        return Some("a credential is bound to the endpoint");
    }
    if reserved.header.is_some_and(|header| header.replace('_', "-").eq_ignore_ascii_case(&name)) {
        return Some("it carries the endpoint's credential");
    }
    if reserved.signs && signature::sets(&name) {
        return Some("the endpoint's signature sets it");
    }
    if own_content_type && name == "content-type" {
        return Some("a multipart body has its own");
    }
    None
}

/// Whether a header with this name is one that a guest may set, whatever the endpoint's credential is. Its own header
/// is not looked at.
pub fn is_free(name: &str) -> bool {
    let reserved = Reserved { bound: true, header: None, signs: true };
    HeaderName::from_bytes(name.as_bytes()).is_ok_and(|name| forbidden(&name, reserved, true).is_none())
}

/// Whether a credential may travel in this header: not where it would frame the message or name the peer.
pub(crate) fn fit_for_credential(name: &HeaderName) -> bool {
    let reserved = Reserved { bound: false, header: None, signs: false };
    name == http::header::COOKIE || forbidden(name, reserved, true).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Reserved<'_> = Reserved { bound: false, header: None, signs: false };
    const KEYED: Reserved<'_> = Reserved { bound: true, header: Some("X-Api-Key"), signs: false };
    const SIGNED: Reserved<'_> = Reserved { bound: true, header: None, signs: true };

    #[track_caller]
    fn check(name: &str, value: &str, reserved: Reserved<'_>, passes: bool) {
        let answer = check_headers(&[(name.to_owned(), value.to_owned())], reserved, false);
        assert_eq!(answer.is_ok(), passes, "{name:?}: {value:?} {answer:?}");
    }

    #[test]
    fn ordinary_headers_pass() {
        for name in [
            "Accept",
            "Content-Type",
            "If-Match",
            "DataServiceVersion",
            "OData-Version",
            "Prefer",
            "User-Agent",
            "X-HTTP-Method",
            "traceparent",
        ] {
            check(name, "a; b=\"c\", W/\"1\"", KEYED, true);
        }
    }

    #[test]
    fn headers_of_the_host_are_refused() {
        for name in [
            "Host",
            "content-length",
            "Transfer-Encoding",
            "Connection",
            "Upgrade",
            "TE",
            "Trailer",
            "Expect",
            "Proxy-Authorization",
            "Proxy-Connection",
            "Forwarded",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "x_forwarded_for",
            "Cookie",
            "Accept-Encoding",
            "Keep-Alive",
            "HTTP2-Settings",
            "Content_Length",
        ] {
            check(name, "a", OPEN, false);
        }
    }

    #[test]
    fn authorization_is_the_guests_only_without_a_credential() {
        check("Authorization", "Bearer mine", OPEN, true);
        check("authorization", "Bearer mine", KEYED, false);
    }

    #[test]
    fn the_credentials_header_is_refused_however_it_is_spelled() {
        check("X-Api-Key", "a", OPEN, true);
        for name in ["X-Api-Key", "x-api-key", "X_API_KEY"] {
            check(name, "a", KEYED, false);
        }
    }

    #[test]
    fn of_a_signature_only_the_id_is_the_guests() {
        for name in ["webhook-signature", "Webhook-Timestamp", "WEBHOOK_SIGNATURE"] {
            check(name, "1", SIGNED, false);
            check(name, "1", OPEN, true);
        }
        check("webhook-id", "msg-1", SIGNED, true);
    }

    #[test]
    fn smuggled_lines_are_refused() {
        for value in ["a\r\nHost: evil", "a\nb", "a\rb", "a\0", "æ", "\u{7f}"] {
            check("X-A", value, OPEN, false);
        }
        for name in ["", "X A", "X:A", "X\r\nHost", "Hæder", ":authority"] {
            check(name, "a", OPEN, false);
        }
    }

    #[test]
    fn counts_and_sizes_are_bounded() {
        let many = |count: usize| vec![("x-a".to_owned(), "b".to_owned()); count];
        assert!(check_headers(&many(MAX_HEADERS), OPEN, false).is_ok());
        assert_eq!(check_headers(&many(MAX_HEADERS + 1), OPEN, false).expect_err("too many").rule, "header-size");
        check("x-a", &"b".repeat(MAX_HEADER_BYTES - 3), OPEN, true);
        check("x-a", &"b".repeat(MAX_HEADER_BYTES - 2), OPEN, false);
    }

    #[test]
    fn a_multipart_body_brings_its_own_type() {
        let headers = [("Content-Type".to_owned(), "text/plain".to_owned())];
        assert!(check_headers(&headers, OPEN, true).is_err());
        assert!(check_headers(&headers, OPEN, false).is_ok());
    }

    #[test]
    fn methods_come_from_a_list() {
        for method in METHODS {
            assert!(check_method(&method.parse().expect("a method")).is_ok());
        }
        for method in ["CONNECT", "TRACE", "get", "PROPFIND"] {
            assert_eq!(check_method(&method.parse().expect("a method")).expect_err(method).rule, "method");
        }
    }

    #[test]
    fn a_credential_does_not_travel_in_a_framing_header() {
        for (name, fits) in [
            ("authorization", true),
            ("cookie", true),
            ("x-api-key", true),
            ("content-length", false),
            ("host", false),
            ("content-type", false),
        ] {
            assert_eq!(fit_for_credential(&HeaderName::from_static(name)), fits, "{name}");
        }
    }
}
