//! What the engine is made of, how it starts and how it stops.

use std::sync::Arc;

use sluse_connector::Loader;
use sluse_egress::Egress;
use sluse_model::{Clock, Dice, Timestamp};
use sluse_store::{Store, StoreError};
use sluse_vault::Vault;
use tokio_util::task::TaskTracker;

use crate::{
    EngineSettings,
    call::Calls,
    connections::Connections,
    dispatcher::Dispatcher,
    figures::{Backlogs, Counting, Watch},
    flows::Flows,
    gates::Gates,
    host::{FolderThreads, Turns},
    polls::Polls,
    revisions::Revisions,
};

/// What the engine is wired from.
#[derive(Debug)]
pub struct EngineParts {
    pub store: Arc<dyn Store>,
    pub loader: Arc<dyn Loader>,
    pub vault: Arc<Vault>,
    pub egress: Arc<Egress>,
    pub clock: Arc<dyn Clock>,
    pub dice: Arc<dyn Dice>,
    pub settings: EngineSettings,
}

/// Decides and drives: takes submissions in, carries deliveries out, swaps connectors.
#[derive(Debug)]
pub struct Engine {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) egress: Arc<Egress>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) dice: Arc<dyn Dice>,
    pub(crate) settings: EngineSettings,
    pub(crate) flows: Flows,
    pub(crate) connections: Connections,
    pub(crate) revisions: Revisions,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) gates: Arc<Gates>,
    pub(crate) calls: Calls,
    pub(crate) polls: Polls,
    pub(crate) started_at: Timestamp,
    /// Since when what should have come can be late.
    pub(crate) watch: Watch,
    pub(crate) counts: Counting,
    pub(crate) backlogs: Backlogs,
    /// Told when schedules are to be looked at before their time.
    pub(crate) schedules_changed: tokio::sync::Notify,
    /// One at a time: what the gates hold is what was written last.
    pub(crate) pausing: tokio::sync::Mutex<()>,
    /// Files that are being published.
    pub(crate) publishing: Turns,
    /// Threads that may wait for folders.
    pub(crate) folder_threads: FolderThreads,
    /// Attempts under way, and what else has to come to its end.
    pub(crate) attempts: TaskTracker,
    /// Dispatcher, lease keeper, schedules, acts on many deliveries, and what gives up or tidies up in time.
    pub(crate) background: TaskTracker,
}

impl Engine {
    /// Loads the active revisions, settles what a former process left in the middle, and begins to work.
    pub async fn start(parts: EngineParts) -> Result<Arc<Self>, StoreError> {
        let started_at = parts.clock.now();
        let engine = Arc::new(Self {
            flows: Flows::new(parts.store.clone()),
            connections: Connections::new(parts.store.clone()),
            revisions: Revisions::new(parts.store.clone(), parts.loader),
            dispatcher: Dispatcher::new(parts.settings.max_in_flight),
            gates: Gates::new(parts.clock.clone()),
            calls: Calls::new(parts.settings.max_calls()),
            polls: Polls::default(),
            started_at,
            watch: Watch::from(started_at, tokio::time::Instant::now()),
            counts: Counting::default(),
            backlogs: Backlogs::default(),
            schedules_changed: tokio::sync::Notify::new(),
            pausing: tokio::sync::Mutex::default(),
            publishing: Turns::default(),
            folder_threads: FolderThreads::default(),
            attempts: TaskTracker::new(),
            background: TaskTracker::new(),
            store: parts.store,
            vault: parts.vault,
            egress: parts.egress,
            clock: parts.clock,
            dice: parts.dice,
            settings: parts.settings,
        });
        if engine.settings.starts_paused {
            tracing::warn!("the host was started paused: nothing begins before `sluse resume`");
            engine.gates.pause_all();
        }
        engine.restore_pauses().await?;
        engine.gates.configure(engine.store.connections().await?.iter().map(|stored| &stored.connection));
        engine.load_active().await?;
        engine.take_up_lapsed().await?;
        engine.resume_batches().await?;
        engine.release_polls().await?;
        engine.background.spawn(engine.clone().dispatch());
        engine.background.spawn(engine.clone().keep_leases());
        engine.background.spawn(engine.clone().keep_schedules());
        engine.background.spawn(engine.clone().tidy_folders());
        if let Some(retention) = engine.settings.retention {
            engine.background.spawn(engine.clone().retain(retention));
        }
        Ok(engine)
    }

    /// Does `work` to its end, also when whoever waits for it goes away: what is written to the store is written
    /// whether or not somebody waits, and what has to happen after it must happen then too.
    pub(crate) async fn to_the_end<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        match self.attempts.spawn(work).await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime ends, and so does this task.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// How many deliveries are worked on.
    pub fn in_flight(&self) -> u32 {
        self.dispatcher.in_flight()
    }

    /// The store, for those who only read.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The present, by the engine's clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Where chance comes from.
    pub fn dice(&self) -> &Arc<dyn Dice> {
        &self.dice
    }

    /// Loads every active revision, so that the first delivery need not wait. One that cannot be loaded is
    /// reported and holds up nobody else.
    async fn load_active(&self) -> Result<(), StoreError> {
        for revision in self.store.revisions().await? {
            if matches!(revision.standing, sluse_model::RevisionStanding::Active { .. })
                && let Err(error) = self.revisions.get(&revision.digest).await
            {
                tracing::error!(connector = %revision.connector, %error, "connector {} cannot serve", revision.connector);
            }
        }
        Ok(())
    }
}
