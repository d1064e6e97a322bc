//! The key in a file that nobody else may read: made whole or not at all, and refused when others may see it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use sluse_model::Dice;
use zeroize::Zeroizing;

use super::{KeyError, MasterKey};

/// A key is 44 letters; whatever is larger was not meant.
const MAX_FILE_BYTES: u64 = 1024;

/// Reads a file that only its owner may touch.
pub(super) fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    read_checked(path, |mode| mode & 0o077 == 0)
}

/// Reads a file that somebody else guards.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    read_checked(path, |_| true)
}

fn read_checked(path: &Path, is_private: impl Fn(u32) -> bool) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let failed = |cause| failed(path, "read", cause);
    let file = File::open(path).map_err(failed)?;
    // Of the file that is open, not of whatever has the name by now.
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(KeyError::Invalid(path.display().to_string()));
    }
    let mode = metadata.mode() & 0o7777;
    if !is_private(mode) {
        return Err(KeyError::Open { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_FILE_BYTES as usize));
    file.take(MAX_FILE_BYTES).read_to_end(&mut text).map_err(failed)?;
    Ok(text)
}

/// Makes a new key and keeps it durably. When another process was faster, its key is the key.
pub(super) fn create(path: &Path, dice: &dyn Dice) -> Result<MasterKey, KeyError> {
    let key = MasterKey::random(dice);
    let draft = draft_path(path, dice);
    let kept = write_draft(&draft, &key).and_then(|()| fs::hard_link(&draft, path));
    // Whether or not it got its name, the draft has done its work.
    let _ = fs::remove_file(&draft);
    match kept.and_then(|()| sync_folder(path)) {
        Ok(()) => {
            tracing::info!(key.file = %path.display(), key.id = %key.id(), "created a master key at `{}`; back it up apart from the database", path.display());
            Ok(key)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            MasterKey::parse(&read_private(path)?, &path.display().to_string())
        }
        Err(cause) => Err(failed(path, "written", cause)),
    }
}

/// Beside the file, because a link cannot leave the file system.
fn draft_path(path: &Path, dice: &dyn Dice) -> PathBuf {
    let mut random = [0; 8];
    dice.fill(&mut random);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:016x}.new", u64::from_be_bytes(random)));
    path.with_file_name(name)
}

fn write_draft(draft: &Path, key: &MasterKey) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    file.write_all(key.to_text().as_bytes())?;
    file.sync_all()
}

/// The name is durable when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn failed(path: &Path, act: &'static str, cause: io::Error) -> KeyError {
    match cause.kind() {
        io::ErrorKind::NotFound if act == "read" => KeyError::Missing(path.to_owned()),
        _ => KeyError::Io { path: path.to_owned(), act, cause },
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use sluse_model::fakes::SeededDice;
    use tempfile::TempDir;

    use crate::{KeyError, KeySource, MasterKey};

    fn load(folder: &TempDir, create: bool, seed: u64) -> Result<MasterKey, KeyError> {
        let path = folder.path().join("key");
        MasterKey::load(&KeySource::File { path, create }, &SeededDice::new(seed))
    }

    #[test]
    fn a_created_key_is_private_and_found_again() {
        let folder = TempDir::new().expect("a folder");
        let created = load(&folder, true, 1).expect("a key");
        let mode = std::fs::metadata(folder.path().join("key")).expect("a file").permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        let found = load(&folder, true, 2).expect("a key");
        assert_eq!(created.bytes(), found.bytes());
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "no draft stays");
    }

    #[test]
    fn nothing_is_created_unasked() {
        let folder = TempDir::new().expect("a folder");
        let error = load(&folder, false, 1).expect_err("refused").to_string();
        assert!(error.contains("openssl rand -base64 32"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }

    #[test]
    fn a_key_that_others_may_read_is_refused_with_the_fix() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("key");
        load(&folder, true, 1).expect("a key");
        for mode in [0o640, 0o604, 0o620, 0o660, 0o644, 0o601] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("permissions");
            let error = load(&folder, false, 1).expect_err("refused").to_string();
            assert!(error.contains(&format!("chmod 600 {}", path.display())), "{error}");
        }
        for mode in [0o600, 0o400] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("permissions");
            load(&folder, false, 1).expect("a key");
        }
    }

    #[test]
    fn a_folder_is_no_key() {
        let folder = TempDir::new().expect("a folder");
        std::fs::create_dir(folder.path().join("key")).expect("a folder");
        assert!(matches!(load(&folder, true, 1), Err(KeyError::Invalid(_))));
    }

    #[test]
    fn a_key_that_cannot_be_written_is_told() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("missing").join("key");
        let error = MasterKey::load(&KeySource::File { path, create: true }, &SeededDice::new(1)).expect_err("refused");
        assert!(matches!(error, KeyError::Io { act: "written", .. }), "{error}");
    }

    #[test]
    fn of_two_that_create_at_once_both_have_the_same_key() {
        let folder = TempDir::new().expect("a folder");
        let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|seed| {
                    scope.spawn({
                        let folder = &folder;
                        move || *load(folder, true, seed).expect("a key").bytes()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("a thread")).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[test]
    fn a_systemd_credential_is_guarded_by_systemd() {
        let folder = TempDir::new().expect("a folder");
        let key = load(&folder, true, 1).expect("a key");
        let path = folder.path().join("sluse-key");
        std::fs::rename(folder.path().join("key"), &path).expect("renamed");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o440)).expect("permissions");
        let source = KeySource::CredentialsDirectory(folder.path().to_owned());
        assert_eq!(MasterKey::load(&source, &SeededDice::new(2)).expect("a key").bytes(), key.bytes());
    }
}
