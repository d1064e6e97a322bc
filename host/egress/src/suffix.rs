//! Hosts that an address from elsewhere may have: one that is named, and all below it.

use std::{fmt, str::FromStr};

use url::{Host, Url};

use crate::{HostPattern, InvalidHostPattern};

/// `niceincontact.com` means this host and every host below it. Without a port, the usual one of the scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSuffix {
    text: String,
    itself: HostPattern,
    /// An address has nothing below it.
    below: Option<HostPattern>,
    has_port: bool,
}

impl HostSuffix {
    /// Whether the address is at one of the hosts that are meant.
    pub fn matches(&self, url: &Url) -> bool {
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else { return false };
        let is_meant =
            self.itself.matches(&host, port) || self.below.as_ref().is_some_and(|below| below.matches(&host, port));
        is_meant && (self.has_port || url.port().is_none())
    }

    /// The origins that are meant, as one text: `https://*.niceincontact.com`.
    pub fn origin(&self, scheme: &str) -> String {
        let star = if self.below.is_some() { "*." } else { "" };
        format!("{scheme}://{star}{}", self.text)
    }
}

impl FromStr for HostSuffix {
    type Err = InvalidHostPattern;

    fn from_str(text: &str) -> Result<Self, InvalidHostPattern> {
        let itself: HostPattern = text.parse()?;
        let below = format!("*.{text}").parse().ok();
        let named = Url::parse(&format!("https://{text}")).ok();
        // `*` and `*.dk` are patterns, and too much to be believed of anybody.
        match named.as_ref().and_then(Url::host) {
            Some(Host::Domain(name))
                if name.starts_with(['*', '.']) || (!name.contains('.') && name != "localhost") =>
            {
                Err(InvalidHostPattern::of(text))
            }
            Some(_) => {
                let has_port =
                    text.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
                Ok(Self { text: text.to_ascii_lowercase(), itself, below, has_port })
            }
            None => Err(InvalidHostPattern::of(text)),
        }
    }
}

impl fmt::Display for HostSuffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(suffix: &str, url: &str, matches: bool) {
        let suffix: HostSuffix = suffix.parse().expect("a suffix");
        assert_eq!(suffix.matches(&Url::parse(url).expect("a URL")), matches, "{suffix} {url}");
    }

    #[test]
    fn a_suffix_ends_at_a_dot() {
        check("niceincontact.com", "https://niceincontact.com", true);
        check("niceincontact.com", "https://api-na1.niceincontact.com/InContactAPI", true);
        check("niceincontact.com", "https://API.b32.NiceInContact.com", true);
        check("NiceInContact.com", "https://api.niceincontact.com", true);
        check("niceincontact.com", "https://evilniceincontact.com", false);
        check("niceincontact.com", "https://niceincontact.com.evil.test", false);
        check("niceincontact.com", "https://evil.test/niceincontact.com", false);
        check("niceincontact.com", "https://niceincontact.com@evil.test", false);
        check("niceincontact.com", "https://niceincontact.com.", false);
        check("niceincontact.com", "https://.niceincontact.com", false);
    }

    #[test]
    fn a_port_is_the_usual_one_unless_it_is_named() {
        check("niceincontact.com", "https://api.niceincontact.com:8443", false);
        check("niceincontact.com", "https://api.niceincontact.com:443", true);
        check("localhost:8443", "https://localhost:8443", true);
        check("localhost:8443", "https://localhost", false);
        check("127.0.0.1:81", "http://127.0.0.1:81/x", true);
        check("127.0.0.1:81", "http://127.0.0.1:82/x", false);
        check("[::1]:81", "http://[::1]:81/x", true);
        check("[::1]", "http://[::1]:81/x", false);
    }

    #[test]
    fn what_would_mean_half_the_world_is_refused() {
        for text in ["", "*", "*.dk", "com", "https://a.test", "a.test/x", ".a.test", "a.test."] {
            assert!(text.parse::<HostSuffix>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_hosts_that_are_meant_are_one_text() {
        let origin = |text: &str| text.parse::<HostSuffix>().expect("a suffix").origin("https");
        assert_eq!(origin("NiceInContact.com"), "https://*.niceincontact.com");
        assert_eq!(origin("127.0.0.1:81"), "https://127.0.0.1:81");
    }
}
