//! Letting nothing begin: at a connection, for as long as somebody wants it, or at all of them after a start, to look
//! before everything runs again. What is under way ends; what is handed in is accepted, and waits.

use std::sync::Arc;

use sluse_model::{Actor, Name, Pause};
use sluse_store::StoreError;

use crate::{Engine, MAX_WHY_CHARS, acts::said};

/// Why nothing was paused, or let go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PauseError {
    #[error("there is no connection `{0}`")]
    Unknown(Name),
    #[error("say why: whoever finds the connection paused will ask")]
    NoReason,
    #[error("`why` has {0} characters: say it in {MAX_WHY_CHARS} at most")]
    LongReason(usize),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Lets nothing begin at a connection any more, also after the next start, until it is resumed.
    pub async fn pause(self: &Arc<Self>, connection: &Name, by: Actor, why: &str) -> Result<(), PauseError> {
        let why = said(Some(why.to_owned())).map_err(PauseError::LongReason)?.ok_or(PauseError::NoReason)?;
        self.known(connection).await?;
        let pause = Pause { since: self.clock.now(), by, why };
        tracing::info!(%connection, by = pause.by.name, "connection {connection} is paused by {}", pause.by.name);
        let (engine, name) = (self.clone(), connection.clone());
        let written = self.to_the_end(async move {
            let _one_at_a_time = engine.pausing.lock().await;
            engine.store.pause(name, pause).await?;
            engine.restore_pauses().await
        });
        Ok(written.await?)
    }

    /// Ends the pause of a connection. One that is not paused stays as it is.
    pub async fn resume(self: &Arc<Self>, connection: &Name, by: &Actor) -> Result<(), PauseError> {
        self.known(connection).await?;
        tracing::info!(%connection, by = by.name, "connection {connection} is resumed by {}", by.name);
        let (engine, name) = (self.clone(), connection.clone());
        let written = self.to_the_end(async move {
            let _one_at_a_time = engine.pausing.lock().await;
            engine.store.resume(name).await?;
            engine.restore_pauses().await
        });
        Ok(written.await?)
    }

    /// Lets go of what a paused start holds. What somebody paused by name stays paused.
    pub fn resume_all(&self, by: &Actor) {
        tracing::info!(by = by.name, "what the paused start held is let go by {}", by.name);
        self.gates.let_go_of_all();
    }

    /// The gates hold what the store says is paused.
    pub(crate) async fn restore_pauses(&self) -> Result<(), StoreError> {
        self.gates.pause_only(self.store.pauses().await?.into_iter().collect());
        Ok(())
    }

    async fn known(&self, connection: &Name) -> Result<(), PauseError> {
        let found = self.store.connection(connection).await?;
        found.map(drop).ok_or_else(|| PauseError::Unknown(connection.clone()))
    }
}
