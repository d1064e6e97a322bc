//! How a file comes into a folder: staged under a name that nobody else has, and then given its own, in one step and
//! without replacing anything. A witness is staged beside it and stays when the file goes: where the file is gone and the
//! witness is there, the file was published, and where both are gone, the folder is another one, or was emptied.

use std::{fs::File, io::Write as _};

use rustix::{
    fs::{AtFlags, Mode, OFlags, RenameFlags, StatxFlags, openat, renameat, renameat_with, statx, unlinkat},
    io::Errno,
};
use sluse_model::{Digest, PublicationId};

use crate::{FileName, Folder, FolderError, error::explain_file, folder::errno};

/// What became of a staged file that was to be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publishing {
    /// It is there now.
    Published,
    /// It was there before, with the same bytes.
    WasThere,
}

/// What has become of a file that was about to be published when something was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is staged still: it was not published.
    Staged,
    /// It was published, and may have been taken since.
    Published,
    /// Nothing is left of it: nobody can tell.
    Unclear,
}

impl Folder {
    /// Writes the bytes of a file that may be published. Durable when it returns; nothing is left when it fails.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn stage(&self, publication: PublicationId, bytes: &[u8]) -> Result<(), FolderError> {
        let write = || -> Result<(), Errno> {
            self.create(&witness(publication), &[])?;
            self.create(&staged(publication), bytes)?;
            self.sync()
        };
        write().map_err(|error| {
            let _ = self.discard(publication);
            self.explain(error)
        })
    }

    /// Gives a staged file its name. Nothing that is there is replaced, and what is staged stays when this fails.
    ///
    /// # Errors
    /// `Conflict` when another file of this name is there.
    pub fn publish(
        &self,
        publication: PublicationId,
        name: &FileName,
        digest: Digest,
    ) -> Result<Publishing, FolderError> {
        let published = match self.rename(&staged(publication), name.as_str()) {
            Ok(()) => Publishing::Published,
            Err(Errno::EXIST) => match self.digest_of(name)? {
                Some(there) if there == digest => Publishing::WasThere,
                Some(_) => {
                    let folder = self.path.display();
                    return Err(FolderError::Conflict(format!("another file `{name}` is in the folder `{folder}`")));
                }
                // Whoever reads from the folder has taken it meanwhile: that was another file, or this one.
                None => {
                    let folder = self.path.display();
                    return Err(FolderError::Unavailable(format!(
                        "a file `{name}` was in the folder `{folder}` and is gone"
                    )));
                }
            },
            Err(Errno::NAMETOOLONG) => return Err(explain_file(Errno::NAMETOOLONG, name.as_str(), &self.path)),
            Err(error) => return Err(self.explain(error)),
        };
        self.sync().map_err(|error| self.explain(error))?;
        Ok(published)
    }

    /// What has become of a file that was about to be published. Durable when it says that it was.
    ///
    /// # Errors
    /// When the folder does not answer.
    pub fn look(&self, publication: PublicationId, name: &FileName, digest: Digest) -> Result<Fate, FolderError> {
        if self.has(&staged(publication))? {
            return Ok(Fate::Staged);
        }
        if !self.has(&witness(publication))? && self.digest_of(name)? != Some(digest) {
            return Ok(Fate::Unclear);
        }
        self.sync().map_err(|error| self.explain(error))?;
        Ok(Fate::Published)
    }

    /// Takes away what an attempt at publishing has left: the staged file and the witness, or what of them is there.
    ///
    /// # Errors
    /// When it cannot be taken away.
    pub fn discard(&self, publication: PublicationId) -> Result<(), FolderError> {
        self.remove(&staged(publication))?;
        self.remove(&witness(publication))
    }

    /// Proves that a file could be published here: writes one that nobody takes for a file, and takes it away, with what
    /// another try has left under this id.
    ///
    /// # Errors
    /// When it cannot be written, or not be taken away.
    pub fn try_publishing(&self, publication: PublicationId) -> Result<(), FolderError> {
        self.discard(publication)?;
        self.stage(publication, b"x")?;
        self.discard(publication)
    }

    /// Proves that files could be read here, as far as that shows without one.
    ///
    /// # Errors
    /// When they could not.
    pub fn try_reading(&self, publication: PublicationId) -> Result<(), FolderError> {
        self.has(&staged(publication)).map(drop)
    }

    /// Writes a file that is not there yet. Its group may read and write it too; others may not look into payrolls.
    fn create(&self, name: &str, bytes: &[u8]) -> Result<(), Errno> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP;
        let mut file = File::from(openat(&self.folder, name, flags, mode)?);
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(errno)
    }

    fn remove(&self, name: &str) -> Result<(), FolderError> {
        match unlinkat(&self.folder, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(self.explain(error)),
        }
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
}

/// What a file is called before it is published: nothing that a reader takes for a file of its own, and never the same for
/// two attempts, so that one that comes late finds nothing of another one.
fn staged(publication: PublicationId) -> String {
    format!(".sluse-{publication}.staged")
}

fn witness(publication: PublicationId) -> String {
    format!(".sluse-{publication}.witness")
}
