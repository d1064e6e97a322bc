//! What opens a target, how it joins a request, and all values by which an echo of it is recognised.
//! Where credentials come from is `sluse-vault`'s business.

use std::fmt::Write as _;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use url::Url;
use zeroize::Zeroizing;

use crate::{
    ClientCertificate, Refusal, Secret, headers::fit_for_credential, ntlm::User, signature, signature::Signed,
};

/// What a query leaves as it is (RFC 3986, unreserved).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What opens a target, joined to a request after the guest let go of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Credential {
    /// A header of its own, for example `x-api-key`; the value is sent as it is.
    Header {
        /// The header's name.
        name: String,
        /// The whole value.
        value: Secret,
    },
    /// A parameter of the query; the value is percent-encoded.
    Query {
        /// The parameter's name.
        name: String,
        /// The value, not encoded.
        value: Secret,
    },
    /// `Authorization: Basic`.
    Basic {
        /// The user's name, without a colon.
        username: String,
        /// The password.
        password: Secret,
        /// How often it was set, where it is a person's or a directory's account: one that was set again may be tried
        /// again. `None` for a program's own, which nobody locks.
        version: Option<u64>,
    },
    /// `Authorization: Bearer`.
    Bearer(Secret),
    /// NTLM: the socket is signed in before the request is sent on it.
    Ntlm {
        /// The user's name, as `sluse`, or as `sluse@kommune.dk` without a domain.
        username: String,
        /// The domain, as `KOMMUNE`. Empty for a name that has one.
        domain: String,
        /// The password.
        password: Secret,
        /// How often it was set: one that was set again may be tried again.
        version: u64,
    },
    /// A key that signs the request: `whsec_` and base64, or its bytes.
    Signature(Secret),
    /// Presented when the connection is made; the request itself carries nothing.
    ClientCertificate(ClientCertificate),
}

impl Credential {
    /// Every value of it that a target might echo, derived ones included: what a `Scrubber` is built from.
    pub fn secrets(&self) -> Vec<Secret> {
        match self {
            Self::Header { value, .. } => {
                // `Token abc` may come back as `abc`.
                let behind_scheme = value
                    .expose()
                    .iter()
                    .rposition(|byte| *byte == b' ')
                    .map(|space| Secret::new(&value.expose()[space + 1..]));
                std::iter::once(value.clone()).chain(behind_scheme).collect()
            }
            Self::Query { value, .. } | Self::Bearer(value) | Self::Ntlm { password: value, .. } => vec![value.clone()],
            Self::Basic { username, password, .. } => vec![password.clone(), basic(username, password)],
            Self::Signature(key) => signature::forms(key),
            // The key never leaves the host, and the certificate is no secret.
            Self::ClientCertificate(_) => Vec::new(),
        }
    }

    /// The header that a guest may not set beside it.
    pub(crate) fn header(&self) -> Option<&str> {
        match self {
            Self::Header { name, .. } => Some(name),
            Self::Basic { .. } | Self::Bearer(_) | Self::Ntlm { .. } => Some(AUTHORIZATION.as_str()),
            Self::Query { .. } | Self::Signature(_) | Self::ClientCertificate(_) => None,
        }
    }

    /// Whether it signs, and so sets headers that a guest may not.
    pub(crate) fn signs(&self) -> bool {
        matches!(self, Self::Signature(_))
    }

    /// Who signs a socket in, where it is the socket that is signed in.
    pub(crate) fn user(&self) -> Option<User<'_>> {
        match self {
            Self::Ntlm { username, domain, password, version } => {
                Some(User { name: username, domain, password, version: *version })
            }
            _ => None,
        }
    }

    /// The parameter that a guest may not set beside it.
    pub(crate) fn parameter(&self) -> Option<&str> {
        match self {
            Self::Query { name, .. } => Some(name),
            _ => None,
        }
    }

    /// What is presented when the connection is made.
    pub(crate) fn certificate(&self) -> Option<&ClientCertificate> {
        match self {
            Self::ClientCertificate(certificate) => Some(certificate),
            _ => None,
        }
    }

    /// Joins it to a request that passed every rule.
    pub(crate) fn join(&self, signed: Signed<'_>, headers: &mut HeaderMap, url: &mut Url) -> Result<(), Refusal> {
        match self {
            Self::ClientCertificate(_) => Ok(()),
            Self::Signature(key) => signature::join(key, signed, headers),
            // The request carries nothing: the socket that it is sent on does.
            Self::Ntlm { .. } => Ok(()),
            Self::Header { name, value } => {
                let name = HeaderName::from_bytes(name.as_bytes()).ok().filter(fit_for_credential);
                let name = name.ok_or_else(|| unusable("its header cannot carry one"))?;
                insert(headers, name, value.expose())
            }
            Self::Query { name, value } => {
                append_parameter(url, name, value);
                Ok(())
            }
            Self::Basic { username, .. } if username.contains(':') => Err(unusable("a basic user name holds no colon")),
            Self::Basic { username, password, .. } => {
                let value = [b"Basic ".as_slice(), basic(username, password).expose()].concat();
                insert(headers, AUTHORIZATION, &Zeroizing::new(value))
            }
            Self::Bearer(token) => {
                let value = Zeroizing::new([b"Bearer ".as_slice(), token.expose()].concat());
                insert(headers, AUTHORIZATION, &value)
            }
        }
    }
}

fn basic(username: &str, password: &Secret) -> Secret {
    let pair = Zeroizing::new([username.as_bytes(), b":", password.expose()].concat());
    Secret::new(BASE64_STANDARD.encode(&*pair))
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &[u8]) -> Result<(), Refusal> {
    let mut value = HeaderValue::from_bytes(value)
        .map_err(|_| unusable("it holds a control character, perhaps a line feed at its end"))?;
    // Kept out of debug output and of HTTP/2's header table.
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

fn append_parameter(url: &mut Url, name: &str, value: &Secret) {
    let mut query = Zeroizing::new(url.query().map_or_else(String::new, |query| format!("{query}&")));
    write!(query, "{}={}", percent_encode(name.as_bytes(), UNRESERVED), percent_encode(value.expose(), UNRESERVED))
        .expect("writing to a string does not fail");
    url.set_query(Some(&query));
}

fn unusable(reason: &str) -> Refusal {
    Refusal::new(
        "credential",
        format!("the endpoint's credential cannot be joined: {reason}; set its secret again with `sluse secret set`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(credential: &Credential, url: &str) -> Result<(HeaderMap, String), Refusal> {
        let mut url = Url::parse(url).expect("a URL");
        let mut headers = HeaderMap::new();
        credential.join(Signed::default(), &mut headers, &mut url)?;
        Ok((headers, url.into()))
    }

    fn basic_credential(username: &str, password: &str) -> Credential {
        Credential::Basic { username: username.to_owned(), password: password.into(), version: None }
    }

    #[test]
    fn basic_is_encoded_and_sensitive() {
        let (headers, _) = joined(&basic_credential("Aladdin", "open sesame"), "https://a.test/").expect("joined");
        assert_eq!(headers["authorization"], "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(headers["authorization"].is_sensitive());
    }

    #[test]
    fn bearer_and_header_are_sensitive() {
        for (credential, header, value) in [
            (Credential::Bearer("abc".into()), "authorization", "Bearer abc"),
            (Credential::Header { name: "X-Api-Key".into(), value: "abc".into() }, "x-api-key", "abc"),
        ] {
            let (headers, _) = joined(&credential, "https://a.test/").expect("joined");
            assert_eq!(headers[header], value);
            assert!(headers[header].is_sensitive());
        }
    }

    #[test]
    fn a_query_credential_joins_what_is_there() {
        let credential = Credential::Query { name: "api key".into(), value: "a&b=c æ+".into() };
        let (_, url) = joined(&credential, "https://a.test/p").expect("joined");
        assert_eq!(url, "https://a.test/p?api%20key=a%26b%3Dc%20%C3%A6%2B");
        let (_, url) = joined(&credential, "https://a.test/p?x='1'").expect("joined");
        assert_eq!(url, "https://a.test/p?x=%271%27&api%20key=a%26b%3Dc%20%C3%A6%2B");
    }

    #[test]
    fn what_cannot_be_joined_is_refused_without_showing_it() {
        for credential in [
            Credential::Bearer("abc\n".into()),
            basic_credential("a:b", "secret-c"),
            Credential::Header { name: "Content-Length".into(), value: "5".into() },
            Credential::Header { name: "X Y".into(), value: "5".into() },
        ] {
            let refusal = joined(&credential, "https://a.test/").expect_err("refused");
            assert_eq!(refusal.rule, "credential");
            assert!(!refusal.message.contains("abc") && !refusal.message.contains("secret-c"));
        }
    }

    #[test]
    fn derived_values_are_known_as_secrets() {
        let secrets = basic_credential("Aladdin", "open sesame").secrets();
        let known: Vec<&[u8]> = secrets.iter().map(Secret::expose).collect();
        assert_eq!(known, [b"open sesame".as_slice(), b"QWxhZGRpbjpvcGVuIHNlc2FtZQ=="]);
        let secrets = Credential::Header { name: "authorization".into(), value: "Token abc".into() }.secrets();
        let known: Vec<&[u8]> = secrets.iter().map(Secret::expose).collect();
        assert_eq!(known, [b"Token abc".as_slice(), b"abc"]);
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let shown = format!("{:?}", basic_credential("Aladdin", "open sesame"));
        assert!(shown.contains("Aladdin") && !shown.contains("sesame"), "{shown}");
    }
}
