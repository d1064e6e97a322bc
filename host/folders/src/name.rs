//! What a file may be called: plain enough for every system that may read the folder.

use std::fmt;

use crate::FolderError;

/// As long as file systems take.
const MAX_BYTES: usize = 255;

/// What Windows keeps for devices, whatever follows the first dot.
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The name of a file in a granted folder: letters, digits and `._-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// The name, or which rule it breaks.
    ///
    /// # Errors
    /// `Invalid`, with the rule in words.
    pub fn parse(name: &str) -> Result<Self, FolderError> {
        broken_rule(name).map_or_else(|| Ok(Self(name.to_owned())), |rule| Err(FolderError::Invalid(rule)))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn broken_rule(name: &str) -> Option<String> {
    if name.is_empty() || name.len() > MAX_BYTES {
        return Some(format!("a file name has from 1 to {MAX_BYTES} characters"));
    }
    if let Some(odd) = name.chars().find(|char| !char.is_ascii_alphanumeric() && !"._-".contains(*char)) {
        return Some(format!(
            "the file name {name:?} holds {odd:?}: letters from a to z, digits and `._-` are allowed"
        ));
    }
    if name.starts_with('.') || name.ends_with('.') {
        return Some(format!("the file name `{name}` begins or ends with a dot: that is not allowed"));
    }
    is_reserved(name).then(|| format!("`{name}` is the name of a device on Windows: give the file another one"))
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_port = ["com", "lpt"].iter().any(|port| {
        stem.strip_prefix(port)
            .is_some_and(|number| number.len() == 1 && number.bytes().all(|byte| byte.is_ascii_digit()))
    });
    is_port || RESERVED.contains(&stem.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_are_taken() {
        for name in ["a", "loen-2026-01.txt", "Z300_00001.G69", "com", "com10", "console.txt", "a..b", "-"] {
            assert!(FileName::parse(name).is_ok(), "{name}");
        }
        assert!(FileName::parse(&"a".repeat(MAX_BYTES)).is_ok());
    }

    #[test]
    fn what_another_system_reads_otherwise_is_refused() {
        let long = "a".repeat(MAX_BYTES + 1);
        for name in [
            "", ".", "..", ".hidden", "dot.", "a/b", "a\\b", "a b", " a", "løn.txt", "a\0", "a:b", "nul", "NUL.txt",
            "com1", "Lpt9.log", "../a", "a\n", "a*", &long,
        ] {
            assert!(FileName::parse(name).is_err(), "{name:?}");
        }
    }
}
