//! Patterns that name hosts, as an operator or a connection writes them.

use std::{fmt, str::FromStr};

use url::Host;

/// `*`, `*.example.dk`, `example.dk`, `192.0.2.7` or `[2001:db8::7]`, each with an optional `:port`.
///
/// `*.example.dk` means every name below `example.dk`, at any depth, and not `example.dk` itself. Without
/// a port any port matches. A pattern names hosts only: which addresses they may have is another rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    host: Pattern,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Any,
    Below(String),
    Exactly(Host<String>),
}

/// The text is no host pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no host pattern: write `example.dk`, `*.example.dk` or `*`, without scheme and path, with `:port` if one port is meant"
)]
pub struct InvalidHostPattern(String);

impl InvalidHostPattern {
    pub(crate) fn of(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl HostPattern {
    /// Whether the pattern names this host on this port. `host` is as a parsed URL has it.
    pub fn matches(&self, host: &Host<&str>, port: u16) -> bool {
        self.port.is_none_or(|named| named == port) && self.host.matches(host)
    }
}

impl Pattern {
    fn matches(&self, host: &Host<&str>) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Below(parent), Host::Domain(name)) => {
                name.strip_suffix(parent.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
            (Self::Below(_), _) => false,
            (Self::Exactly(Host::Domain(named)), Host::Domain(name)) => named == name,
            (Self::Exactly(Host::Ipv4(named)), Host::Ipv4(address)) => named == address,
            (Self::Exactly(Host::Ipv6(named)), Host::Ipv6(address)) => named == address,
            (Self::Exactly(_), _) => false,
        }
    }
}

impl FromStr for HostPattern {
    type Err = InvalidHostPattern;

    fn from_str(text: &str) -> Result<Self, InvalidHostPattern> {
        let invalid = || InvalidHostPattern(text.to_owned());
        let (host, port) = split_port(text).ok_or_else(invalid)?;
        let host = if host == "*" {
            Pattern::Any
        } else if let Some(parent) = host.strip_prefix("*.") {
            match exact(parent).ok_or_else(invalid)? {
                Host::Domain(parent) => Pattern::Below(parent),
                Host::Ipv4(_) | Host::Ipv6(_) => return Err(invalid()),
            }
        } else {
            Pattern::Exactly(exact(host).ok_or_else(invalid)?)
        };
        Ok(Self { host, port })
    }
}

/// A host as the URL parser writes it, so that pattern and URL are compared in one spelling.
fn exact(text: &str) -> Option<Host<String>> {
    if text.contains(['*', '%', '@', '/', '?', '#', '\\']) || text.ends_with('.') {
        return None;
    }
    Host::parse(text).ok()
}

/// The colon of a port stands behind the bracket of an IPv6 address.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let after_bracket = text.rfind(']').map_or(0, |at| at + 1);
    match text[after_bracket..].rfind(':') {
        None => Some((text, None)),
        Some(colon) => {
            let (host, port) = text.split_at(after_bracket + colon);
            let port: u16 = port[1..].parse().ok()?;
            (port != 0).then_some((host, Some(port)))
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Pattern::Any => f.write_str("*")?,
            Pattern::Below(parent) => write!(f, "*.{parent}")?,
            Pattern::Exactly(host) => write!(f, "{host}")?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[track_caller]
    fn check(pattern: &str, url: &str, matches: bool) {
        let pattern: HostPattern = pattern.parse().expect("a pattern");
        let url = Url::parse(url).expect("a URL");
        let port = url.port_or_known_default().expect("a port");
        assert_eq!(pattern.matches(&url.host().expect("a host"), port), matches, "{pattern} {url}");
    }

    #[test]
    fn a_name_means_itself_on_any_port() {
        check("example.dk", "https://example.dk", true);
        check("example.dk", "https://EXAMPLE.dk:8443", true);
        check("example.dk", "https://a.example.dk", false);
        check("example.dk", "https://example.dk.evil.test", false);
    }

    #[test]
    fn a_star_before_a_name_means_what_is_below_it() {
        check("*.example.dk", "https://a.example.dk", true);
        check("*.example.dk", "https://a.b.example.dk", true);
        check("*.example.dk", "https://example.dk", false);
        check("*.example.dk", "https://evilexample.dk", false);
        check("*.example.dk", "https://.example.dk", false);
    }

    #[test]
    fn a_star_alone_means_every_host() {
        check("*", "https://anything.test", true);
        check("*", "https://192.0.2.1", true);
        check("*:443", "https://anything.test:8443", false);
    }

    #[test]
    fn a_port_is_compared_when_it_is_written() {
        check("example.dk:8443", "https://example.dk:8443", true);
        check("example.dk:8443", "https://example.dk", false);
        check("example.dk:443", "https://example.dk", true);
    }

    #[test]
    fn addresses_are_compared_as_addresses() {
        check("127.0.0.1", "http://0x7f.1", true);
        check("[::1]:8080", "http://[0:0::1]:8080", true);
        check("[::1]", "http://[::2]", false);
        check("127.0.0.1", "https://example.dk", false);
    }

    #[test]
    fn letters_outside_ascii_are_compared_as_the_url_has_them() {
        check("blåbær.dk", "https://blåbær.dk", true);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in [
            "",
            "https://example.dk",
            "example.dk/path",
            "a*b.dk",
            "*.*.dk",
            "example.dk:0",
            "example.dk:x",
            "example.dk.",
            "*.127.0.0.1",
            "u@example.dk",
        ] {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }
}
