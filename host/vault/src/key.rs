//! The one key that opens everything, and where it comes from. What is sealed with it is `seal`'s business.

mod file; // the key in a file that nobody else may read

use std::{
    fmt,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sluse_egress::Secret;
use sluse_model::{Dice, Digester};
use zeroize::Zeroizing;

/// The name of the key within the systemd credentials directory.
const CREDENTIAL_NAME: &str = "sluse-key";

/// What the key is: 256 bits.
const KEY_BYTES: usize = 32;

/// Where the master key is found. Every form is the base64 of 32 random bytes.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A file that only its owner may read and write (mode 0600).
    File {
        /// Where it is.
        path: PathBuf,
        /// Whether to make a new key when there is no such file.
        create: bool,
    },
    /// The text itself, as an environment variable holds it.
    Value {
        /// Where the text came from, for messages: `SLUSE_KEY`.
        name: String,
        /// Base64, perhaps with white space around it.
        text: Secret,
    },
    /// The folder that systemd names in `$CREDENTIALS_DIRECTORY`; the file `sluse-key` in it (`LoadCredential=sluse-key:…`).
    CredentialsDirectory(PathBuf),
}

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is nothing at this place.
    #[error("there is no master key at `{}`: make one with `(umask 077; openssl rand -base64 32 > {})`, or let the host create it", .0.display(), .0.display())]
    Missing(PathBuf),
    /// Others than the owner may read or write the file.
    #[error("the master key `{}` is open to others than its owner (mode {mode:04o}): write `chmod 600 {}`, and consider it known", path.display(), path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is there, and no key.
    #[error(
        "`{0}` holds no master key: write the base64 of exactly 32 random bytes, as `openssl rand -base64 32` prints it"
    )]
    Invalid(String),
    /// The file system said no.
    #[error("the master key `{}` cannot be {act}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        act: &'static str,
        /// What the system said.
        cause: std::io::Error,
    },
}

/// The key that seals and opens secrets. Wiped from memory when dropped.
#[derive(Clone)]
pub struct MasterKey {
    bytes: Zeroizing<[u8; KEY_BYTES]>,
    id: KeyId,
}

/// Tells keys apart without telling anything about them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyId(pub(crate) [u8; 8]);

impl MasterKey {
    /// Finds the key. Blocks on the file system; meant for start-up.
    ///
    /// # Errors
    /// When there is none, when it is no key, when others may read it, or when it cannot be read or created.
    pub fn load(source: &KeySource, dice: &dyn Dice) -> Result<Self, KeyError> {
        match source {
            KeySource::File { path, create } => match file::read_private(path) {
                Err(KeyError::Missing(_)) if *create => file::create(path, dice),
                Err(error) => Err(error),
                Ok(text) => Self::parse(&text, &path.display().to_string()),
            },
            KeySource::Value { name, text } => Self::parse(text.expose(), name),
            KeySource::CredentialsDirectory(folder) => Self::load_credential(&folder.join(CREDENTIAL_NAME)),
        }
    }

    /// systemd guards the folder, and shows access-control lists as group bits.
    fn load_credential(path: &Path) -> Result<Self, KeyError> {
        let text = file::read(path)?;
        Self::parse(&text, &path.display().to_string())
    }

    fn parse(text: &[u8], name: &str) -> Result<Self, KeyError> {
        let invalid = || KeyError::Invalid(name.to_owned());
        let decoded = Zeroizing::new(BASE64_STANDARD.decode(text.trim_ascii()).map_err(|_| invalid())?);
        let bytes = <[u8; KEY_BYTES]>::try_from(decoded.as_slice()).map_err(|_| invalid())?;
        Ok(Self::from_bytes(bytes))
    }

    /// A key from 32 random bytes.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        let bytes = Zeroizing::new(bytes);
        let mut digester = Digester::default();
        digester.update(b"sluse master key id\0");
        digester.update(&*bytes);
        let digest = digester.finish();
        let id = KeyId(digest.as_bytes()[..8].try_into().expect("a digest has 32 bytes"));
        Self { bytes, id }
    }

    pub(crate) fn random(dice: &dyn Dice) -> Self {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        dice.fill(&mut *bytes);
        Self::from_bytes(*bytes)
    }

    /// The text that [`MasterKey::load`] reads.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64_STANDARD.encode(*self.bytes) + "\n")
    }

    /// What finishes as a digest that nobody can make, or check, without the key.
    pub(crate) fn mac(&self, purpose: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.bytes).expect("an HMAC takes a key of any length");
        mac.update(purpose);
        parts.iter().for_each(|part| mac.update(part));
        mac
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.bytes
    }

    pub(crate) fn id(&self) -> KeyId {
        self.id
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use sluse_model::fakes::SeededDice;

    use super::*;

    const TEXT: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn value(text: &str) -> Result<MasterKey, KeyError> {
        MasterKey::load(&KeySource::Value { name: "SLUSE_KEY".to_owned(), text: text.into() }, &SeededDice::new(1))
    }

    #[test]
    fn a_key_is_read_from_a_variable() {
        let key = value(&format!(" {TEXT}\n")).expect("a key");
        assert_eq!(key.bytes()[..4], [0, 1, 2, 3]);
        assert_eq!(key.to_text().trim(), TEXT);
    }

    #[test]
    fn what_is_no_key_is_refused_by_name_and_not_shown() {
        for text in ["", "AAECAw==", "not base64 of anything at all", &format!("{TEXT}AAAA")] {
            let error = value(text).expect_err("refused").to_string();
            assert!(error.contains("`SLUSE_KEY`") && error.contains("openssl rand -base64 32"), "{error}");
            assert!(text.is_empty() || !error.contains(text), "{error}");
        }
    }

    #[test]
    fn the_id_tells_keys_apart_and_nothing_else_is_shown() {
        let dice = SeededDice::new(7);
        let (one, other) = (MasterKey::random(&dice), MasterKey::random(&dice));
        assert_ne!(one.id(), other.id());
        assert_eq!(one.id(), MasterKey::from_bytes(*one.bytes()).id());
        assert_eq!(format!("{one:?}"), format!("MasterKey({})", one.id()));
    }
}
