//! Suites that need more of the machine than Rust and a C compiler. Each installs what it needs.

use clap::ValueEnum;

/// What is run only when it is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// Guests built by the distribution's compiler for the web (Debian; installs its packages).
    DebianToolchain,
    /// A guest in JavaScript (needs Node.js 20; installs componentize-js).
    Javascript,
    /// A guest in Python (needs Python 3.10; installs componentize-py).
    Python,
    /// Signing in with NTLM at a server that is not ours (needs Python 3.10; installs pyspnego).
    Ntlm,
    /// A guest built for wasm32-wasip2 (needs rustup; adds the target).
    Wasip2,
    /// Licences, bans and sources of dependencies (installs cargo-deny).
    Deny,
    /// All of them.
    All,
}

impl Suite {
    /// Every suite that is one.
    pub(super) const ALL: [Self; 6] =
        [Self::DebianToolchain, Self::Javascript, Self::Python, Self::Ntlm, Self::Wasip2, Self::Deny];

    /// As it is written on the command line.
    pub(super) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// What it is about.
    pub(super) fn about(self) -> String {
        self.to_possible_value().and_then(|value| value.get_help().map(ToString::to_string)).unwrap_or_default()
    }
}

/// The suites that were named, each once.
pub(super) fn chosen(named: &[Suite]) -> Vec<Suite> {
    let all = named.contains(&Suite::All);
    Suite::ALL.into_iter().filter(|suite| all || named.contains(suite)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_names_every_suite() {
        assert_eq!(chosen(&[Suite::Deny, Suite::All]), Suite::ALL);
    }

    #[test]
    fn a_suite_that_is_named_twice_runs_once() {
        assert_eq!(chosen(&[Suite::Deny, Suite::Deny]), [Suite::Deny]);
    }

    #[test]
    fn every_suite_says_its_name_and_what_it_is_about() {
        for suite in Suite::ALL {
            assert!(!suite.name().is_empty() && !suite.about().is_empty(), "{suite:?}");
        }
    }
}
