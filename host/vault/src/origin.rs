//! Where a value may go: origins as text, and which of a configuration's uses are confirmed. Pure.

use std::collections::{BTreeMap, BTreeSet};

use sluse_model::{Auth, Connection, Endpoint, Name};
use url::{Host, Url};

use crate::VaultError;

/// Confirmed origins by secret.
pub(crate) type Confirmed = BTreeMap<Name, BTreeSet<String>>;

/// One origin that a configuration sends a secret to, or a token that was got with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretUse {
    /// The secret.
    pub secret: Name,
    /// `https://login.example.dk:443`, the port always written.
    pub origin: String,
    /// The connection that names both.
    pub connection: Name,
    /// Its endpoint.
    pub endpoint: Name,
    /// Whether it may.
    pub standing: Standing,
}

/// Whether a secret may go to an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Somebody said so, or it was the first.
    Confirmed,
    /// The secret has gone nowhere yet: applying the configuration confirms it.
    First,
    /// Somebody who may write secrets must say so first: `sluse secret confirm NAME ORIGIN`.
    Unconfirmed,
}

/// The origin of an absolute `http` or `https` URL, the port always written. Path, query, user are not looked at.
pub(crate) fn origin_of(url: &str) -> Option<String> {
    let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(format!("{}://{}:{}", url.scheme(), url.host_str()?, url.port_or_known_default()?))
}

/// An origin as a person writes it, in the one spelling that is kept and compared.
pub(crate) fn parse_origin(text: &str) -> Result<String, VaultError> {
    let no_origin = || VaultError::NoOrigin(text.chars().take(120).collect());
    let url = Url::parse(text.trim()).map_err(|_| no_origin())?;
    let is_bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    is_bare.then(|| origin_of(url.as_str())).flatten().ok_or_else(no_origin)
}

/// Whether what is sent there unencrypted stays on the machine.
pub(crate) fn is_encrypted_or_loopback(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    url.scheme() == "https"
        || match url.host() {
            // The one name that may mean nothing else (RFC 6761).
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
}

/// All origins that an endpoint sends its secret to: its own, and the one that exchanges the secret for a token.
pub(crate) fn origins_of(endpoint: &Endpoint) -> Result<Vec<String>, String> {
    let mut origins = Vec::new();
    if let Auth::OAuth2ClientCredentials { token_url, .. } = &endpoint.auth {
        origins.push(origin_of(token_url).ok_or("`token_url` is no address: write it as `https://host/path`")?);
    }
    origins.push(origin_of(&endpoint.url).ok_or("`url` is no address: write it as `https://host/path`")?);
    origins.dedup();
    Ok(origins)
}

/// Every use of a secret in these connections. Of a secret that was never used, the first connection's uses are
/// the first; what the connections after it do elsewhere needs a word.
pub(crate) fn plan(connections: &[Connection], confirmed: &Confirmed) -> Result<Vec<SecretUse>, VaultError> {
    let mut first: BTreeMap<Name, (Name, BTreeSet<String>)> = BTreeMap::new();
    let mut uses = Vec::new();
    for connection in connections {
        for (endpoint_name, endpoint) in &connection.endpoints {
            for secret in endpoint.auth.secrets() {
                let origins = origins_of(endpoint).map_err(|reason| VaultError::Unusable {
                    connection: connection.name.clone(),
                    endpoint: endpoint_name.clone(),
                    reason,
                })?;
                for origin in origins {
                    let standing = match confirmed.get(secret).filter(|origins| !origins.is_empty()) {
                        Some(origins) if origins.contains(&origin) => Standing::Confirmed,
                        Some(_) => Standing::Unconfirmed,
                        None => first_use(&mut first, secret, &connection.name, &origin),
                    };
                    uses.push(SecretUse {
                        secret: secret.clone(),
                        origin,
                        connection: connection.name.clone(),
                        endpoint: endpoint_name.clone(),
                        standing,
                    });
                }
            }
        }
    }
    Ok(uses)
}

fn first_use(
    first: &mut BTreeMap<Name, (Name, BTreeSet<String>)>,
    secret: &Name,
    connection: &Name,
    origin: &str,
) -> Standing {
    let (owner, origins) = first.entry(secret.clone()).or_insert_with(|| (connection.clone(), BTreeSet::new()));
    if owner == connection {
        origins.insert(origin.to_owned());
    }
    if origins.contains(origin) { Standing::First } else { Standing::Unconfirmed }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn connection(name: &str, endpoints: serde_json::Value) -> Connection {
        serde_json::from_value(json!({ "name": name, "connector": "workzone", "endpoints": endpoints }))
            .expect("a connection")
    }

    fn bearer(url: &str, secret: &str) -> serde_json::Value {
        json!({ "url": url, "auth": { "kind": "bearer", "token": { "secret": secret } } })
    }

    fn oauth(url: &str, token_url: &str, secret: &str) -> serde_json::Value {
        json!({ "url": url, "auth": { "kind": "oauth2-client-credentials", "token_url": token_url, "client_id": "sluse", "client_secret": { "secret": secret } } })
    }

    fn confirmed(pairs: &[(&str, &str)]) -> Confirmed {
        let mut confirmed = Confirmed::new();
        for (secret, origin) in pairs {
            confirmed.entry(secret.parse().expect("a name")).or_default().insert((*origin).to_owned());
        }
        confirmed
    }

    #[track_caller]
    fn check(connections: &[Connection], known: &[(&str, &str)], expected: &[(&str, Standing)]) {
        let plan = plan(connections, &confirmed(known)).expect("a plan");
        let found: Vec<(&str, Standing)> = plan.iter().map(|one| (one.origin.as_str(), one.standing)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_first_use_is_free() {
        let one = connection("one", json!({ "default": bearer("https://a.test/x", "s") }));
        check(&[one], &[], &[("https://a.test:443", Standing::First)]);
    }

    #[test]
    fn a_changed_scheme_host_or_port_needs_a_word() {
        for (url, origin) in [
            ("http://a.test", "http://a.test:80"),
            ("https://b.test", "https://b.test:443"),
            ("https://a.test:8443", "https://a.test:8443"),
        ] {
            let one = connection("one", json!({ "default": bearer(url, "s") }));
            check(&[one], &[("s", "https://a.test:443")], &[(origin, Standing::Unconfirmed)]);
        }
        let one = connection("one", json!({ "default": bearer("https://A.test:443/other", "s") }));
        check(&[one], &[("s", "https://a.test:443")], &[("https://a.test:443", Standing::Confirmed)]);
    }

    #[test]
    fn a_token_endpoint_is_a_place_of_its_own() {
        let one = connection("one", json!({ "default": oauth("https://a.test", "https://login.test/t", "s") }));
        check(
            std::slice::from_ref(&one),
            &[],
            &[("https://login.test:443", Standing::First), ("https://a.test:443", Standing::First)],
        );
        check(
            &[one],
            &[("s", "https://a.test:443")],
            &[("https://login.test:443", Standing::Unconfirmed), ("https://a.test:443", Standing::Confirmed)],
        );
    }

    #[test]
    fn another_connection_elsewhere_needs_a_word_even_the_first_time() {
        let connections = [
            connection(
                "one",
                json!({ "default": bearer("https://a.test", "s"), "other": bearer("https://b.test", "s") }),
            ),
            connection(
                "two",
                json!({ "default": bearer("https://a.test", "s"), "other": bearer("https://c.test", "s") }),
            ),
        ];
        let (a, b, c) = ("https://a.test:443", "https://b.test:443", "https://c.test:443");
        check(
            &connections,
            &[],
            &[(a, Standing::First), (b, Standing::First), (a, Standing::First), (c, Standing::Unconfirmed)],
        );
    }

    #[test]
    fn a_url_that_is_none_is_told_by_name() {
        let one = connection("one", json!({ "default": bearer("nonsense", "s") }));
        let error = plan(&[one], &Confirmed::new()).expect_err("refused").to_string();
        assert!(error.contains("endpoint `default` of connection `one`") && error.contains("`url`"), "{error}");
    }

    #[test]
    fn an_origin_is_written_one_way() {
        for text in ["https://A.test", "https://a.test/", "https://a.test:443", " https://a.test:0443 "] {
            assert_eq!(parse_origin(text).expect("an origin"), "https://a.test:443", "{text}");
        }
        for text in ["a.test", "https://a.test/path", "https://a.test?q", "https://u@a.test", "ftp://a.test", ""] {
            assert!(parse_origin(text).is_err(), "{text}");
        }
    }

    #[test]
    fn plaintext_stays_on_the_machine() {
        for url in
            ["https://a.test/t", "http://127.0.0.1:1/t", "http://127.9.9.9/t", "http://[::1]/t", "http://localhost/t"]
        {
            assert!(is_encrypted_or_loopback(url), "{url}");
        }
        for url in ["http://a.test/t", "http://10.0.0.1/t", "http://localhost.a.test/t", "http://[::2]/t", "nonsense"] {
            assert!(!is_encrypted_or_loopback(url), "{url}");
        }
    }
}
