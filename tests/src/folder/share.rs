//! The folder, and what may become of it: locked, locked at the worst moment, gone, back.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

/// The folder that files are taken from.
#[derive(Debug)]
pub struct Share {
    folder: PathBuf,
    /// It is locked as soon as a file is staged in it.
    refuses_renaming: AtomicBool,
}

impl Share {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, refuses_renaming: AtomicBool::new(false) }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Nobody may write there any more, root excepted.
    pub fn lock(&self) -> anyhow::Result<()> {
        self.has_rights(0o555)
    }

    /// Its owner may write there again.
    pub fn unlock(&self) -> anyhow::Result<()> {
        self.has_rights(0o755)
    }

    /// Takes the folder away, with everything in it.
    pub fn remove(&self) -> anyhow::Result<()> {
        fs::remove_dir_all(&self.folder).with_context(|| format!("failed to remove `{}`", self.folder.display()))
    }

    /// Makes the folder anew.
    pub fn restore(&self) -> anyhow::Result<()> {
        fs::create_dir(&self.folder).with_context(|| format!("failed to make `{}`", self.folder.display()))
    }

    /// From now on it is locked as soon as a file is staged in it, so that the file cannot get its name.
    pub fn refuse_renaming(&self, refuses: bool) {
        self.refuses_renaming.store(refuses, Ordering::Relaxed);
    }

    /// All names in it, hidden ones as well.
    pub fn names(&self) -> anyhow::Result<Vec<String>> {
        let entries =
            fs::read_dir(&self.folder).with_context(|| format!("failed to read `{}`", self.folder.display()))?;
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// Something is about to get its name.
    pub(super) fn is_staged(&self) {
        if self.refuses_renaming.load(Ordering::Relaxed) {
            // It may be gone by now: then there is nothing to lock.
            let _ = self.lock();
        }
    }

    fn has_rights(&self, mode: u32) -> anyhow::Result<()> {
        let folder = self.folder.display();
        fs::set_permissions(&self.folder, Permissions::from_mode(mode))
            .with_context(|| format!("failed to change the rights of `{folder}`"))
    }
}
