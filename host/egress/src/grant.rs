//! What may be reached: the operator's ceiling, the connection's grant, and the decision on an address.
//! Pure: names are resolved and sockets opened elsewhere.

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use sluse_model::Name;
use url::Host;

use crate::{
    HostPattern, Refusal,
    addresses::{class, embedded},
    path::Base,
};

/// The operator's upper bound for every connection: `[egress]` of sluse.toml.
#[derive(Debug, Clone)]
pub struct Ceiling {
    /// Hosts that connections may name. Empty: none.
    pub hosts: Vec<HostPattern>,
    /// Addresses that are not global unicast and may be reached all the same, where a connection names them too.
    pub cidrs: Vec<IpNet>,
    /// The largest request body, in bytes.
    pub max_request_bytes: u64,
    /// The largest answer body, in bytes.
    pub max_response_bytes: u64,
    /// The longest time for one request, from its begin to the end of its answer.
    pub max_timeout: Duration,
    /// Certificate authorities trusted beside the platform's: a private CA.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

/// As large as the files that flows and connections take unless they say otherwise: what was accepted can be sent.
const MAX_DOCUMENT_BYTES: u64 = 512 << 20;

impl Default for Ceiling {
    /// No host, no address that is not global; sizes fit for documents (512 MiB) and two minutes.
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            cidrs: Vec::new(),
            max_request_bytes: MAX_DOCUMENT_BYTES,
            max_response_bytes: MAX_DOCUMENT_BYTES,
            max_timeout: Duration::from_secs(120),
            extra_roots: Vec::new(),
        }
    }
}

/// Reads the certificates of a PEM file, for `Ceiling::extra_roots`.
///
/// # Errors
/// When the text is no PEM or holds no certificate.
pub fn roots_from_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Refusal> {
    let roots: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match roots {
        Ok(roots) if !roots.is_empty() => Ok(roots),
        Ok(_) => Err(Refusal::new(
            "extra-roots",
            "the file of `egress.extra_roots` in sluse.toml holds no certificate: write PEM, from `-----BEGIN CERTIFICATE-----` on",
        )),
        Err(error) => Err(Refusal::new(
            "extra-roots",
            format!("the file of `egress.extra_roots` in sluse.toml cannot be read: {error}"),
        )),
    }
}

/// One endpoint of a connection and what the connection's grant says of it.
#[derive(Debug, Clone)]
pub struct EndpointRules {
    /// The connection, as refusals name it.
    pub connection: Name,
    /// The endpoint's name within the connection.
    pub name: Name,
    /// `https://host[:port][/path]`; requests go below it.
    pub base_url: String,
    /// Whether `http://` is accepted. A credential then travels to loopback addresses only.
    pub allow_plaintext: bool,
    /// `grant.cidrs`: addresses that are not global unicast. Each must lie in `egress.cidrs` too.
    pub cidrs: Vec<IpNet>,
    /// `grant.hosts`; empty means the host of `base_url` alone.
    pub hosts: Vec<HostPattern>,
    /// Time for one request, from its begin to the end of its answer.
    pub timeout: Duration,
    /// Time for name, connection and TLS handshake together.
    pub connect_timeout: Duration,
    /// The largest request body, in bytes.
    pub max_request_bytes: u64,
    /// The largest answer body, in bytes.
    pub max_response_bytes: u64,
    /// An answer's body that comes slower than this, over `rate_window`, is given up. 0 switches it off, for targets that
    /// begin an answer and then think.
    pub min_bytes_per_second: u64,
    /// Over how long the rate is measured; only time spent waiting for the target counts.
    pub rate_window: Duration,
    /// Never HTTP/2, for targets that only claim to speak it.
    pub http1_only: bool,
}

impl EndpointRules {
    /// An endpoint with no grant beyond its own host, with 30 seconds (10 to connect), 64 MiB each way
    /// and at least 100 bytes per second.
    pub fn new(connection: Name, name: Name, base_url: impl Into<String>) -> Self {
        Self {
            connection,
            name,
            base_url: base_url.into(),
            allow_plaintext: false,
            cidrs: Vec::new(),
            hosts: Vec::new(),
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            max_request_bytes: 64 << 20,
            max_response_bytes: 64 << 20,
            min_bytes_per_second: 100,
            rate_window: Duration::from_secs(10),
            http1_only: false,
        }
    }
}

/// The host of an endpoint is named by the operator, and by the connection if that names any.
pub(crate) fn check_host(ceiling: &Ceiling, rules: &EndpointRules, base: &Base) -> Result<(), Refusal> {
    let (host, port, connection) = (base.host(), base.port(), &rules.connection);
    let named = |patterns: &[HostPattern]| patterns.iter().any(|pattern| pattern.matches(&host, port));
    if !named(&ceiling.hosts) {
        return Err(Refusal::new(
            "host",
            format!(
                "host `{host}` is not open to connections: add `{host}` to `egress.hosts` in sluse.toml, and start the host again"
            ),
        ));
    }
    if !rules.hosts.is_empty() && !named(&rules.hosts) {
        return Err(Refusal::new(
            "host",
            format!(
                "host `{host}` is outside the grant of connection `{connection}`: add `{host}` to its `grant.hosts`"
            ),
        ));
    }
    Ok(())
}

/// `http` needs leave.
pub(crate) fn check_scheme(rules: &EndpointRules, base: &Base) -> Result<(), Refusal> {
    if base.is_plaintext() && !rules.allow_plaintext {
        return Err(Refusal::new(
            "plaintext",
            format!(
                "endpoint `{}` of connection `{}` is not encrypted: use `https://`, or write `allow_plaintext = true` at the endpoint",
                rules.name, rules.connection
            ),
        ));
    }
    Ok(())
}

/// Decides on the addresses of one endpoint's host.
#[derive(Debug, Clone)]
pub(crate) struct AddressRules {
    pub(crate) connection: Name,
    pub(crate) host: String,
    pub(crate) ceiling: Vec<IpNet>,
    pub(crate) granted: Vec<IpNet>,
    /// A credential in plaintext leaves the machine under no circumstances.
    pub(crate) loopback_only: bool,
}

impl AddressRules {
    /// An address written in the URL itself never meets the resolver.
    pub(crate) fn check_literal(&self, host: &Host<&str>) -> Result<(), Refusal> {
        match host {
            Host::Domain(_) => Ok(()),
            Host::Ipv4(address) => self.check(IpAddr::V4(*address)),
            Host::Ipv6(address) => self.check(IpAddr::V6(*address)),
        }
    }

    /// The address, and every address hidden inside it, is global or named by both grants.
    pub(crate) fn check(&self, address: IpAddr) -> Result<(), Refusal> {
        if self.loopback_only && !address.is_loopback() {
            let (host, connection) = (&self.host, &self.connection);
            return Err(Refusal::new(
                "plaintext-credential",
                format!(
                    "address {address} of `{host}` is not loopback, and the credential of connection `{connection}` is not sent unencrypted: use `https://`"
                ),
            ));
        }
        self.check_one(address)?;
        embedded(address).try_for_each(|inner| self.check_one(inner))
    }

    fn check_one(&self, address: IpAddr) -> Result<(), Refusal> {
        let Some(class) = class(address) else {
            return Ok(());
        };
        let (host, name) = (&self.host, class.name);
        if !class.grantable {
            return Err(Refusal::new("address", format!("address {address} of `{host}` is {name}")));
        }
        // A grant names addresses of the class; `0.0.0.0/0` names none in particular.
        let named =
            |grants: &[IpNet]| grants.iter().any(|grant| class.block.contains(grant) && grant.contains(&address));
        let (connection, net) = (&self.connection, IpNet::from(address));
        let places = match (named(&self.granted), named(&self.ceiling)) {
            (true, true) => return Ok(()),
            (false, false) => format!(
                "`grant.cidrs` of connection `{connection}` and to `egress.cidrs` in sluse.toml, and start the host again"
            ),
            (false, true) => format!("`grant.cidrs` of connection `{connection}`"),
            (true, false) => "`egress.cidrs` in sluse.toml, and start the host again".to_owned(),
        };
        Err(Refusal::new(
            "address",
            format!(
                "address {address} of `{host}` is {name}: add `{net}`, or a wider part of `{}`, to {places}",
                class.block
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().expect("a name")
    }

    fn nets(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().expect("a network")).collect()
    }

    fn rules(ceiling: &[&str], granted: &[&str]) -> AddressRules {
        AddressRules {
            connection: name("workzone"),
            host: "example.dk".to_owned(),
            ceiling: nets(ceiling),
            granted: nets(granted),
            loopback_only: false,
        }
    }

    #[track_caller]
    fn check(address: &str, ceiling: &[&str], granted: &[&str], passes: bool) {
        let answer = rules(ceiling, granted).check(address.parse().expect("an address"));
        assert_eq!(answer.is_ok(), passes, "{address} {answer:?}");
    }

    #[test]
    fn global_addresses_need_no_grant() {
        check("8.8.8.8", &[], &[], true);
        check("2a00:1450::1", &[], &[], true);
    }

    #[test]
    fn others_need_both_grants() {
        check("10.0.0.5", &[], &[], false);
        check("10.0.0.5", &["10.0.0.0/8"], &[], false);
        check("10.0.0.5", &[], &["10.0.0.0/8"], false);
        check("10.0.0.5", &["10.0.0.0/8"], &["10.0.0.0/24"], true);
        check("10.0.1.5", &["10.0.0.0/8"], &["10.0.0.0/24"], false);
        check("127.0.0.1", &["127.0.0.0/8"], &["127.0.0.0/8"], true);
        check("::1", &["127.0.0.0/8"], &["127.0.0.0/8"], false);
        check("::1", &["::1/128"], &["::1/128"], true);
    }

    #[test]
    fn a_grant_of_everything_names_nothing() {
        for address in ["10.0.0.5", "127.0.0.1", "169.254.1.1", "::1", "fd12::1"] {
            check(address, &["0.0.0.0/0", "::/0"], &["0.0.0.0/0", "::/0"], false);
        }
    }

    #[test]
    fn metadata_is_never_granted() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "fd00:ec2::254",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
        ] {
            let all = [
                "169.254.0.0/16",
                "169.254.169.254/32",
                "169.254.170.0/24",
                "fd00:ec2::254/128",
                "fc00::/7",
                "100.64.0.0/10",
                "100.100.100.200/32",
                "192.0.0.0/24",
                "168.63.129.16/32",
                "::ffff:0:0/96",
                "64:ff9b::/96",
            ];
            check(address, &all, &all, false);
        }
    }

    #[test]
    fn a_hidden_address_is_judged_too() {
        let mapped = ["::ffff:0:0/96"];
        check("::ffff:8.8.8.8", &[], &[], false);
        check("::ffff:8.8.8.8", &mapped, &mapped, true);
        check("::ffff:10.0.0.5", &mapped, &mapped, false);
        check("::ffff:10.0.0.5", &["10.0.0.0/8"], &["10.0.0.0/8"], false);
        let both = ["::ffff:0:0/96", "10.0.0.0/8"];
        check("::ffff:10.0.0.5", &both, &both, true);
        let translated = ["64:ff9b::/96"];
        check("64:ff9b::8.8.8.8", &translated, &translated, true);
        check("64:ff9b::7f00:1", &translated, &translated, false);
        check("2002:7f00:1::", &["2002::/16"], &["2002::/16"], false);
        check("2002:808:808::", &["2002::/16"], &["2002::/16"], true);
        check("2001:0:808:808::80ff:fffe", &["2001::/32"], &["2001::/32"], false);
    }

    #[test]
    fn a_refusal_says_what_to_write_where() {
        let message = |ceiling: &[&str], granted: &[&str]| {
            rules(ceiling, granted).check("10.0.0.5".parse().expect("an address")).expect_err("refused").message
        };
        assert_eq!(
            message(&[], &[]),
            "address 10.0.0.5 of `example.dk` is private: add `10.0.0.5/32`, or a wider part of `10.0.0.0/8`, to `grant.cidrs` of connection `workzone` and to `egress.cidrs` in sluse.toml, and start the host again"
        );
        assert!(message(&["10.0.0.0/8"], &[]).ends_with("to `grant.cidrs` of connection `workzone`"));
        assert!(message(&[], &["10.0.0.0/8"]).ends_with("to `egress.cidrs` in sluse.toml, and start the host again"));
    }

    #[test]
    fn a_credential_in_plaintext_stays_on_the_machine() {
        let all = ["127.0.0.0/8", "::1/128", "10.0.0.0/8"];
        let rules = AddressRules { loopback_only: true, ..rules(&all, &all) };
        let check = |address: &str| rules.check(address.parse().expect("an address")).map_err(|refusal| refusal.rule);
        assert_eq!(check("127.0.0.1"), Ok(()));
        assert_eq!(check("::1"), Ok(()));
        assert_eq!(check("10.0.0.5"), Err("plaintext-credential"));
        assert_eq!(check("8.8.8.8"), Err("plaintext-credential"));
    }

    #[track_caller]
    fn check_named(ceiling: &[&str], granted: &[&str], base_url: &str, expected: Result<(), &str>) {
        let patterns = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("a pattern")).collect();
        let ceiling = Ceiling { hosts: patterns(ceiling), ..Ceiling::default() };
        let rules =
            EndpointRules { hosts: patterns(granted), ..EndpointRules::new(name("workzone"), name("odata"), base_url) };
        let answer = check_host(&ceiling, &rules, &Base::parse(base_url).expect("a base URL"));
        match expected {
            Ok(()) => assert_eq!(answer, Ok(())),
            Err(place) => assert!(answer.expect_err("refused").message.contains(place)),
        }
    }

    #[test]
    fn a_host_is_named_by_the_operator_and_not_excluded_by_the_connection() {
        check_named(&[], &[], "https://example.dk", Err("`egress.hosts` in sluse.toml"));
        check_named(&["example.dk"], &[], "https://example.dk", Ok(()));
        check_named(&["*"], &["other.dk"], "https://example.dk", Err("`grant.hosts`"));
        check_named(&["*.dk"], &["example.dk"], "https://example.dk", Ok(()));
        check_named(&["example.dk:443"], &[], "https://example.dk:8443", Err("`egress.hosts`"));
    }

    #[test]
    fn plaintext_needs_leave() {
        let mut rules = EndpointRules::new(name("workzone"), name("odata"), "http://example.dk");
        let base = Base::parse(&rules.base_url).expect("a base URL");
        assert_eq!(check_scheme(&rules, &base).expect_err("refused").rule, "plaintext");
        rules.allow_plaintext = true;
        assert_eq!(check_scheme(&rules, &base), Ok(()));
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        assert_eq!(roots_from_pem(b"hello").expect_err("refused").rule, "extra-roots");
        assert_eq!(roots_from_pem(b"-----BEGIN CERTIFICATE-----\nx").expect_err("refused").rule, "extra-roots");
    }
}
