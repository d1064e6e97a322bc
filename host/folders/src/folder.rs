//! One folder, open: every act stays beneath it, whatever is renamed or linked meanwhile. Blocks; a share that hangs
//! hangs whoever asks.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::fd::OwnedFd,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use rustix::{
    fs::{
        AtFlags, CWD, Mode, OFlags, RenameFlags, ResolveFlags, StatxAttributes, StatxFlags, openat, openat2, renameat,
        renameat_with, statx, unlinkat,
    },
    io::Errno,
};
use sluse_model::{Digest, Digester};

use crate::{FileName, FolderError, Place, error::explain};

/// How many files this process has begun to write.
static WRITINGS: AtomicU64 = AtomicU64::new(0);

/// A folder that is open.
#[derive(Debug)]
pub struct Folder {
    folder: OwnedFd,
    path: PathBuf,
}

/// What became of a file that was to be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publishing {
    /// It is there now.
    Published,
    /// It was there before, with the same bytes.
    WasThere,
    /// Nothing was staged, and nothing is there.
    NothingStaged,
}

impl Folder {
    /// Opens the folder at a place. No link is followed below what is allowed.
    ///
    /// # Errors
    /// When it is not there, leads elsewhere, or nothing is mounted where something has to be.
    pub fn open(place: &Place) -> Result<Self, FolderError> {
        let path = place.path();
        let explained = |error| explain(error, &path);
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
        let allowed = openat(CWD, &place.allowed, flags, Mode::empty()).map_err(explained)?;
        let folder = if place.below.as_os_str().is_empty() {
            allowed
        } else {
            let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
            openat2(&allowed, &place.below, flags, Mode::empty(), resolve).map_err(explained)?
        };
        let opened = Self { folder, path };
        if place.mounted && !opened.is_mounted()? {
            let path = opened.path.display();
            return Err(FolderError::Unavailable(format!(
                "nothing is mounted at `{path}`, and `mounted = true` says that something has to be: mount the share"
            )));
        }
        Ok(opened)
    }

    fn is_mounted(&self) -> Result<bool, FolderError> {
        let told = statx(&self.folder, "", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS);
        let told = told.map_err(|error| self.explain(error))?;
        Ok(told.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
    }

    /// Writes the bytes of a file that is about to be published. Durable when it returns.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn stage(&self, name: &FileName, bytes: &[u8], digest: Digest) -> Result<(), FolderError> {
        let staged = staged(name, digest);
        // Two attempts may stage the same file, the first of them without a lease by now.
        let writing = format!("{staged}.{}-{}", std::process::id(), WRITINGS.fetch_add(1, Ordering::Relaxed));
        let write = || -> Result<(), Errno> {
            let flags = OFlags::CREATE | OFlags::TRUNC | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP | Mode::ROTH;
            let mut file = File::from(openat(&self.folder, &writing, flags, mode)?);
            file.write_all(bytes).and_then(|()| file.sync_all()).map_err(errno)?;
            renameat(&self.folder, &writing, &self.folder, &staged)?;
            self.sync()
        };
        write().map_err(|error| {
            let _ = unlinkat(&self.folder, &writing, AtFlags::empty());
            self.explain(error)
        })
    }

    /// Whether such a file is staged.
    ///
    /// # Errors
    /// When the folder does not answer.
    pub fn is_staged(&self, name: &FileName, digest: Digest) -> Result<bool, FolderError> {
        match statx(&self.folder, staged(name, digest), AtFlags::SYMLINK_NOFOLLOW, StatxFlags::TYPE) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(self.explain(error)),
        }
    }

    /// Lets a staged file appear under its name. Nothing that is there is replaced.
    ///
    /// # Errors
    /// `Conflict` when another file of this name is there.
    pub fn publish(&self, name: &FileName, digest: Digest) -> Result<Publishing, FolderError> {
        match self.rename(&staged(name, digest), name.as_str()) {
            Ok(()) => {
                self.sync().map_err(|error| self.explain(error))?;
                Ok(Publishing::Published)
            }
            Err(Errno::NOENT) => match self.digest_of(name)? {
                Some(there) if there == digest => self.was_there(),
                Some(_) => Err(self.conflict(name)),
                None => Ok(Publishing::NothingStaged),
            },
            Err(Errno::EXIST) => match self.digest_of(name)? {
                Some(there) if there == digest => {
                    self.discard(name, digest)?;
                    self.was_there()
                }
                // Whoever reads from the folder has taken it meanwhile: that was another file, or this one.
                None => Err(FolderError::Unavailable(format!(
                    "a file `{name}` was in the folder `{}` and is gone",
                    self.path.display()
                ))),
                Some(_) => {
                    self.discard(name, digest)?;
                    Err(self.conflict(name))
                }
            },
            Err(error) => Err(self.explain(error)),
        }
    }

    fn was_there(&self) -> Result<Publishing, FolderError> {
        self.sync().map_err(|error| self.explain(error))?;
        Ok(Publishing::WasThere)
    }

    /// Gives up a staged file.
    ///
    /// # Errors
    /// When the folder does not answer.
    pub fn discard(&self, name: &FileName, digest: Digest) -> Result<(), FolderError> {
        match unlinkat(&self.folder, staged(name, digest), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(self.explain(error)),
        }
    }

    /// The bytes of a file; `None` when there is none of this name.
    ///
    /// # Errors
    /// When it is no file, or has more than `max_bytes`.
    pub fn read(&self, name: &FileName, max_bytes: u64) -> Result<Option<Bytes>, FolderError> {
        let Some(file) = self.file(name)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(max_bytes + 1).read_to_end(&mut bytes).map_err(|error| self.explain(errno(error)))?;
        if bytes.len() as u64 > max_bytes {
            return Err(FolderError::Forbidden(format!("the file `{name}` has more than {max_bytes} bytes")));
        }
        Ok(Some(bytes.into()))
    }

    fn digest_of(&self, name: &FileName) -> Result<Option<Digest>, FolderError> {
        let Some(mut file) = self.file(name)? else { return Ok(None) };
        let (mut digester, mut piece) = (Digester::default(), vec![0; 64 << 10]);
        loop {
            match file.read(&mut piece).map_err(|error| self.explain(errno(error)))? {
                0 => return Ok(Some(digester.finish())),
                length => digester.update(&piece[..length]),
            }
        }
    }

    fn file(&self, name: &FileName) -> Result<Option<File>, FolderError> {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        // A pipe would wait for somebody who writes into it.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match openat2(&self.folder, name.as_str(), flags, Mode::empty(), resolve) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(self.explain(error)),
        };
        let is_file = file.metadata().map_err(|error| self.explain(errno(error)))?.is_file();
        if !is_file {
            return Err(FolderError::Conflict(format!("`{name}` in `{}` is no file", self.path.display())));
        }
        Ok(Some(file))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), Errno> {
        match renameat_with(&self.folder, from, &self.folder, to, RenameFlags::NOREPLACE) {
            // A file system that cannot refuse to replace, as some network shares: look first. Whoever else lays a
            // file of this very name there in between loses it.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                match statx(&self.folder, to, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::TYPE) {
                    Ok(_) => Err(Errno::EXIST),
                    Err(Errno::NOENT) => renameat(&self.folder, from, &self.folder, to),
                    Err(error) => Err(error),
                }
            }
            renamed => renamed,
        }
    }

    /// Makes the entries durable. Shares of other machines do not know that, and are durable by themselves or not at all.
    fn sync(&self) -> Result<(), Errno> {
        match rustix::fs::fsync(&self.folder) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(()),
            synced => synced,
        }
    }

    fn conflict(&self, name: &FileName) -> FolderError {
        FolderError::Conflict(format!("another file `{name}` is in the folder `{}`", self.path.display()))
    }

    fn explain(&self, error: Errno) -> FolderError {
        explain(error, &self.path)
    }
}

/// What a file is called before it is published: the same for the same name and bytes, and nothing that a reader takes for
/// a file of its own.
fn staged(name: &FileName, digest: Digest) -> String {
    let both = Digest::of([name.as_str().as_bytes(), digest.as_bytes().as_slice()].concat()).to_string();
    format!(".sluse-{}.staged", &both[..32])
}

fn errno(error: std::io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::IO)
}
