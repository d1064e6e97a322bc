//! Files that a call publishes into granted folders, and reads from there. What was published is remembered, because
//! whoever reads from a folder takes the files away: the same file is published once, however often it is asked for.
//!
//! Every step is noted before it is taken, so after a cut anywhere the note and the folder say together what has become of
//! the file. Where they do not, because somebody has replaced the folder, nothing is published before a person has looked.

use std::sync::Arc;

use bytes::Bytes;
use sluse_connector::FolderError;
use sluse_folders::{Fate, FileName, Folder, Publishing};
use sluse_model::{DeliveryId, Digest, Lease, Name, PublicationId, TimelineLevel};
use sluse_store::{NewPublication, Publication, PublicationState, PublishedName, StoreError};

use super::{
    DeliveryHost, Promise,
    folder::{GrantedFolder, told},
    turns::Turn,
};

/// The largest file that a component reads: what it can hold in its hands.
const MAX_READ_BYTES: u64 = 16 << 20;

/// A file that is to be published.
struct Wanted {
    folder: GrantedFolder,
    file: FileName,
    name: PublishedName,
    digest: Digest,
    bytes: Bytes,
    delivery: DeliveryId,
    lease: Lease,
    /// Whoever publishes it is the only one who does.
    turn: Arc<Turn>,
}

impl Wanted {
    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Folder) -> Result<T, sluse_folders::FolderError> + Send + 'static,
    ) -> Result<T, FolderError> {
        self.folder.ask(Some(self.turn.clone()), ask).await
    }
}

impl DeliveryHost {
    pub(super) async fn publish(&self, folder: &str, name: &str, bytes: Bytes) -> Result<(), FolderError> {
        if let Some(Promise::Reads(who) | Promise::Repeats(who)) = self.promise {
            return Err(FolderError::Forbidden(format!("{who} publishes no files")));
        }
        let wanted = self.wanted(folder, name, bytes)?;
        let known = match self.engine.store.publication(&wanted.name).await.map_err(not_now)? {
            Some(known) => Some(self.found_out(&wanted, known).await?),
            None => None,
        };
        match known {
            Some(Publication { digest, state: PublicationState::Published, .. }) if digest == wanted.digest => Ok(()),
            Some(Publication { state: PublicationState::Published, .. }) => Err(other_bytes(&wanted, "was")),
            before => self.publish_instead(&wanted, before.map(|before| before.id)).await,
        }
    }

    pub(super) async fn read_published(&self, folder: &str, name: &str) -> Result<Option<Bytes>, FolderError> {
        let (folder, file, _) = self.granted(folder, name)?;
        folder.ask(None, move |folder| folder.read(&file, MAX_READ_BYTES)).await
    }

    fn wanted(&self, folder: &str, name: &str, bytes: Bytes) -> Result<Wanted, FolderError> {
        let Some((delivery, lease)) = self.held else {
            return Err(FolderError::Forbidden("only a delivery publishes files".into()));
        };
        let (folder, file, name) = self.granted(folder, name)?;
        let Some(turn) = self.engine.publishing.take(&name) else {
            let reason = format!("another attempt at publishing `{file}` has not ended yet");
            return Err(FolderError::Unavailable(reason));
        };
        let digest = Digest::of(&bytes);
        Ok(Wanted { folder, file, name, digest, bytes, delivery, lease, turn })
    }

    fn granted(&self, folder: &str, name: &str) -> Result<(GrantedFolder, FileName, PublishedName), FolderError> {
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
        let file = FileName::parse(name).map_err(told)?;
        let name = PublishedName { connection: connection.name.clone(), folder, name: name.to_owned() };
        Ok((GrantedFolder::of(&self.engine, grant)?, file, name))
    }

    /// What has become of the file that is known under this name: published, or staged and no more.
    async fn found_out(&self, wanted: &Wanted, known: Publication) -> Result<Publication, FolderError> {
        let Publication { id, digest, state } = known;
        let fate = match state {
            PublicationState::Published => return Ok(known),
            PublicationState::Staged => Fate::Staged,
            PublicationState::Begun | PublicationState::InDoubt => {
                let file = wanted.file.clone();
                wanted.ask(move |folder| folder.look(id, &file, digest)).await?
            }
        };
        #[cfg(feature = "sabotage")]
        let fate = if crate::sabotage::forgets_publications() { Fate::Staged } else { fate };
        match fate {
            Fate::Staged => {
                // Whoever stopped waiting for it may have asked for more, and this comes after it.
                self.engine.store.withdraw_publication(id).await.map_err(not_now)?;
                Ok(Publication { state: PublicationState::Staged, ..known })
            }
            Fate::Published => {
                self.record.line(TimelineLevel::Info, format!("`{}` was published before", wanted.file));
                self.end(wanted, id).await?;
                Ok(Publication { state: PublicationState::Published, ..known })
            }
            Fate::Unclear if digest != wanted.digest => Err(other_bytes(wanted, "may have been")),
            Fate::Unclear => {
                self.engine.store.doubt_publication(wanted.delivery, wanted.lease, id).await.map_err(not_now)?;
                Err(unclear(wanted))
            }
        }
    }

    /// Nothing is known of the file, or an attempt `before` came to nothing.
    async fn publish_instead(&self, wanted: &Wanted, before: Option<PublicationId>) -> Result<(), FolderError> {
        if let Some(before) = before {
            wanted.ask(move |folder| folder.discard(before)).await?;
        }
        let now = self.engine.clock.now();
        let id = PublicationId::new(now, &*self.engine.dice);
        let Wanted { delivery, lease, digest, .. } = *wanted;
        let file = wanted.name.clone();
        let new = NewPublication { id, delivery, lease, now, file, digest, instead_of: before };
        self.engine.store.stage_publication(new).await.map_err(not_now)?;
        let published = self.stage_and_name(wanted, id).await;
        if published.is_err() {
            self.take_back(wanted, id).await;
        }
        published
    }

    async fn stage_and_name(&self, wanted: &Wanted, id: PublicationId) -> Result<(), FolderError> {
        let bytes = wanted.bytes.clone();
        wanted.ask(move |folder| folder.stage(id, &bytes)).await?;
        self.engine.store.begin_publication(wanted.delivery, wanted.lease, id).await.map_err(not_now)?;
        let (file, digest) = (wanted.file.clone(), wanted.digest);
        let (file, folder) = match wanted.ask(move |folder| folder.publish(id, &file, digest)).await? {
            Publishing::Published => {
                let size_bytes = wanted.bytes.len();
                (format!("published `{}` ({size_bytes} bytes) into", wanted.file), &wanted.name.folder)
            }
            Publishing::WasThere => (format!("`{}` was already in", wanted.file), &wanted.name.folder),
        };
        self.record.line(TimelineLevel::Info, format!("{file} `{folder}`"));
        self.end(wanted, id).await
    }

    /// It was published. What cannot be tidied away now is later.
    async fn end(&self, wanted: &Wanted, id: PublicationId) -> Result<(), FolderError> {
        #[cfg(feature = "sabotage")]
        if crate::sabotage::forgets_publications() {
            return Ok(());
        }
        self.engine.store.end_publication(id).await.map_err(not_now)?;
        self.tidy(wanted, id).await;
        Ok(())
    }

    /// An attempt failed. When its file is staged still, it was not published: that is noted at once, because the folder
    /// may be replaced, and the file with it. Otherwise the next attempt looks.
    async fn take_back(&self, wanted: &Wanted, id: PublicationId) {
        let (file, digest) = (wanted.file.clone(), wanted.digest);
        let found = wanted.ask(move |folder| folder.look(id, &file, digest)).await;
        if matches!(found, Ok(Fate::Staged)) && self.engine.store.withdraw_publication(id).await.is_ok() {
            self.tidy(wanted, id).await;
        }
    }

    async fn tidy(&self, wanted: &Wanted, id: PublicationId) {
        if wanted.ask(move |folder| folder.discard(id)).await.is_ok()
            && let Err(error) = self.engine.store.tidied_publication(id).await
        {
            tracing::warn!(%error, publication = %id, "that nothing is left of {id} is noted later");
        }
    }
}

fn other_bytes(wanted: &Wanted, was: &str) -> FolderError {
    let Wanted { file, name, .. } = wanted;
    FolderError::Conflict(format!(
        "a file `{file}` with other bytes {was} published into `{}` before: give this one another name",
        name.folder
    ))
}

fn unclear(wanted: &Wanted) -> FolderError {
    let Wanted { file, folder, .. } = wanted;
    FolderError::Unclear(format!(
        "the folder `{}` was replaced or emptied while `{file}` was about to be published: see whether whoever reads from \
         it has got it. If so, resolve the delivery; if not, retry it and say so (`--did-not-happen`)",
        folder.path()
    ))
}

fn not_now(error: StoreError) -> FolderError {
    FolderError::Unavailable(format!("the host cannot note what is published now: {error}"))
}
