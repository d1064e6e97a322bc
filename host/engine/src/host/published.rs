//! Files that a call publishes into granted folders, and reads from there. What was published is remembered, because
//! whoever reads from a folder takes the files away: the same file is published once, however often it is asked for.

use std::sync::Arc;

use bytes::Bytes;
use sluse_connector::FolderError;
use sluse_folders::{FileName, Folder, Place, Publishing};
use sluse_model::{Digest, Name, TimelineLevel};
use sluse_store::{NewPublication, Publication, PublishedName, StoreError};
use tokio::task::spawn_blocking;

use super::{DeliveryHost, Promise, turns::Turn};

/// The largest file that a component reads: what it can hold in its hands.
const MAX_READ_BYTES: u64 = 16 << 20;

/// A folder of the connection, and a file in it.
struct Granted {
    place: Place,
    file: FileName,
    name: PublishedName,
    /// Whoever publishes it is the only one who does.
    turn: Option<Arc<Turn>>,
}

impl DeliveryHost {
    pub(super) async fn publish(&self, folder: &str, name: &str, bytes: Bytes) -> Result<(), FolderError> {
        if let Some(Promise::Reads(who) | Promise::Repeats(who)) = self.promise {
            return Err(FolderError::Forbidden(format!("{who} publishes no files")));
        }
        let mut granted = self.granted(folder, name)?;
        let turn = self.engine.publishing.take(&granted.name);
        granted.turn = Some(turn.ok_or_else(|| {
            FolderError::Unavailable(format!("another attempt at publishing `{}` has not ended yet", granted.file))
        })?);
        let digest = Digest::of(&bytes);
        let known = self.engine.store.publication(&granted.name).await.map_err(not_now)?;
        #[cfg(feature = "sabotage")]
        let known = known.filter(|_| !crate::sabotage::forgets_publications());
        match known {
            Some(Publication { digest: before, is_published: true }) if before == digest => Ok(()),
            Some(Publication { digest: before, is_published: false }) if before == digest => {
                self.finish(granted, digest, bytes).await
            }
            Some(before) => self.instead_of(granted, before, digest, bytes).await,
            None => self.begin(granted, digest, bytes).await,
        }
    }

    pub(super) async fn read_published(&self, folder: &str, name: &str) -> Result<Option<Bytes>, FolderError> {
        let Granted { place, file, .. } = self.granted(folder, name)?;
        self.in_folder(None, move || Folder::open(&place)?.read(&file, MAX_READ_BYTES)).await
    }

    /// Nothing is known of the file.
    async fn begin(&self, granted: Granted, digest: Digest, bytes: Bytes) -> Result<(), FolderError> {
        let Some((delivery, lease)) = self.held else {
            return Err(FolderError::Forbidden("only a delivery publishes files".into()));
        };
        let (place, file, staged) = (granted.place.clone(), granted.file.clone(), bytes.clone());
        let turn = granted.turn.clone();
        self.in_folder(turn, move || Folder::open(&place)?.stage(&file, &staged, digest)).await?;
        let new = NewPublication { delivery, lease, now: self.engine.clock.now(), file: granted.name.clone(), digest };
        if let Err(error) = self.engine.store.begin_publication(new).await {
            let Granted { place, file, turn, .. } = granted;
            let _ = self.in_folder(turn, move || Folder::open(&place)?.discard(&file, digest)).await;
            return Err(not_now(error));
        }
        self.finish(granted, digest, bytes).await
    }

    /// It was staged, and it is noted that it is about to be published. When it is not staged any more, it was
    /// published, and taken by whoever reads from the folder. So the note is taken back when it could not be published
    /// and is staged still: somebody may replace the folder, and the staged file with it.
    async fn finish(&self, granted: Granted, digest: Digest, bytes: Bytes) -> Result<(), FolderError> {
        let Granted { place, file, name, turn } = granted;
        let published = self.in_folder(turn.clone(), {
            let (place, file) = (place.clone(), file.clone());
            move || Folder::open(&place)?.publish(&file, digest)
        });
        match published.await {
            Ok(Publishing::Published) => {
                let size_bytes = bytes.len();
                self.record.line(
                    TimelineLevel::Info,
                    format!("published `{file}` ({size_bytes} bytes) into `{}`", name.folder),
                );
            }
            Ok(Publishing::WasThere) => {
                self.record.line(TimelineLevel::Info, format!("`{file}` was in `{}` already", name.folder));
            }
            Ok(Publishing::NothingStaged) => {
                self.record.line(TimelineLevel::Info, format!("`{file}` was published before, and has been taken"));
            }
            Err(error) => {
                let is_staged =
                    self.in_folder(turn.clone(), move || Folder::open(&place)?.is_staged(&file, digest)).await;
                if matches!(error, FolderError::Conflict(_)) || matches!(is_staged, Ok(true)) {
                    self.engine.store.withdraw_publication(name, digest).await.map_err(not_now)?;
                }
                return Err(error);
            }
        }
        self.engine.store.end_publication(name, digest).await.map_err(not_now)
    }

    /// A file of this name with other bytes was published, or was about to be.
    async fn instead_of(
        &self,
        granted: Granted,
        before: Publication,
        digest: Digest,
        bytes: Bytes,
    ) -> Result<(), FolderError> {
        let (place, file) = (granted.place.clone(), granted.file.clone());
        let turn = granted.turn.clone();
        let withdrawn = !before.is_published
            && self
                .in_folder(turn, move || {
                    let folder = Folder::open(&place)?;
                    let is_staged = folder.is_staged(&file, before.digest)?;
                    folder.discard(&file, before.digest).map(|()| is_staged)
                })
                .await?;
        if !withdrawn {
            return Err(FolderError::Conflict(format!(
                "a file `{}` with other bytes was published into `{}` before: give this one another name",
                granted.file, granted.name.folder
            )));
        }
        self.engine.store.withdraw_publication(granted.name.clone(), before.digest).await.map_err(not_now)?;
        self.begin(granted, digest, bytes).await
    }

    fn granted(&self, folder: &str, name: &str) -> Result<Granted, FolderError> {
        let connection = self.connection.connection();
        let found = folder.parse::<Name>().ok().and_then(|folder| {
            let grant = connection.grant.folders.get(&folder)?;
            Some((folder, grant))
        });
        let Some((folder, grant)) = found else {
            return Err(FolderError::Forbidden(format!(
                "folder `{folder}` is not granted to connection `{0}`: write `[connection.grant.folders.{folder}]` with its \
                 `path`",
                connection.name
            )));
        };
        let file = FileName::parse(name).map_err(FolderError::Forbidden)?;
        let place = Place::find(&grant.path, grant.mounted, &self.engine.settings.folders).map_err(told)?;
        let name = PublishedName { connection: connection.name.clone(), folder, name: name.to_owned() };
        Ok(Granted { place, file, name, turn: None })
    }

    /// Asks a folder, apart from everything else: a share that hangs hangs a few threads and nobody else. Whoever hangs
    /// keeps their turn.
    async fn in_folder<T: Send + 'static>(
        &self,
        turn: Option<Arc<Turn>>,
        ask: impl FnOnce() -> Result<T, sluse_folders::FolderError> + Send + 'static,
    ) -> Result<T, FolderError> {
        let Ok(permit) = self.engine.folder_threads.clone().try_acquire_owned() else {
            let reason = "too many folders do not answer: see whether their shares are mounted";
            return Err(FolderError::Unavailable(reason.into()));
        };
        let asked = spawn_blocking(move || {
            let answer = ask();
            drop((permit, turn));
            answer
        });
        asked.await.map_err(|_| FolderError::Unavailable("the host could not ask the folder".into()))?.map_err(told)
    }
}

/// Threads that wait for folders at the same time.
pub(crate) const FOLDER_THREADS: usize = 32;

fn told(error: sluse_folders::FolderError) -> FolderError {
    match error {
        sluse_folders::FolderError::Forbidden(reason) => FolderError::Forbidden(reason),
        sluse_folders::FolderError::Conflict(reason) => FolderError::Conflict(reason),
        sluse_folders::FolderError::Unavailable(reason) => FolderError::Unavailable(reason),
    }
}

fn not_now(error: StoreError) -> FolderError {
    FolderError::Unavailable(format!("the host cannot note what is published now: {error}"))
}
