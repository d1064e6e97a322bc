//! A file in a granted folder: what it is called after a batch, and what a folder that does not do what it is asked means
//! for the people who handle cases.

use sha2::{Digest, Sha256};
use sluse_sdk::{
    Failure,
    folders::{self, FolderError},
};

use crate::cut;

/// Publishes a file, and gives the SHA-256 of its bytes in hex.
///
/// # Errors
/// `denied` when the folder may not be used, `invalid` when no file may be called so, `rejected` when another file of this
/// name is there, `unknown` when nobody knows whether it was published before, and `unavailable`.
pub fn publish(folder: &str, name: &str, bytes: &[u8]) -> Result<String, Failure> {
    folders::put(folder, name, bytes).map_err(|error| failure(error, folder, name))?;
    Ok(hex(&Sha256::digest(bytes)))
}

/// The bytes of a file, when there is one of this name.
///
/// # Errors
/// `denied` when the folder may not be used, `invalid` when no file may be called so, and `unavailable`.
pub fn read(folder: &str, name: &str) -> Result<Option<Vec<u8>>, Failure> {
    folders::read(folder, name).map_err(|error| failure(error, folder, name))
}

/// Looks whether a file could be published, before anything is written: `there` is what [`read`] found under this name.
///
/// # Errors
/// `rejected` when it has other bytes.
pub fn verify(there: Option<&[u8]>, folder: &str, name: &str, bytes: &[u8]) -> Result<(), Failure> {
    match there {
        Some(there) if there != bytes => Err(conflict(name, format!("{folder}/{name}: other bytes are there"))),
        _ => Ok(()),
    }
}

fn conflict(name: &str, cause: String) -> Failure {
    let message = format!(
        "Filen `{name}` er allerede afleveret med et andet indhold. Brug en ny batchnøgle, hvis det er en ny batch."
    );
    Failure::rejected("file-conflict", message).detail(cause)
}

fn failure(error: FolderError, folder: &str, name: &str) -> Failure {
    let cause = |reason: &str| format!("{folder}/{name}: {reason}");
    match error {
        FolderError::Forbidden(reason) => Failure::denied(
            "folder-forbidden",
            format!("Forbindelsen må ikke bruge mappen `{folder}`. Giv den adgang til mappen."),
        )
        .detail(cause(&reason)),
        FolderError::Invalid(reason) => Failure::invalid(
            "file-invalid",
            format!("Filen `{name}` kan ikke afleveres: den må ikke hedde sådan, eller den er for stor."),
        )
        .detail(cause(&reason)),
        FolderError::Unclear(reason) => Failure::unknown(
            "file-unclear",
            format!("Filen `{name}` er måske allerede afleveret. Se efter hos modtageren, før den afleveres igen."),
        )
        .detail(cause(&reason)),
        FolderError::Conflict(reason) => conflict(name, cause(&reason)),
        FolderError::Unavailable(reason) => {
            Failure::unavailable("folder-unavailable", format!("Mappen `{folder}` kan ikke bruges lige nu."))
                .detail(cause(&reason))
        }
    }
}

/// The key of a batch as a part of a file name. What a name cannot have is replaced, and then a piece of the key's digest
/// keeps two keys from having one name.
#[must_use]
pub fn named_after(key: &str) -> String {
    let may_stand = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    if key.chars().all(may_stand) {
        return key.to_owned();
    }
    let kept: String = key.chars().map(|one| if may_stand(one) { one } else { '_' }).collect();
    format!("{kept}-{}", hex(&Sha256::digest(key.as_bytes())[..4]))
}

/// The key of a batch in at most `width` characters, 10 or more: the key itself, or its beginning and a piece of its
/// digest, so that no two keys share one.
#[must_use]
pub fn shortened(key: &str, width: usize) -> String {
    if cut::length(key) <= width {
        return key.to_owned();
    }
    let kept = cut::to_width(key, width.saturating_sub(9)).kept;
    format!("{kept}-{}", hex(&Sha256::digest(key.as_bytes())[..4]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_under_the_name_are_refused_beforehand() {
        assert!(verify(None, "prisme", "a.txt", b"1").is_ok());
        assert!(verify(Some(b"1"), "prisme", "a.txt", b"1").is_ok());
        let failure = verify(Some(b"2"), "prisme", "a.txt", b"1").expect_err("other bytes");
        assert_eq!(failure.problem().code, "file-conflict");
    }

    #[test]
    fn a_long_key_becomes_a_short_one_of_its_own() {
        let key = "0198c0de-0000-7000-8000-00000000000a";
        assert_eq!(shortened(key, 36), key);
        assert_eq!(shortened(key, 20), "0198c0de-00-37633103");
        assert_ne!(shortened(key, 20), shortened(&key.replace('a', "b"), 20));
        assert_eq!(cut::length(&shortened("Ærøskøbing Ældrepleje", 15)), 15);
    }

    #[test]
    fn two_keys_never_have_one_name() {
        assert_eq!(named_after("B-2026_7"), "B-2026_7");
        let names = ["2026/41", "2026_41", "2026 41", "2026æ41"].map(named_after);
        assert!(names.iter().all(|name| name.starts_with("2026_41")), "{names:?}");
        for (index, name) in names.iter().enumerate() {
            assert!(!names[..index].contains(name), "{names:?}");
        }
    }
}
