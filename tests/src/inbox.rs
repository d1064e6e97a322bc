//! A simulated inbox: it gives letters out, takes them in where they are filed, and hears what became of them. It keeps
//! count of all three.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, put},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

/// Letters of one page.
const PAGE: usize = 2;

/// A letter that has come in.
#[derive(Debug, Clone, Serialize)]
pub struct Letter {
    pub key: String,
    pub text: String,
    pub envelope: Option<String>,
}

/// What the inbox knows.
#[derive(Debug, Default)]
pub struct Ledger {
    pub letters: Vec<Letter>,
    /// How often letters were asked for.
    pub asked: u32,
    /// By letter: the deliveries that filed it.
    pub filed: BTreeMap<String, BTreeSet<String>>,
    /// By envelope: what was heard, one after the other: standings by letter.
    pub heard: BTreeMap<String, Vec<BTreeMap<String, String>>>,
    /// Letters that nobody files while they stand here.
    pub refused: BTreeSet<String>,
    /// No letters are given out while it is.
    pub is_away: bool,
}

type Shared = Arc<Mutex<Ledger>>;

/// A running inbox on loopback; it ends when it is dropped.
#[derive(Debug)]
pub struct SimulatedInbox {
    shared: Shared,
    origin: String,
    serving: JoinHandle<()>,
}

impl SimulatedInbox {
    /// Starts an empty one.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let shared = Shared::default();
        let router = Router::new()
            .route("/letters/{after}", get(letters))
            .route("/filed/{key}", put(file))
            .route("/envelopes/{envelope}", put(hear))
            .with_state(shared.clone());
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the simulated inbox has ended");
            }
        });
        Ok(Self { shared, origin, serving })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.shared)
    }

    /// A letter comes in; its envelope is itself unless another is named.
    pub fn post(&self, key: &str, envelope: Option<&str>) {
        let letter =
            Letter { key: key.to_owned(), text: format!("Letter {key}"), envelope: envelope.map(str::to_owned) };
        self.ledger().letters.push(letter);
    }
}

impl Drop for SimulatedInbox {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, Ledger> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn letters(State(shared): State<Shared>, Path(after): Path<usize>) -> Result<Json<Value>, StatusCode> {
    let mut ledger = lock(&shared);
    ledger.asked += 1;
    if ledger.is_away {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let page: Vec<_> = ledger.letters.iter().skip(after).take(PAGE).cloned().collect();
    let next = after + page.len();
    Ok(Json(json!({ "more": next < ledger.letters.len(), "letters": page, "next": next })))
}

#[derive(Debug, Deserialize)]
struct Filing {
    delivery: String,
}

async fn file(
    State(shared): State<Shared>,
    Path(key): Path<String>,
    Json(filing): Json<Filing>,
) -> Result<Json<Value>, StatusCode> {
    let mut ledger = lock(&shared);
    if ledger.refused.contains(&key) {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    ledger.filed.entry(key.clone()).or_default().insert(filing.delivery);
    Ok(Json(json!({ "place": format!("shelf-{key}") })))
}

#[derive(Debug, Deserialize)]
struct Told {
    key: String,
    standing: String,
}

async fn hear(State(shared): State<Shared>, Path(envelope): Path<String>, Json(told): Json<Vec<Told>>) -> StatusCode {
    let standings = told.into_iter().map(|told| (told.key, told.standing)).collect();
    lock(&shared).heard.entry(envelope).or_default().push(standings);
    StatusCode::NO_CONTENT
}
