//! Contents are files named after their digest: `ab/cdef…` under the contents' folder. A content comes into
//! being under another name, is synced, and takes its own name in one step; what is not finished goes away.

mod discard; // what is given up goes at once
mod sweep; // what nobody refers to goes after a day

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use rustix::fs::{Timespec, Timestamps, futimens};
use sluse_model::{Clock, Digest, Digester, Timestamp};
use sluse_store::{Content, ContentReader, ContentWriter, Contents, StoreError};
use tokio::task::spawn_blocking;

use crate::{
    SqliteStore,
    error::explain_io,
    open::{OnBrokenDisk, make_folder, sync_folder},
};

use discard::OnTheWay;
pub(crate) use sweep::Sweeper;

/// Pieces are collected until there is this much to write, or to read at once: a hop to a blocking thread
/// should be worth it, and a thousand transfers should still fit into memory.
const CHUNK_BYTES: usize = 256 << 10;

/// The folder with the contents.
pub(crate) struct ContentFolder {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    next_incoming: AtomicU64,
    /// Held while a content takes its name, or goes: so that none goes that was just kept again.
    naming: Mutex<()>,
    on_the_way: OnTheWay,
    on_broken_disk: OnBrokenDisk,
}

impl fmt::Debug for ContentFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentFolder").field("path", &self.path).finish_non_exhaustive()
    }
}

impl ContentFolder {
    /// Opens the folder, makes it when it is not there, and removes what a former process did not finish.
    pub(crate) fn open(path: &Path, clock: Arc<dyn Clock>, on_broken_disk: OnBrokenDisk) -> Result<Self, StoreError> {
        let incoming = path.join("incoming");
        make_folder(path)?;
        match fs::remove_dir_all(&incoming) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(explain_io(&error, &incoming)),
            _ => make_folder(&incoming)?,
        }
        Ok(Self {
            path: path.to_owned(),
            clock,
            next_incoming: AtomicU64::new(0),
            naming: Mutex::default(),
            on_the_way: OnTheWay::default(),
            on_broken_disk,
        })
    }

    pub(crate) fn path_of(&self, digest: &Digest) -> PathBuf {
        let name = digest.to_string();
        let (folder, file) = name.split_at(2);
        self.path.join(folder).join(file)
    }

    /// Refuses digests that no content has.
    pub(crate) async fn require(self: &Arc<Self>, digests: Vec<Digest>) -> Result<(), StoreError> {
        if digests.is_empty() {
            return Ok(());
        }
        let folder = self.clone();
        blocking(move || {
            let missing = digests.iter().find(|digest| !folder.path_of(digest).exists());
            missing.map_or(Ok(()), |digest| Err(StoreError::NotFound(format!("content `{digest}`"))))
        })
        .await
    }

    fn begin(self: &Arc<Self>) -> Result<Unfinished, StoreError> {
        let number = self.next_incoming.fetch_add(1, Ordering::Relaxed);
        let path = self.path.join("incoming").join(number.to_string());
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = file.map_err(|error| explain_io(&error, &path))?;
        Ok(Unfinished { incoming: IncomingFile { file, path }, digester: Digester::default(), size_bytes: 0 })
    }

    /// Gives a synced file its name, or keeps the one that is there.
    fn keep(&self, unfinished: Unfinished) -> Result<Content, StoreError> {
        let Unfinished { incoming, digester, size_bytes } = unfinished;
        let digest = digester.finish();
        let path = self.path_of(&digest);
        self.name(&incoming, &path, digest).map_err(|error| explain_io(&error, &path))?;
        Ok(Content { digest, size_bytes })
    }

    fn name(&self, incoming: &IncomingFile, path: &Path, digest: Digest) -> io::Result<()> {
        let folder = path.parent().expect("a content stands in a folder");
        // Contents are as old as their last keeping, by the clock that the sweep asks.
        stamp(&incoming.file, self.clock.now())?;
        let synced = incoming.file.sync_all();
        self.end_on_broken_disk(synced.as_ref().err().filter(|error| !is_full(error)));
        synced?;
        let _naming = self.naming.lock().unwrap_or_else(PoisonError::into_inner);
        if !folder.exists() {
            make_folder(folder).map_err(io::Error::other)?;
            self.sync(&self.path)?;
        }
        // Where the same bytes are kept already they are replaced by themselves: whoever reads goes on reading.
        fs::rename(&incoming.path, path)?;
        self.on_the_way.kept(digest);
        self.sync(folder)
    }

    fn sync(&self, folder: &Path) -> io::Result<()> {
        let synced = sync_folder(folder);
        self.end_on_broken_disk(synced.as_ref().err());
        synced
    }

    /// What was refused once may be said to be durable the next time, and is not: a disk that cannot be trusted ends the
    /// process.
    fn end_on_broken_disk(&self, refused: Option<&io::Error>) {
        if let Some(error) = refused {
            tracing::error!(%error, "the disk did not keep a file: the process ends, and the next start recovers");
            (self.on_broken_disk)();
        }
    }
}

/// A file for which there is no room is given up, and nobody was told that it is kept.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn stamp(file: &File, now: Timestamp) -> io::Result<()> {
    let millis = now.as_millis();
    let time = Timespec { tv_sec: millis.div_euclid(1000), tv_nsec: millis.rem_euclid(1000) * 1_000_000 };
    Ok(futimens(file, &Timestamps { last_access: time, last_modification: time })?)
}

async fn blocking<T: Send + 'static>(
    action: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let broke_off = |error| StoreError::Unavailable(format!("work with a file broke off: {error}"));
    spawn_blocking(action).await.map_err(broke_off)?
}

#[async_trait]
impl Contents for SqliteStore {
    async fn write_content(&self) -> Result<Box<dyn ContentWriter>, StoreError> {
        let folder = self.contents.clone();
        let unfinished = blocking({
            let folder = folder.clone();
            move || folder.begin()
        })
        .await?;
        Ok(Box::new(FileWriter { folder, unfinished: Some(unfinished), pieces: Vec::new(), collected_bytes: 0 }))
    }

    async fn read_content(&self, digest: &Digest, offset: u64) -> Result<Option<ContentReader>, StoreError> {
        let path = self.contents.path_of(digest);
        let file = blocking(move || open_at(&path, offset).map_err(|error| explain_io(&error, &path))).await?;
        Ok(file.map(|file| {
            let mut file = tokio::fs::File::from_std(file);
            file.set_max_buf_size(CHUNK_BYTES);
            Box::pin(file) as ContentReader
        }))
    }

    async fn discard_content(&self, digest: &Digest) -> Result<(), StoreError> {
        let (folder, digest) = (self.contents.clone(), *digest);
        let path = folder.path_of(&digest);
        let removed = self.readers.read(move |connection| Ok(folder.discard(connection, &digest)?)).await?;
        removed.map_err(|error| explain_io(&error, &path))
    }

    async fn content_size(&self, digest: &Digest) -> Result<Option<u64>, StoreError> {
        let path = self.contents.path_of(digest);
        blocking(move || match fs::metadata(&path) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(explain_io(&error, &path)),
        })
        .await
    }
}

fn open_at(path: &Path, offset: u64) -> io::Result<Option<File>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    file.seek(SeekFrom::Start(offset))?;
    Ok(Some(file))
}

/// The file of a content that is not finished. It goes when this does.
#[derive(Debug)]
struct IncomingFile {
    file: File,
    path: PathBuf,
}

impl Drop for IncomingFile {
    fn drop(&mut self) {
        // Once it has taken its name there is nothing here; what cannot be removed goes at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

/// A content that is not finished.
#[derive(Debug)]
struct Unfinished {
    incoming: IncomingFile,
    digester: Digester,
    size_bytes: u64,
}

impl Unfinished {
    fn append(&mut self, pieces: &[Bytes]) -> Result<(), StoreError> {
        for piece in pieces {
            self.digester.update(piece);
            self.size_bytes += piece.len() as u64;
            self.incoming.file.write_all(piece).map_err(|error| explain_io(&error, &self.incoming.path))?;
        }
        Ok(())
    }
}

/// Takes a content's bytes and writes them in chunks, away from the asynchronous threads.
#[derive(Debug)]
struct FileWriter {
    folder: Arc<ContentFolder>,
    /// Absent after a write that failed or was cancelled: a content with a gap must never be finished.
    unfinished: Option<Unfinished>,
    pieces: Vec<Bytes>,
    collected_bytes: usize,
}

impl FileWriter {
    async fn write_out(&mut self) -> Result<Unfinished, StoreError> {
        let broken = || StoreError::Unavailable("an earlier piece of this content could not be written".to_owned());
        let mut unfinished = self.unfinished.take().ok_or_else(broken)?;
        let pieces = std::mem::take(&mut self.pieces);
        self.collected_bytes = 0;
        blocking(move || unfinished.append(&pieces).map(|()| unfinished)).await
    }
}

#[async_trait]
impl ContentWriter for FileWriter {
    async fn write(&mut self, piece: Bytes) -> Result<(), StoreError> {
        self.collected_bytes += piece.len();
        self.pieces.push(piece);
        if self.collected_bytes >= CHUNK_BYTES {
            self.unfinished = Some(self.write_out().await?);
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<Content, StoreError> {
        let unfinished = self.write_out().await?;
        let folder = self.folder.clone();
        blocking(move || folder.keep(unfinished)).await
    }
}
