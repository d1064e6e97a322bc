//! `/readyz` says that a host is not well, and what ails it; and what somebody should look at while it is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{Router, body::Body};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use sluse_api::{Access, Api, StoreHealth, router};
use sluse_connector::{Connector, LoadError, Loader};
use sluse_egress::{Ceiling, Egress};
use sluse_engine::{Engine, EngineParts, EngineSettings};
use sluse_model::{
    Timestamp,
    fakes::{SeededDice, SimClock},
};
use sluse_store_sqlite::{SqliteSettings, SqliteStore};
use sluse_vault::{MasterKey, Vault};
use tower::ServiceExt;

/// There is nothing to load.
#[derive(Debug)]
struct NoLoader;

#[async_trait]
impl Loader for NoLoader {
    async fn load(&self, _: Bytes) -> Result<Arc<dyn Connector>, LoadError> {
        Err(LoadError::NotAComponent("nothing is".into()))
    }
}

struct Ward {
    engine: Arc<Engine>,
    ticker_stands_still: Arc<AtomicBool>,
    clock: Arc<SimClock>,
    folder: tempfile::TempDir,
}

impl Ward {
    async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let clock = Arc::new(SimClock::at(Timestamp::from_millis(0)));
        let dice = Arc::new(SeededDice::new(1));
        let store = Arc::new(SqliteStore::open(SqliteSettings::new(folder.path()), clock.clone())?);
        let vault = Vault::new(MasterKey::from_bytes([1; 32]), store.clone(), clock.clone(), dice.clone());
        let engine = Engine::start(EngineParts {
            store,
            loader: Arc::new(NoLoader),
            vault: Arc::new(vault),
            egress: Arc::new(Egress::new(Ceiling::default())),
            clock: clock.clone(),
            dice,
            settings: EngineSettings::default(),
        })
        .await?;
        Ok(Self { engine, ticker_stands_still: Arc::default(), clock, folder })
    }

    /// Endpoints that nobody has asked yet.
    fn router(&self) -> Router {
        let stands_still = self.ticker_stands_still.clone();
        let concerns = move || {
            if stands_still.load(Ordering::Relaxed) { vec!["the ticker has stopped".into()] } else { Vec::new() }
        };
        router(Arc::new(Api {
            engine: self.engine.clone(),
            access: Access::default(),
            concerns: Box::new(concerns),
            store_health: StoreHealth::default(),
            version: "1",
            settings: serde_json::Map::new(),
        }))
    }

    async fn ask(&self) -> anyhow::Result<(StatusCode, Value)> {
        self.ask_at("/readyz").await
    }

    async fn ask_at(&self, path: &str) -> anyhow::Result<(StatusCode, Value)> {
        ask(self.router(), path).await
    }

    /// Asserts that it is not ready, for one reason.
    async fn ails(&self, reason: &str) -> anyhow::Result<()> {
        let (status, body) = self.ask().await?;
        assert_eq!((status.as_u16(), body["status"].as_str()), (503, Some("not ready")), "{body}");
        let concerns = body["concerns"].as_array().cloned().unwrap_or_default();
        assert_eq!(concerns.len(), 1, "{body}");
        assert!(concerns[0].as_str().unwrap_or("").contains(reason), "{body}");
        Ok(())
    }
}

async fn ask(router: Router, path: &str) -> anyhow::Result<(StatusCode, Value)> {
    let reply = router.oneshot(Request::get(path).body(Body::empty())?).await?;
    let status = reply.status();
    Ok((status, serde_json::from_slice(&reply.into_body().collect().await?.to_bytes())?))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_asked_once_in_a_second() -> anyhow::Result<()> {
    let ward = Ward::start().await?;
    let router = ward.router();
    assert_eq!(ask(router.clone(), "/readyz").await?.0, 200);
    ward.engine.store().close().await;
    assert_eq!(ask(router.clone(), "/readyz?feeds=true").await?.0, 200, "it was asked again");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(ask(router, "/readyz").await?.0, 503);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_well_is_ready() -> anyhow::Result<()> {
    let (status, body) = Ward::start().await?.ask().await?;
    assert_eq!((status.as_u16(), body["status"].as_str(), body.get("concerns")), (200, Some("ready"), None));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_takes_no_writes_is_told() -> anyhow::Result<()> {
    let ward = Ward::start().await?;
    // The database still opens and reads; a write fails.
    let tool = rusqlite::Connection::open(ward.folder.path().join("sluse.sqlite3"))?;
    tool.execute_batch("BEGIN IMMEDIATE")?;
    ward.ails("the store takes no writes").await?;
    tool.execute_batch("ROLLBACK")?;
    assert_eq!(ward.ask().await?.0, 200);
    ward.engine.store().close().await;
    ward.ails("the store takes no writes").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticker_that_stands_still_is_told() -> anyhow::Result<()> {
    let ward = Ward::start().await?;
    ward.ticker_stands_still.store(true, Ordering::Relaxed);
    ward.ails("the ticker has stopped").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_stops_is_told() -> anyhow::Result<()> {
    let ward = Ward::start().await?;
    ward.engine.stop().await;
    ward.ails("the host is stopping").await
}

/// It starts a flow that is not there: its ticks come to nothing, and no poll says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_has_not_run_is_a_warning_and_a_status_for_those_who_ask() -> anyhow::Result<()> {
    let ward = Ward::start().await?;
    let schedule = json!({
        "name": "nightly", "every_ms": 1000, "jitter_ms": 0, "overlap": "skip", "catch_up_ms": 0, "enabled": true,
        "flow": "nobody", "submission": {},
    });
    let schedule = serde_json::from_value(schedule)?;
    ward.engine.store().apply(Vec::new(), Vec::new(), vec![schedule], Timestamp::from_millis(0)).await?;
    assert_eq!(ward.ask_at("/readyz?feeds=true").await?.0, 200);
    // A clock that jumps has been set; this one goes fast.
    for _ in 0..2 {
        ward.clock.advance(Duration::from_secs(50));
        ward.ask().await?;
    }
    let (status, body) = ward.ask().await?;
    assert_eq!((status.as_u16(), &body["status"]), (200, &json!("ready")), "{body}");
    assert_eq!(body["warnings"], json!(["schedule `nightly` has not run since 1970-01-01T00:00:00.000Z"]));
    let (status, body) = ward.ask_at("/readyz?feeds=true").await?;
    assert_eq!((status.as_u16(), &body["status"]), (503, &json!("feeds not well")), "{body}");
    assert_eq!(ward.ask_at("/readyz?feeds=false").await?.0, 200);
    assert_eq!(ward.ask_at("/readyz?feed=true").await?.0, 400);
    Ok(())
}
