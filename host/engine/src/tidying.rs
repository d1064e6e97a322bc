//! What attempts at publishing files have left in folders, and nobody will take up again: it is taken away beside the work.
//! Only what the store knows to be ours is touched, and only while nobody publishes that file.

use std::{collections::HashSet, sync::Arc, time::Duration};

use sluse_connector::FolderError;
use sluse_folders::Fate;
use sluse_store::{Publication, PublicationState, PublishedName, StoreError};
use tokio::time::timeout;

use crate::{Engine, host::GrantedFolder};

/// What a killed host has left is gone with the next start, and the rest soon enough that nobody wonders about it.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Attempts that are read at once.
const PAGE: u32 = 100;

/// A folder that has not answered by then is left alone until the next time.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why something cannot be tidied away now.
#[derive(Debug, thiserror::Error)]
enum TidyError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the folder does not answer")]
    Silence,
}

impl Engine {
    /// Takes away what is left, again and again, until the engine stops.
    pub(crate) async fn tidy_folders(self: Arc<Self>) {
        loop {
            if let Err(error) = self.tidy_once().await {
                tracing::warn!(%error, "what is left in folders cannot be read now; it is looked at again");
            }
            if !self.waited(LOOK_EVERY).await {
                return;
            }
        }
    }

    async fn tidy_once(&self) -> Result<(), StoreError> {
        let (mut after, mut silent) = (None, HashSet::new());
        loop {
            let found = self.store.publications_to_tidy(after, PAGE).await?;
            for (file, publication) in &found {
                let folder = (&file.connection, &file.folder);
                if self.dispatcher.stop.is_cancelled() || silent.contains(&(folder.0.clone(), folder.1.clone())) {
                    continue;
                }
                if let Err(error) = self.tidy(file, publication).await {
                    tracing::debug!(%error, connection = %folder.0, folder = %folder.1, "what is left there stays for now");
                    silent.insert((folder.0.clone(), folder.1.clone()));
                }
            }
            match found.last() {
                Some((_, last)) if found.len() == PAGE as usize => after = Some(last.id),
                _ => return Ok(()),
            }
        }
    }

    /// Takes away what an attempt has left, as far as it is known what became of it.
    async fn tidy(&self, file: &PublishedName, seen: &Publication) -> Result<(), TidyError> {
        let Some(folder) = self.granted_folder(file).await else { return Ok(()) };
        let Some(turn) = self.publishing.take(file) else { return Ok(()) };
        let Some(known) = self.store.publication(file).await?.filter(|known| known.id == seen.id) else {
            return Ok(());
        };
        let Publication { id, digest, state } = known;
        let fate = match state {
            PublicationState::Published => Fate::Published,
            PublicationState::Staged => Fate::Staged,
            PublicationState::Begun | PublicationState::InDoubt => {
                let name = sluse_folders::FileName::parse(&file.name).map_err(crate::host::told)?;
                let look = folder.ask(Some(turn.clone()), move |folder| folder.look(id, &name, digest));
                timeout(PATIENCE, look).await.map_err(|_| TidyError::Silence)??
            }
        };
        match fate {
            Fate::Published => self.store.end_publication(id).await?,
            Fate::Staged => self.store.withdraw_publication(id).await?,
            Fate::Unclear => return Ok(()),
        }
        let discard = folder.ask(Some(turn), move |folder| folder.discard(id));
        timeout(PATIENCE, discard).await.map_err(|_| TidyError::Silence)??;
        Ok(self.store.tidied_publication(id).await?)
    }

    /// The folder that a file was published into; `None` when the connection may not use it any more.
    async fn granted_folder(&self, file: &PublishedName) -> Option<GrantedFolder> {
        let connection = self.connections.get(self, &file.connection).await.ok()?;
        let grant = connection.connection().grant.folders.get(&file.folder)?;
        GrantedFolder::of(self, grant).ok()
    }
}
