//! The limit: accept over HTTP, commit, send, commit, without any guest. One thread writes and commits whatever
//! queued while the last fsync ran, as the host's store does.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
        mpsc,
    },
    time::Instant,
};

use anyhow::Context;
use async_trait::async_trait;
use axum::{Router, extract::State, http::StatusCode, routing::post};
use bytes::Bytes;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot};

use crate::arms::Arm;

/// A write that waits for its commit.
enum Write {
    Accept { id: i64, body: Bytes, done: oneshot::Sender<()> },
    Record { id: i64, result: String, took_ms: i64, done: oneshot::Sender<()> },
}

struct Shared {
    writes: mpsc::Sender<Write>,
    next: AtomicI64,
    recorded: AtomicI64,
    latencies_ms: std::sync::Mutex<Vec<i64>>,
    client: reqwest::Client,
    target: String,
}

/// The loop.
pub(crate) struct PlainArm {
    url: String,
    shared: Arc<Shared>,
    _folder: TempDir,
}

impl PlainArm {
    pub(crate) async fn start(target: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let connection = Connection::open(folder.path().join("plain.sqlite3"))?;
        connection.execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
             CREATE TABLE work (id INTEGER PRIMARY KEY, body BLOB NOT NULL, result TEXT) STRICT;",
        )?;
        let (writes, queue) = mpsc::channel();
        std::thread::spawn(move || write_all(connection, &queue));
        // reqwest is built without a provider of its own.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build()?;
        let shared = Arc::new(Shared {
            writes,
            next: AtomicI64::new(1),
            recorded: AtomicI64::new(0),
            latencies_ms: std::sync::Mutex::default(),
            client,
            target: format!("{target}/"),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let router = Router::new().route("/", post(accept)).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, shared, _folder: folder })
    }
}

async fn accept(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let id = shared.next.fetch_add(1, Ordering::Relaxed);
    let (done, committed) = oneshot::channel();
    if shared.writes.send(Write::Accept { id, body: body.clone(), done }).is_err() || committed.await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    tokio::spawn(async move {
        if let Err(error) = deliver(shared, id, body).await {
            eprintln!("{error:#}");
        }
    });
    StatusCode::ACCEPTED
}

async fn deliver(shared: Arc<Shared>, id: i64, body: Bytes) -> anyhow::Result<()> {
    let began = Instant::now();
    let response =
        shared.client.post(&shared.target).header("content-type", "application/json").body(body).send().await?;
    let result = response.text().await?;
    let (done, committed) = oneshot::channel();
    let took_ms = i64::try_from(began.elapsed().as_millis())?;
    shared.writes.send(Write::Record { id, result, took_ms, done }).ok().context("the writer is gone")?;
    committed.await?;
    let took_ms = i64::try_from(began.elapsed().as_millis())?;
    shared.latencies_ms.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(took_ms);
    shared.recorded.fetch_add(1, Ordering::Release);
    Ok(())
}

/// Commits whatever queued while the last commit ran.
fn write_all(mut connection: Connection, queue: &mpsc::Receiver<Write>) {
    while let Ok(first) = queue.recv() {
        let mut answers = Vec::new();
        let transaction = connection.transaction().expect("a transaction");
        for write in std::iter::once(first).chain(std::iter::from_fn(|| queue.try_recv().ok())) {
            answers.push(match write {
                Write::Accept { id, body, done } => {
                    let mut insert =
                        transaction.prepare_cached("INSERT INTO work (id, body) VALUES (?1, ?2)").expect("a statement");
                    insert.execute((id, &body[..])).expect("an insert");
                    done
                }
                Write::Record { id, result, took_ms, done } => {
                    let mut update =
                        transaction.prepare_cached("UPDATE work SET result = ?2 WHERE id = ?1").expect("a statement");
                    update.execute((id, format!("{took_ms} {result}"))).expect("an update");
                    done
                }
            });
        }
        transaction.commit().expect("a commit");
        for answer in answers {
            let _ = answer.send(());
        }
    }
}

#[async_trait]
impl Arm for PlainArm {
    fn url(&self) -> String {
        self.url.clone()
    }

    fn token(&self) -> Option<&str> {
        None
    }

    async fn recorded(&self) -> anyhow::Result<usize> {
        Ok(usize::try_from(self.shared.recorded.load(Ordering::Acquire))?)
    }

    async fn latencies_ms(&self) -> anyhow::Result<Vec<i64>> {
        Ok(self.shared.latencies_ms.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone())
    }
}
