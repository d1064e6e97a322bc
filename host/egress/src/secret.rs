//! Values that no log, error or page shows. What they open is `credential`'s business.

use std::fmt;

use zeroize::Zeroizing;

/// A value that must stay quiet: a password, a token, a key.
///
/// Text or bytes, wiped from memory when dropped. It has no `Display` and no `Serialize`, and leaves
/// by [`Secret::expose`] alone, so that a search for that word finds every place that uses one.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the value over, without a copy when it is a `String` or a `Vec<u8>`.
    pub fn new(value: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The value itself. Whoever calls this keeps it out of logs, errors and answers.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_nothing_of_itself() {
        assert_eq!(format!("{:?}", Secret::from("hunter22")), "Secret(…)");
    }

    #[test]
    fn a_secret_leaves_by_one_door() {
        assert_eq!(Secret::from("hunter22").expose(), b"hunter22");
    }
}
