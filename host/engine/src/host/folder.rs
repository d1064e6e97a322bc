//! One folder that a connection was granted. It is asked apart from everything else: a share that hangs hangs a few threads
//! and nobody else.

use std::sync::Arc;

use sluse_connector::FolderError;
use sluse_folders::{Folder, Place};
use sluse_model::FolderGrant;
use tokio::task::spawn_blocking;

use super::{threads::FolderThreads, turns::Turn};
use crate::Engine;

/// A folder that a connection was granted.
#[derive(Debug, Clone)]
pub(crate) struct GrantedFolder {
    place: Place,
    threads: FolderThreads,
}

impl GrantedFolder {
    /// The folder of a grant, as far as the operator allows it still.
    pub(crate) fn of(engine: &Engine, grant: &FolderGrant) -> Result<Self, FolderError> {
        let place = Place::find(&grant.path, grant.mounted, &engine.settings.folders).map_err(told)?;
        Ok(Self { place, threads: engine.folder_threads.clone() })
    }

    /// Where it is, as people know it.
    pub(crate) fn path(&self) -> String {
        self.place.path().display().to_string()
    }

    /// Opens the folder and asks it something. Whoever hangs there keeps their turn.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        turn: Option<Arc<Turn>>,
        ask: impl FnOnce(&Folder) -> Result<T, sluse_folders::FolderError> + Send + 'static,
    ) -> Result<T, FolderError> {
        let thread = self.threads.take(&self.place.path()).await?;
        let place = self.place.clone();
        let asked = spawn_blocking(move || {
            let answer = Folder::open(&place).and_then(|folder| ask(&folder));
            drop((thread, turn));
            answer
        });
        asked.await.map_err(|_| FolderError::Unavailable("the host could not ask the folder".into()))?.map_err(told)
    }
}

pub(crate) fn told(error: sluse_folders::FolderError) -> FolderError {
    match error {
        sluse_folders::FolderError::Forbidden(reason) => FolderError::Forbidden(reason),
        sluse_folders::FolderError::Invalid(reason) => FolderError::Invalid(reason),
        sluse_folders::FolderError::Conflict(reason) => FolderError::Conflict(reason),
        sluse_folders::FolderError::Unavailable(reason) => FolderError::Unavailable(reason),
    }
}
