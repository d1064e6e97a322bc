//! Who submits, and the target that is sent to.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use axum::{Json, Router, routing::post};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinSet};

use crate::arms::Arm;

/// A target on loopback that answers 201 after some time.
pub(crate) struct Target {
    url: String,
}

impl Target {
    pub(crate) async fn start(delay: Duration) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let answer = move |_: Bytes| async move {
            tokio::time::sleep(delay).await;
            (http::StatusCode::CREATED, Json(json!({"id": "1"})))
        };
        tokio::spawn(async move {
            axum::serve(listener, Router::new().route("/", post(answer).put(answer).get(answer))).await
        });
        Ok(Self { url })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// What was measured.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    pub(crate) per_second: f64,
    /// Of all threads for one delivery, submitters and target included. Says more than a rate where others work beside.
    pub(crate) processor_us: f64,
    /// Written to the disk for one delivery.
    pub(crate) written_bytes: f64,
    p50_ms: i64,
    p99_ms: i64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { per_second, processor_us, written_bytes, p50_ms, p99_ms } = self;
        write!(
            f,
            "{per_second:>7.0}/s   p50 {p50_ms} ms   p99 {p99_ms} ms   {processor_us:.0} us of processor time and {:.1} \
            KiB written each",
            written_bytes / 1024.0
        )
    }
}

/// Submits, waits until all are recorded, and says how long it took.
pub(crate) async fn measure(arm: &impl Arm, count: usize, submitters: usize) -> anyhow::Result<Figures> {
    let (began, used, wrote) = (Instant::now(), processor_time()?, written_bytes()?);
    submit_all(&arm.url(), arm.token(), count, submitters).await?;
    while arm.recorded().await? < count {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let per_second = count as f64 / began.elapsed().as_secs_f64();
    let processor_us = (processor_time()? - used).as_secs_f64() * 1e6 / count as f64;
    let written_bytes = (written_bytes()? - wrote) as f64 / count as f64;
    let mut latencies_ms = arm.latencies_ms().await?;
    latencies_ms.sort_unstable();
    let at = |part: f64| latencies_ms[((latencies_ms.len() - 1) as f64 * part) as usize];
    Ok(Figures { per_second, processor_us, written_bytes, p50_ms: at(0.5), p99_ms: at(0.99) })
}

/// What all threads of this process have used.
fn processor_time() -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').context("no name in parentheses")?;
    // User and system time, in hundredths of a second.
    let ticks: Vec<u64> = fields.split_ascii_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(Duration::from_millis(10 * ticks.iter().sum::<u64>()))
}

/// Submits one kibibyte, as often as asked, side by side.
pub(crate) async fn submit_all(url: &str, token: Option<&str>, count: usize, submitters: usize) -> anyhow::Result<()> {
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let next = Arc::new(AtomicUsize::new(0));
    let body = Bytes::from(json!({"text": "x".repeat(1000)}).to_string());
    let mut tasks = JoinSet::new();
    for _ in 0..submitters {
        let (client, next, body) = (client.clone(), next.clone(), body.clone());
        let (url, token) = (url.to_owned(), token.map(str::to_owned));
        tasks.spawn(async move {
            while next.fetch_add(1, Ordering::Relaxed) < count {
                let mut request = Request::post(&url).header("content-type", "application/json");
                if let Some(token) = &token {
                    request = request.header("authorization", format!("Bearer {token}"));
                }
                let response = client.request(request.body(Full::new(body.clone()))?).await?;
                anyhow::ensure!(response.status() == 202, "not accepted: {}", response.status());
                response.into_body().collect().await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}

/// What this process has sent to disks since it began.
fn written_bytes() -> anyhow::Result<u64> {
    let io = std::fs::read_to_string("/proc/self/io")?;
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).context("no write_bytes")?;
    Ok(line.parse()?)
}
