//! Which addresses are not global unicast, by our own table, and what hides inside of which.
//! Who may reach one all the same is decided in `grant`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::{Host, Url};

/// Whether an address leads to this machine, as far as it says so itself.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Addresses of one kind that are not reached without a grant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Class {
    /// What follows "is" in a refusal.
    pub(crate) name: &'static str,
    /// The addresses of the class.
    pub(crate) block: IpNet,
    /// Whether a grant may name addresses of it.
    pub(crate) grantable: bool,
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8, name: &'static str, grantable: bool) -> Class {
    Class { name, block: IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)), grantable }
}

const fn v6(segments: [u16; 8], prefix: u8, name: &'static str, grantable: bool) -> Class {
    let [a, b, c, d, e, f, g, h] = segments;
    let address = Ipv6Addr::new(a, b, c, d, e, f, g, h);
    Class { name, block: IpNet::V6(Ipv6Net::new_assert(address, prefix)), grantable }
}

const METADATA: &str = "a cloud metadata address, which no grant opens";

/// The narrower block stands before the wider one: the first that holds an address names it.
static CLASSES: &[Class] = &[
    // Whoever asks these from inside gets the machine's own credentials.
    v4(169, 254, 169, 0, 24, METADATA, false), // AWS, Azure, Google, Oracle, OpenStack
    v4(169, 254, 170, 0, 24, METADATA, false), // AWS containers and pods
    v4(169, 254, 42, 42, 32, METADATA, false), // Scaleway
    v4(100, 100, 100, 200, 32, METADATA, false), // Alibaba
    v4(192, 0, 0, 192, 32, METADATA, false),   // Oracle classic
    v4(168, 63, 129, 16, 32, METADATA, false), // Azure's host
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0], 32, METADATA, false), // AWS
    v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128, METADATA, false), // Google
    v6([0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42], 128, METADATA, false), // Scaleway
    v4(0, 0, 0, 0, 8, "in \"this network\", which no grant opens", false),
    v4(10, 0, 0, 0, 8, "private", true),
    v4(100, 64, 0, 0, 10, "shared by a carrier (CGNAT)", true),
    v4(127, 0, 0, 0, 8, "loopback", true),
    v4(169, 254, 0, 0, 16, "link-local", true),
    v4(172, 16, 0, 0, 12, "private", true),
    v4(192, 0, 0, 0, 24, "reserved for protocols", true),
    v4(192, 0, 2, 0, 24, "for documentation", true),
    v4(192, 88, 99, 0, 24, "a 6to4 relay", true),
    v4(192, 168, 0, 0, 16, "private", true),
    v4(198, 18, 0, 0, 15, "for benchmarks", true),
    v4(198, 51, 100, 0, 24, "for documentation", true),
    v4(203, 0, 113, 0, 24, "for documentation", true),
    v4(224, 0, 0, 0, 4, "multicast, which no grant opens", false),
    v4(240, 0, 0, 0, 4, "reserved, which no grant opens", false),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 128, "unspecified, which no grant opens", false),
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128, "loopback", true),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 96, "IPv4-compatible", true),
    v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96, "IPv4-mapped", true),
    v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96, "IPv4-translated", true),
    v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, "translated (NAT64)", true),
    v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, "translated (NAT64)", true),
    v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64, "discarded", true),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, "tunnelled (Teredo)", true),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "reserved for protocols", true),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "for documentation", true),
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "tunnelled (6to4)", true),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "for documentation", true),
    v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16, "a segment identifier", true),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, "private (unique local)", true),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "link-local", true),
    v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, "site-local", true),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "multicast, which no grant opens", false),
];

/// All that is handed out of IPv6 for global unicast lies in here.
const GLOBAL_V6: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

static OUTSIDE_GLOBAL_V6: Class = v6([0, 0, 0, 0, 0, 0, 0, 0], 0, "reserved, which no grant opens", false);

/// The class of an address; `None` when it is global unicast.
pub(crate) fn class(address: IpAddr) -> Option<&'static Class> {
    let listed = CLASSES.iter().find(|class| class.block.contains(&address));
    match address {
        IpAddr::V6(address) if listed.is_none() && !GLOBAL_V6.contains(&address) => Some(&OUTSIDE_GLOBAL_V6),
        _ => listed,
    }
}

/// The IPv4 addresses that a packet for this one may end up at: each is judged as if it had been written.
pub(crate) fn embedded(address: IpAddr) -> impl Iterator<Item = IpAddr> {
    let found = match address {
        IpAddr::V4(_) => [None, None],
        IpAddr::V6(address) => hidden_in(address),
    };
    found.into_iter().flatten().map(IpAddr::V4)
}

fn hidden_in(address: Ipv6Addr) -> [Option<Ipv4Addr>; 2] {
    let bytes = address.octets();
    let at = |start: usize| Some(Ipv4Addr::new(bytes[start], bytes[start + 1], bytes[start + 2], bytes[start + 3]));
    match address.segments() {
        // `::` and `::1` are classes of their own.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => [None, None],
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            [at(12), None]
        }
        // The /48 leaves the place to the network: behind the prefix with the eight bits skipped (RFC 6052), or last.
        [0x64, 0xff9b, 1, ..] => [Some(Ipv4Addr::new(bytes[6], bytes[7], bytes[9], bytes[10])), at(12)],
        [0x2002, ..] => [at(2), None],
        // Teredo: the server, and the client with every bit turned.
        [0x2001, 0, ..] => [at(4), Some(Ipv4Addr::new(!bytes[12], !bytes[13], !bytes[14], !bytes[15]))],
        _ => [None, None],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, name: Option<&str>) {
        let address: IpAddr = text.parse().expect("an address");
        let found = class(address).map(|class| class.name);
        match name {
            None => assert_eq!(found, None, "{text}"),
            Some(name) => {
                assert!(found.is_some_and(|found| found.starts_with(name)), "{text} is {found:?}, not {name}")
            }
        }
    }

    /// First and last address of a block belong to it; the neighbours do not.
    #[track_caller]
    fn edges(name: &str, before: (&str, Option<&str>), first: &str, last: &str, after: (&str, Option<&str>)) {
        check(before.0, before.1);
        check(first, Some(name));
        check(last, Some(name));
        check(after.0, after.1);
    }

    #[test]
    fn this_machine_is_loopback_alone() {
        for (url, is_it) in [
            ("http://127.0.0.1:7580", true),
            ("http://localhost:7580", true),
            ("http://[::1]:7580", true),
            ("http://10.1.2.3:7580", false),
            ("https://sluse.example.dk", false),
            ("mailto:a@localhost", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).expect("a URL")), is_it, "{url}");
        }
    }

    #[test]
    fn this_network() {
        check("0.0.0.0", Some("in \"this network\""));
        check("0.255.255.255", Some("in \"this network\""));
        check("1.0.0.0", None);
    }

    #[test]
    fn private_networks() {
        edges("private", ("9.255.255.255", None), "10.0.0.0", "10.255.255.255", ("11.0.0.0", None));
        edges("private", ("172.15.255.255", None), "172.16.0.0", "172.31.255.255", ("172.32.0.0", None));
        edges("private", ("192.167.255.255", None), "192.168.0.0", "192.168.255.255", ("192.169.0.0", None));
    }

    #[test]
    fn carrier_networks() {
        edges("shared", ("100.63.255.255", None), "100.64.0.0", "100.127.255.255", ("100.128.0.0", None));
    }

    #[test]
    fn loopback() {
        edges("loopback", ("126.255.255.255", None), "127.0.0.0", "127.255.255.255", ("128.0.0.0", None));
        edges("loopback", ("::", Some("unspecified")), "::1", "::1", ("::2", Some("IPv4-compatible")));
    }

    #[test]
    fn link_local_networks() {
        edges("link-local", ("169.253.255.255", None), "169.254.0.0", "169.254.255.255", ("169.255.0.0", None));
        edges(
            "link-local",
            ("fe7f:ffff::", Some("reserved")),
            "fe80::",
            "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            ("fec0::", Some("site-local")),
        );
    }

    #[test]
    fn metadata_addresses() {
        edges(
            "a cloud metadata",
            ("169.254.168.255", Some("link-local")),
            "169.254.169.0",
            "169.254.170.255",
            ("169.254.171.0", Some("link-local")),
        );
        check("169.254.169.254", Some("a cloud metadata"));
        edges(
            "a cloud metadata",
            ("169.254.42.41", Some("link-local")),
            "169.254.42.42",
            "169.254.42.42",
            ("169.254.42.43", Some("link-local")),
        );
        edges(
            "a cloud metadata",
            ("100.100.100.199", Some("shared")),
            "100.100.100.200",
            "100.100.100.200",
            ("100.100.100.201", Some("shared")),
        );
        edges(
            "a cloud metadata",
            ("192.0.0.191", Some("reserved")),
            "192.0.0.192",
            "192.0.0.192",
            ("192.0.0.193", Some("reserved")),
        );
        edges("a cloud metadata", ("168.63.129.15", None), "168.63.129.16", "168.63.129.16", ("168.63.129.17", None));
        edges(
            "a cloud metadata",
            ("fd00:ec1:ffff::", Some("private")),
            "fd00:ec2::",
            "fd00:ec2:ffff:ffff:ffff:ffff:ffff:ffff",
            ("fd00:ec3::", Some("private")),
        );
        check("fd00:ec2::254", Some("a cloud metadata"));
        edges(
            "a cloud metadata",
            ("fd20:ce::253", Some("private")),
            "fd20:ce::254",
            "fd20:ce::254",
            ("fd20:ce::255", Some("private")),
        );
        edges(
            "a cloud metadata",
            ("fd00:42::41", Some("private")),
            "fd00:42::42",
            "fd00:42::42",
            ("fd00:42::43", Some("private")),
        );
    }

    #[test]
    fn protocol_assignments() {
        edges("reserved", ("191.255.255.255", None), "192.0.0.0", "192.0.0.255", ("192.0.1.0", None));
        edges(
            "reserved",
            ("2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Some("tunnelled (Teredo)")),
            "2001:1::",
            "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
            ("2001:200::", None),
        );
        edges("a 6to4 relay", ("192.88.98.255", None), "192.88.99.0", "192.88.99.255", ("192.88.100.0", None));
    }

    #[test]
    fn documentation() {
        edges("for documentation", ("192.0.1.255", None), "192.0.2.0", "192.0.2.255", ("192.0.3.0", None));
        edges("for documentation", ("198.51.99.255", None), "198.51.100.0", "198.51.100.255", ("198.51.101.0", None));
        edges("for documentation", ("203.0.112.255", None), "203.0.113.0", "203.0.113.255", ("203.0.114.0", None));
        edges(
            "for documentation",
            ("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", None),
            "2001:db8::",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            ("2001:db9::", None),
        );
        edges(
            "for documentation",
            ("3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None),
            "3fff::",
            "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
            ("3fff:1000::", None),
        );
    }

    #[test]
    fn benchmarks() {
        edges("for benchmarks", ("198.17.255.255", None), "198.18.0.0", "198.19.255.255", ("198.20.0.0", None));
    }

    #[test]
    fn multicast_and_reserved() {
        edges("multicast", ("223.255.255.255", None), "224.0.0.0", "239.255.255.255", ("240.0.0.0", Some("reserved")));
        check("255.255.255.255", Some("reserved"));
        edges(
            "multicast",
            ("feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some("site-local")),
            "ff00::",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            ("2600::1", None),
        );
    }

    #[test]
    fn ipv4_inside_ipv6() {
        edges("IPv4-compatible", ("::1", Some("loopback")), "::2", "::ffff:ffff", ("::1:0:0", Some("reserved")));
        edges(
            "IPv4-mapped",
            ("::fffe:ffff:ffff", Some("reserved")),
            "::ffff:0.0.0.0",
            "::ffff:255.255.255.255",
            ("::1:0:0:0", Some("reserved")),
        );
        edges(
            "IPv4-translated",
            ("::fffe:ffff:ffff:ffff", Some("reserved")),
            "::ffff:0:0:0",
            "::ffff:0:255.255.255.255",
            ("::ffff:1:0:0", Some("reserved")),
        );
    }

    #[test]
    fn translated_networks() {
        edges(
            "translated",
            ("64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", Some("reserved")),
            "64:ff9b::",
            "64:ff9b::ffff:ffff",
            ("64:ff9b::1:0:0", Some("reserved")),
        );
        edges(
            "translated",
            ("64:ff9b:0:ffff:ffff:ffff:ffff:ffff", Some("reserved")),
            "64:ff9b:1::",
            "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
            ("64:ff9b:2::", Some("reserved")),
        );
        edges(
            "discarded",
            ("ff:ffff::", Some("reserved")),
            "100::",
            "100::ffff:ffff:ffff:ffff",
            ("100:0:0:1::", Some("reserved")),
        );
    }

    #[test]
    fn tunnels() {
        edges(
            "tunnelled (Teredo)",
            ("2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None),
            "2001::",
            "2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
            ("2001:1::", Some("reserved")),
        );
        edges(
            "tunnelled (6to4)",
            ("2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None),
            "2002::",
            "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            ("2003::", None),
        );
        edges(
            "a segment",
            ("5eff:ffff::", Some("reserved")),
            "5f00::",
            "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            ("5f01::", Some("reserved")),
        );
    }

    #[test]
    fn local_ipv6_networks() {
        edges(
            "private",
            ("fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some("reserved")),
            "fc00::",
            "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            ("fe00::", Some("reserved")),
        );
        edges(
            "site-local",
            ("febf:ffff::", Some("link-local")),
            "fec0::",
            "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            ("ff00::", Some("multicast")),
        );
    }

    #[test]
    fn global_ipv6_is_one_block() {
        edges(
            "reserved",
            ("4000::", Some("reserved")),
            "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "4000::",
            ("2000::", None),
        );
        check("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None);
        check("2a00:1450:400f::1", None);
    }

    #[track_caller]
    fn check_embedded(text: &str, expected: &[&str]) {
        let address: IpAddr = text.parse().expect("an address");
        let found: Vec<String> = embedded(address).map(|address| address.to_string()).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn what_hides_inside_is_found() {
        check_embedded("::ffff:10.0.0.5", &["10.0.0.5"]);
        check_embedded("::ffff:0:10.0.0.5", &["10.0.0.5"]);
        check_embedded("::127.0.0.1", &["127.0.0.1"]);
        check_embedded("64:ff9b::169.254.169.254", &["169.254.169.254"]);
        check_embedded("64:ff9b:1:0a00:0:500::", &["10.0.0.5", "0.0.0.0"]);
        check_embedded("2002:a00:5::", &["10.0.0.5"]);
        check_embedded("2001:0:102:304::f5ff:fffa", &["1.2.3.4", "10.0.0.5"]);
    }

    #[test]
    fn nothing_hides_in_the_rest() {
        for text in ["10.0.0.5", "::", "::1", "2600::a00:5", "fe80::10.0.0.5"] {
            check_embedded(text, &[]);
        }
    }
}
