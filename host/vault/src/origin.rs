//! Where a value may go: origins as text, and which of a configuration's uses are confirmed. Pure.

use std::collections::{BTreeMap, BTreeSet};

use sluse_egress::HostSuffix;
use sluse_model::{Connection, Discovery, Endpoint, Name};
use sluse_store::SecretOrigin;
use url::{Host, Url};

use crate::VaultError;

/// What was said of origins, by secret. A secret of which nothing was said has gone nowhere yet.
#[derive(Debug, Default)]
pub(crate) struct Origins(BTreeMap<Name, BTreeMap<String, Standing>>);

impl Origins {
    pub(crate) fn new(known: Vec<SecretOrigin>) -> Self {
        let mut origins = Self::default();
        for SecretOrigin { secret, origin, withdrawn_at, .. } in known {
            let standing = if withdrawn_at.is_some() { Standing::Withdrawn } else { Standing::Confirmed };
            origins.0.entry(secret).or_default().insert(origin, standing);
        }
        origins
    }

    /// What was said of the secret at this origin; `None` when nothing was ever said of the secret.
    fn standing(&self, secret: &Name, origin: &str) -> Option<Standing> {
        self.0.get(secret).map(|origins| origins.get(origin).copied().unwrap_or(Standing::Unconfirmed))
    }

    /// Refuses an origin that the secret may not go to.
    pub(crate) fn check(&self, secret: &Name, origin: &str) -> Result<(), VaultError> {
        let (secret, origin) = (secret.clone(), origin.to_owned());
        match self.standing(&secret, &origin) {
            Some(Standing::Confirmed) => Ok(()),
            Some(Standing::Withdrawn) => Err(VaultError::Withdrawn { secret, origin }),
            _ => Err(VaultError::Unconfirmed { secret, origin }),
        }
    }

    /// The origins of a secret that stand like this, in order.
    pub(crate) fn that_are(&self, standing: Standing, secret: &Name) -> Vec<String> {
        let of_secret = self.0.get(secret).into_iter().flatten();
        of_secret.filter(|(_, known)| **known == standing).map(|(origin, _)| origin.clone()).collect()
    }

    /// The secrets that might go somewhere where they may not go by `next` any more.
    pub(crate) fn narrowed_in(&self, next: &Self) -> BTreeSet<Name> {
        let is_gone = |secret: &Name, origin: &str| next.standing(secret, origin) != Some(Standing::Confirmed);
        let narrowed = self.0.iter().filter(|(secret, origins)| {
            origins.iter().any(|(origin, known)| *known == Standing::Confirmed && is_gone(secret, origin))
        });
        narrowed.map(|(secret, _)| secret.clone()).collect()
    }
}

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

impl SecretUse {
    /// Whether it was confirmed once, and that was taken back.
    pub fn is_withdrawn(&self) -> bool {
        self.standing == Standing::Withdrawn
    }
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
    /// Somebody took it back. Applying a configuration, whoever does it, never confirms it again.
    Withdrawn,
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

/// All origins that an endpoint sends its secrets to: its own, and the one that exchanges them for a token. Where its
/// address is asked for, the hosts that are believed are its own: `https://*.niceincontact.com:443`.
pub(crate) fn origins_of(endpoint: &Endpoint) -> Result<Vec<String>, String> {
    let mut origins = Vec::new();
    if let Some(token_url) = endpoint.auth.token_url() {
        origins.push(origin_of(token_url).ok_or("`token_url` is no address: write it as `https://host/path`")?);
    }
    match &endpoint.discovery {
        None => origins.push(origin_of(&endpoint.url).ok_or("`url` is no address: write it as `https://host/path`")?),
        Some(discovery) => origins.extend(discovered_origins(discovery, endpoint.allow_plaintext)?),
    }
    origins.dedup();
    Ok(origins)
}

/// Where an address that is asked for may be.
fn discovered_origins(discovery: &Discovery, allow_plaintext: bool) -> Result<Vec<String>, String> {
    let scheme = discovery.scheme(allow_plaintext);
    let origin = |text: &String| {
        let suffix: Option<HostSuffix> = text.parse().ok();
        suffix.and_then(|suffix| origin_of(&suffix.origin(scheme)))
    };
    let origins: Option<Vec<String>> = discovery.host_suffixes.iter().map(origin).collect();
    let origins = origins.filter(|origins| !origins.is_empty());
    origins.ok_or_else(|| "`host_suffixes` names the hosts that are believed: `[\"niceincontact.com\"]`".to_owned())
}

/// Every use of a secret in these connections. Of a secret that was never used, the first connection's uses are
/// the first; what the connections after it do elsewhere needs a word. One whose every origin was withdrawn has
/// been used.
pub(crate) fn plan(connections: &[Connection], known: &Origins) -> Result<Vec<SecretUse>, VaultError> {
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
                    let standing = known
                        .standing(secret, &origin)
                        .unwrap_or_else(|| first_use(&mut first, secret, &connection.name, &origin));
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
    use sluse_model::Timestamp;

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

    fn known(confirmed: &[(&str, &str)], withdrawn: &[(&str, &str)]) -> Origins {
        let now = Timestamp::from_millis(0);
        let known = |(secret, origin): &(&str, &str), withdrawn_at| SecretOrigin {
            secret: secret.parse().expect("a name"),
            origin: (*origin).to_owned(),
            confirmed_at: now,
            withdrawn_at,
        };
        let confirmed = confirmed.iter().map(|pair| known(pair, None));
        Origins::new(confirmed.chain(withdrawn.iter().map(|pair| known(pair, Some(now)))).collect())
    }

    #[track_caller]
    fn check(connections: &[Connection], confirmed: &[(&str, &str)], expected: &[(&str, Standing)]) {
        check_known(connections, &known(confirmed, &[]), expected);
    }

    #[track_caller]
    fn check_known(connections: &[Connection], known: &Origins, expected: &[(&str, Standing)]) {
        let plan = plan(connections, known).expect("a plan");
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
    fn a_withdrawn_origin_is_neither_the_first_nor_makes_room_for_another() {
        let (a, b, c) = ("https://a.test:443", "https://b.test:443", "https://c.test:443");
        let urls = json!({ "a": bearer(a, "s"), "b": bearer(b, "s"), "c": bearer(c, "s") });
        let one = [connection("one", urls)];
        let known_of = |confirmed: &[(&str, &str)]| known(confirmed, &[("s", a), ("other", c)]);
        let expected = |second| [(a, Standing::Withdrawn), (b, second), (c, Standing::Unconfirmed)];
        check_known(&one, &known_of(&[]), &expected(Standing::Unconfirmed));
        check_known(&one, &known_of(&[("s", b)]), &expected(Standing::Confirmed));
    }

    #[test]
    fn what_was_narrowed_is_what_was_taken_back() {
        let (a, b) = ("https://a.test:443", "https://b.test:443");
        let before = known(&[("one", a), ("two", a), ("three", b)], &[("four", a)]);
        let after = known(&[("one", a), ("one", b), ("three", b), ("four", a)], &[("two", a)]);
        let names: Vec<String> = before.narrowed_in(&after).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["two"]);
    }

    #[test]
    fn a_url_that_is_none_is_told_by_name() {
        let one = connection("one", json!({ "default": bearer("nonsense", "s") }));
        let error = plan(&[one], &Origins::default()).expect_err("refused").to_string();
        assert!(error.contains("endpoint `default` of connection `one`") && error.contains("`url`"), "{error}");
    }

    #[test]
    fn an_address_that_is_asked_for_is_at_the_hosts_that_are_believed() {
        let endpoint = |url: &str, allow_plaintext: bool, suffixes: &[&str]| {
            json!({
                "discovery": { "url": url, "field": "api_endpoint", "host_suffixes": suffixes },
                "allow_plaintext": allow_plaintext, "auth": { "kind": "bearer", "token": { "secret": "s" } },
            })
        };
        let origins = |endpoint| origins_of(&serde_json::from_value(endpoint).expect("an endpoint"));
        let (secure, plain) = ("https://find.test", "http://127.0.0.1:5");
        assert_eq!(
            origins(endpoint(secure, true, &["a.test", "B.test:8443"])),
            Ok(vec!["https://*.a.test:443".to_owned(), "https://*.b.test:8443".to_owned()])
        );
        assert_eq!(origins(endpoint(plain, true, &["127.0.0.1:7"])), Ok(vec!["http://127.0.0.1:7".to_owned()]));
        assert_eq!(origins(endpoint(plain, false, &["a.test"])), Ok(vec!["https://*.a.test:443".to_owned()]));
        assert!(origins(endpoint(secure, false, &[])).is_err() && origins(endpoint(secure, false, &["*"])).is_err());
        assert_eq!(parse_origin("https://*.a.test").expect("an origin"), "https://*.a.test:443");
    }

    #[test]
    fn every_secret_of_an_endpoint_goes_to_all_its_origins() {
        let auth = json!({
            "kind": "oauth2-password", "token_url": "https://login.test/t", "client_id": "sluse",
            "client_secret": { "secret": "client" }, "username": "key", "password": { "secret": "user" },
        });
        let one = connection("one", json!({ "default": { "url": "https://a.test", "auth": auth } }));
        let (login, a) = ("https://login.test:443", "https://a.test:443");
        let plan = plan(&[one], &known(&[("client", login), ("client", a)], &[])).expect("a plan");
        let found: Vec<_> = plan.iter().map(|one| (one.secret.as_str(), one.origin.as_str(), one.standing)).collect();
        let (confirmed, first) = (Standing::Confirmed, Standing::First);
        assert_eq!(
            found,
            [("client", login, confirmed), ("client", a, confirmed), ("user", login, first), ("user", a, first)]
        );
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
