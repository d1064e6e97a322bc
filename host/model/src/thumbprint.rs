//! What people call a certificate: the SHA-1 of it. It says which certificate is meant, and is no reason to trust one.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The SHA-1 of a certificate, written as 40 upper-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Thumbprint([u8; 20]);

/// The text is not a thumbprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a thumbprint has 40 hex digits, the SHA-1 of the certificate, and here are {digits} and {others} other letters"
)]
pub struct InvalidThumbprint {
    digits: usize,
    others: usize,
}

impl Thumbprint {
    /// From the raw 20 bytes.
    pub fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }
}

/// As it is pasted: in groups with spaces or colons, in either case, and with the marks of writing direction that
/// Windows puts in front of it.
impl FromStr for Thumbprint {
    type Err = InvalidThumbprint;

    fn from_str(text: &str) -> Result<Self, InvalidThumbprint> {
        let letters: Vec<char> = text.chars().filter(|letter| !is_decoration(*letter)).collect();
        let digits: Vec<u8> =
            letters.iter().filter_map(|letter| Some(u8::try_from(letter.to_digit(16)?).expect("below 16"))).collect();
        let mut bytes = [0; 20];
        if digits.len() != 2 * bytes.len() || letters.len() != digits.len() {
            return Err(InvalidThumbprint { digits: digits.len(), others: letters.len() - digits.len() });
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair[0] << 4 | pair[1];
        }
        Ok(Self(bytes))
    }
}

/// What separates groups of digits, and characters that nobody sees.
fn is_decoration(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || matches!(letter, ':' | '-')
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(letter, '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}')
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Thumbprint {
    type Error = InvalidThumbprint;

    fn try_from(text: String) -> Result<Self, InvalidThumbprint> {
        text.parse()
    }
}

impl From<Thumbprint> for String {
    fn from(thumbprint: Thumbprint) -> Self {
        thumbprint.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = "A94A8FE5CCB19BA61C4C0873D391E987982FBBD3";

    #[test]
    fn a_thumbprint_is_read_however_it_was_pasted() {
        for text in [
            WRITTEN,
            "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
            "\u{200e}a9 4a 8f e5 cc b1 9b a6 1c 4c 08 73 d3 91 e9 87 98 2f bb d3",
            "A9:4A:8F:E5:CC:B1:9B:A6:1C:4C:08:73:D3:91:E9:87:98:2F:BB:D3\r\n",
            "\u{feff}a94a8fe5-ccb19ba6\u{a0}1c4c0873\u{202c}d391e987982fbbd3\u{200f}\t",
        ] {
            let thumbprint: Thumbprint = text.parse().expect(text);
            assert_eq!(thumbprint.to_string(), WRITTEN, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_thumbprint_says_what_is_there() {
        for (text, digits, others) in [
            ("", 0, 0),
            (&WRITTEN[1..], 39, 0),
            (&format!("{WRITTEN}0"), 41, 0),
            (&format!("{WRITTEN}x"), 40, 1),
            ("minkommune-workzone", 2, 16),
            ("ø94A8FE5CCB19BA61C4C0873D391E987982FBBD3", 39, 1),
        ] {
            let text: &str = text;
            assert_eq!(text.parse::<Thumbprint>(), Err(InvalidThumbprint { digits, others }), "{text:?}");
        }
    }
}
