//! The host as it is: API, engine, store, sandbox and egress, wired as the binary wires them.

use std::{sync::Arc, time::SystemTime};

use async_trait::async_trait;
use sluse_api::{Access, Api, StoreHealth, create_token, router};
use sluse_egress::{Ceiling, Egress};
use sluse_engine::{ApplyOptions, ConfigurationFile, Engine, EngineParts, EngineSettings, InstallOptions};
use sluse_model::{Clock, Dice, RunState, Scope, Timestamp};
use sluse_sandbox::{Compiler, Sandbox, SandboxSettings};
use sluse_store::{PageRequest, RunFilter, Store};
use sluse_store_sqlite::{SqliteSettings, SqliteStore, Statistics};
use sluse_tests::{echo, host::component};
use sluse_vault::{MasterKey, Vault};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::arms::Arm;

#[derive(Debug)]
struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(0))
    }
}

/// Enough in flight that a slow target does not decide.
pub(crate) const MAX_IN_FLIGHT: u32 = 1_200;

pub(crate) struct HostArm {
    engine: Arc<Engine>,
    store: Arc<SqliteStore>,
    url: String,
    token: String,
    stop: CancellationToken,
    _folder: TempDir,
}

impl HostArm {
    /// A host with one connection to `target` that nothing holds up, and a flow of this operation.
    pub(crate) async fn start(target: &str, operation: &str) -> anyhow::Result<Self> {
        Self::start_with(configuration(target, operation)).await
    }

    /// A host with these connections of the connector `echo`, and these flows.
    pub(crate) async fn start_with(configuration: String) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let clock: Arc<dyn Clock> = Arc::new(WallClock);
        let dice: Arc<dyn Dice> = Arc::new(sluse_model::fakes::SeededDice::new(1));
        let store = Arc::new(SqliteStore::open(SqliteSettings::new(folder.path().join("data")), clock.clone())?);
        let key = MasterKey::from_bytes([7; 32]);
        let vault = Arc::new(Vault::new(key, store.clone(), clock.clone(), dice.clone()));
        let settings = EngineSettings { max_in_flight: MAX_IN_FLIGHT, ..EngineSettings::default() };
        let sandbox = Sandbox::start(SandboxSettings {
            cache_folder: folder.path().join("compiled"),
            max_instances: MAX_IN_FLIGHT + settings.max_calls(),
            compiler: Compiler::InProcess,
            dice: dice.clone(),
        })?;
        let ceiling =
            Ceiling { hosts: vec!["127.0.0.1".parse()?], cidrs: vec!["127.0.0.0/8".parse()?], ..Ceiling::default() };
        let engine = Engine::start(EngineParts {
            store: store.clone() as Arc<dyn Store>,
            loader: Arc::new(sandbox),
            vault,
            egress: Arc::new(Egress::new(ceiling)),
            clock,
            dice,
            settings,
        })
        .await?;
        let echo = std::fs::read(component("echo")?)?;
        engine.install(echo.into(), InstallOptions { activate: true, ..InstallOptions::default() }).await?;
        let file = ConfigurationFile { name: "bench.toml".into(), text: configuration };
        engine.configure(&[file], ApplyOptions::default()).await?;
        let token = create_token(&engine, "bench".into(), vec![Scope::Admin]).await?.text;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let stop = CancellationToken::new();
        let api = Api {
            engine: engine.clone(),
            access: Access::default(),
            concerns: Box::new(Vec::new),
            store_health: StoreHealth::default(),
            version: "bench",
            settings: serde_json::Map::new(),
        };
        tokio::spawn(sluse_api::serve(listener, router(Arc::new(api)), Default::default(), stop.clone()));
        Ok(Self { engine, store, url, token, stop, _folder: folder })
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// A path of its API.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// What its store has written so far.
    pub(crate) fn statistics(&self) -> Statistics {
        self.store.statistics()
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.engine.stop().await;
        self.engine.store().close().await;
    }
}

/// Nothing holds it up.
pub(crate) fn configuration(target: &str, operation: &str) -> String {
    echo::configuration(target, operation, &format!("gates = {{ max_concurrent = {MAX_IN_FLIGHT} }}"))
}

#[async_trait]
impl Arm for HostArm {
    fn url(&self) -> String {
        self.address("/v1/flows/send/runs")
    }

    fn token(&self) -> Option<&str> {
        Some(&self.token)
    }

    async fn recorded(&self) -> anyhow::Result<usize> {
        // Nothing is in flight and nothing waits: all of it is recorded.
        let running = RunFilter { state: Some(RunState::Running), ..RunFilter::default() };
        let page = self.engine.store().runs(running, PageRequest { limit: 1, after: None }).await?;
        Ok(if page.items.is_empty() { usize::MAX } else { 0 })
    }

    async fn latencies_ms(&self) -> anyhow::Result<Vec<i64>> {
        let mut latencies_ms = Vec::new();
        let mut after = None;
        loop {
            let page = self.engine.store().runs(RunFilter::default(), PageRequest { limit: 500, after }).await?;
            for run in page.items {
                anyhow::ensure!(run.state == RunState::Succeeded, "run {} is {:?}", run.id, run.state);
                let closed_at = run.closed_at.unwrap_or(run.accepted_at);
                latencies_ms.push(closed_at.as_millis() - run.accepted_at.as_millis());
            }
            after = page.next;
            if after.is_none() {
                return Ok(latencies_ms);
            }
        }
    }
}
