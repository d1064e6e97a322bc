//! One folder, open: every act stays beneath it, whatever is renamed or linked meanwhile. Blocks; a share that hangs
//! hangs whoever asks.

use std::{fs::File, io::Read as _, os::fd::OwnedFd, path::PathBuf};

use bytes::Bytes;
use rustix::{
    fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags, StatxAttributes, StatxFlags, openat, openat2, statx},
    io::Errno,
};
use sluse_model::{Digest, Digester};

use crate::{
    FileName, FolderError, Place,
    error::{explain, explain_file},
};

/// A folder that is open.
#[derive(Debug)]
pub struct Folder {
    pub(crate) folder: OwnedFd,
    pub(crate) path: PathBuf,
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

    /// The bytes of a file; `None` when there is none of this name.
    ///
    /// # Errors
    /// When it is no file, or has more than `max_bytes`.
    pub fn read(&self, name: &FileName, max_bytes: u64) -> Result<Option<Bytes>, FolderError> {
        let Some(file) = self.file(name)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(max_bytes + 1).read_to_end(&mut bytes).map_err(|error| self.explain(errno(error)))?;
        if bytes.len() as u64 > max_bytes {
            return Err(FolderError::Invalid(format!(
                "the file `{name}` in the folder `{}` has more than {max_bytes} bytes",
                self.path.display()
            )));
        }
        Ok(Some(bytes.into()))
    }

    /// Whether something of this name is there.
    pub(crate) fn has(&self, name: &str) -> Result<bool, FolderError> {
        match statx(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::TYPE) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(self.explain(error)),
        }
    }

    pub(crate) fn digest_of(&self, name: &FileName) -> Result<Option<Digest>, FolderError> {
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
            Err(error) => return Err(explain_file(error, name.as_str(), &self.path)),
        };
        let is_file = file.metadata().map_err(|error| self.explain(errno(error)))?.is_file();
        if !is_file {
            return Err(explain_file(Errno::ISDIR, name.as_str(), &self.path));
        }
        Ok(Some(file))
    }

    pub(crate) fn explain(&self, error: Errno) -> FolderError {
        explain(error, &self.path)
    }
}

pub(crate) fn errno(error: std::io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::IO)
}
