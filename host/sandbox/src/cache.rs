//! Compiled artefacts on disk: a folder that is ours alone, names that say what each fits, a MAC on every file.
//! Machine code from anywhere else is never loaded.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use sluse_model::{Dice, Digest};
use wasmtime::{Engine, component::Component};

use crate::runtime;

type Hmac256 = Hmac<Sha256>;

const MAC_BYTES: usize = 32;

/// Says which form the files have; a change makes all older ones strangers.
const FORM: &str = "1";

/// How the names of folders begin that a compilation works in.
const WORK: &str = "work-";

/// How the names of files begin that are being written.
const NEW: &str = "new-";

/// How the names of artefacts end.
const ARTEFACT: &str = ".artefact";

/// What the cache has of a component.
pub(crate) enum Found {
    Nothing,
    /// By engine.
    Components(Vec<Component>),
    /// It is ours, and the engine does not take it.
    Unfit(String),
}

/// The folder and what is needed to trust what lies in it.
pub(crate) struct Cache {
    folder: PathBuf,
    key: [u8; 32],
    compatibility: String,
}

impl Cache {
    /// Opens the folder, and makes it and its key where they are not there yet. What only another engine could
    /// use and what a process left unfinished is removed: the folder belongs to one process at a time.
    pub(crate) fn open(folder: &Path, engine: &Engine, dice: &dyn Dice) -> io::Result<Self> {
        make_private_folder(folder)?;
        let key = key(&folder.join("key"), dice)?;
        let cache = Self { folder: folder.to_owned(), key, compatibility: runtime::compatibility(engine) };
        cache.sweep()?;
        Ok(cache)
    }

    fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| self.is_left_over(name)) else { continue };
            let path = entry.path();
            let removed = if entry.file_type()?.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            if let Err(error) = removed {
                tracing::warn!(name, %error, "what is left over among the compiled artefacts could not be removed");
            }
        }
        Ok(())
    }

    fn is_left_over(&self, name: &str) -> bool {
        let unfinished = name.starts_with(WORK) || name.starts_with(NEW);
        unfinished || (name.ends_with(ARTEFACT) && !name.ends_with(&self.ending()))
    }

    /// How the names of artefacts end that this engine can use.
    fn ending(&self) -> String {
        format!("-{}-{FORM}{ARTEFACT}", self.compatibility)
    }

    /// A folder for one compilation, which its owner removes.
    pub(crate) fn work_folder(&self, dice: &dyn Dice) -> io::Result<WorkFolder> {
        let path = self.folder.join(format!("{WORK}{}", random_name(dice)));
        make_private_folder(&path)?;
        Ok(WorkFolder(path))
    }

    /// Looks for the component's artefact, for each of the engines. One that is not ours is as good as not there.
    pub(crate) fn find(&self, engines: &[Engine], digest: Digest) -> Found {
        let Ok(file) = fs::read(self.path(digest)) else { return Found::Nothing };
        let Some(artefact) = self.authentic(digest, &file) else {
            tracing::warn!(component = %digest.short(), "a compiled artefact was altered; it is compiled again");
            return Found::Nothing;
        };
        match engines.iter().map(|engine| deserialize(engine, artefact)).collect() {
            Ok(components) => Found::Components(components),
            Err(error) => Found::Unfit(format!("{error:#}")),
        }
    }

    /// Keeps an artefact, whole or not at all.
    pub(crate) fn store(&self, digest: Digest, artefact: &[u8], dice: &dyn Dice) -> io::Result<()> {
        let temporary = self.folder.join(format!("{NEW}{}", random_name(dice)));
        let written = self.write(&temporary, digest, artefact).and_then(|()| {
            fs::rename(&temporary, self.path(digest))?;
            fs::File::open(&self.folder)?.sync_all()
        });
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    fn write(&self, path: &Path, digest: Digest, artefact: &[u8]) -> io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(artefact)?;
        file.write_all(&self.mac(digest, artefact).finalize().into_bytes())?;
        file.sync_all()
    }

    /// The artefact in `file`, when its MAC is right for this component and this engine.
    fn authentic<'a>(&self, digest: Digest, file: &'a [u8]) -> Option<&'a [u8]> {
        let (artefact, tag) = file.split_at(file.len().checked_sub(MAC_BYTES)?);
        self.mac(digest, artefact).verify_slice(tag).ok()?;
        Some(artefact)
    }

    fn mac(&self, digest: Digest, artefact: &[u8]) -> Hmac256 {
        Hmac256::new_from_slice(&self.key)
            .expect("a key of any length will do")
            .chain_update(FORM)
            .chain_update(&self.compatibility)
            .chain_update(digest.as_bytes())
            .chain_update(artefact)
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.folder.join(format!("{digest}{}", self.ending()))
    }
}

#[expect(
    unsafe_code,
    reason = "wasmtime cannot check machine code; only the one caller here, after the MAC, may hand it over"
)]
fn deserialize(engine: &Engine, artefact: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `artefact` was written by `Cache::store` of a process with our key, from what our own compiler
    // made, and has not changed since: its MAC was verified on these very bytes.
    unsafe { Component::deserialize(engine, artefact) }
}

/// Gone when it is dropped.
pub(crate) struct WorkFolder(PathBuf);

impl WorkFolder {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A folder that nobody else can look into, also when it was there before.
fn make_private_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let metadata = fs::symlink_metadata(folder)?;
    if !metadata.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotADirectory, "it is not a folder, or a link to one"));
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// The key of the folder; a new one when there is none or it is cut off, which makes all artefacts strangers.
fn key(path: &Path, dice: &dyn Dice) -> io::Result<[u8; 32]> {
    if let Some(key) = read_key(path)? {
        return Ok(key);
    }
    let mut key = [0; 32];
    dice.fill(&mut key);
    let temporary = path.with_file_name(format!("{NEW}{}", random_name(dice)));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(&key)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    Ok(key)
}

fn read_key(path: &Path) -> io::Result<Option<[u8; 32]>> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        // Others could have read it, so whatever it vouches for is not ours for sure.
        return Ok(None);
    }
    let mut key = Vec::new();
    file.take(33).read_to_end(&mut key)?;
    Ok(key.try_into().ok())
}

fn random_name(dice: &dyn Dice) -> String {
    let mut bytes = [0; 8];
    dice.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use sluse_model::fakes::SeededDice;

    use super::*;

    #[test]
    fn what_is_left_over_is_removed_and_what_fits_stays() {
        let folder = tempfile::tempdir().unwrap();
        let dice = SeededDice::new(1);
        let engine = Engine::default();
        let cache = Cache::open(folder.path(), &engine, &dice).unwrap();
        let fits = cache.path(Digest::of(b"component"));
        let key = folder.path().join("key");
        let older = folder.path().join("0000-another-engine-1.artefact");
        let unfinished = folder.path().join("new-0123");
        for file in [&fits, &older, &unfinished] {
            fs::write(file, b"x").unwrap();
        }
        let work = folder.path().join("work-0123");
        fs::create_dir(&work).unwrap();
        fs::write(work.join("component"), b"x").unwrap();

        Cache::open(folder.path(), &engine, &dice).unwrap();

        assert!(fits.exists() && key.exists());
        assert!(!older.exists() && !unfinished.exists() && !work.exists());
    }
}
