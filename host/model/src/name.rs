//! What people call things: connectors, connections, flows, steps, operations, endpoints, secrets.

use std::{borrow::Borrow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A name in kebab-case: lower-case letters, digits and single dashes inside, at most 64 bytes.
///
/// Safe in a path, a URL, a log line and a metric label.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Long enough for a sentence-like name, short enough for a column and a label.
const MAX_BYTES: usize = 64;

/// The text is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a name: use lower-case letters a-z, digits and single dashes inside, at most 64, for example `building-permit`"
)]
pub struct InvalidName(pub String);

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let plain = !text.is_empty()
            && text.len() <= MAX_BYTES
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !text.contains("--");
        if plain { Ok(Self(text.to_owned())) } else { Err(InvalidName(text.chars().take(80).collect())) }
    }
}

impl TryFrom<String> for Name {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, valid: bool) {
        assert_eq!(text.parse::<Name>().is_ok(), valid, "{text:?}");
    }

    #[test]
    fn kebab_case_is_a_name() {
        check("workzone-test-2", true);
    }

    #[test]
    fn what_could_be_a_path_or_a_query_is_none() {
        for text in ["", "-a", "a-", "a--b", "A", "a/b", "a.b", "a b", "å", &"a".repeat(65)] {
            check(text, false);
        }
    }
}
