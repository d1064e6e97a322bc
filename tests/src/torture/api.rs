//! Asking the host over one connection that is kept, as programs do.

use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};

use super::process::Place;

/// A host that is suspended answers later; one that needs longer than this hangs.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A connection to the host's API.
#[derive(Debug)]
pub(super) struct Api {
    place: Place,
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

impl Api {
    pub(super) async fn connect(place: &Place) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(&place.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // How it ends is told to whoever sends.
        let driver = tokio::spawn(async move { drop(connection.await) });
        Ok(Self { place: place.clone(), sender, driver })
    }

    pub(super) async fn get(&mut self, path: &str) -> anyhow::Result<Value> {
        let answer = self.send("GET", path, &[], Bytes::new()).await?;
        anyhow::ensure!(answer.status.is_success(), "GET {path}: {} {}", answer.status, answer.body);
        Ok(answer.body)
    }

    /// Sends a request and waits for the whole answer.
    pub(super) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> anyhow::Result<Answer> {
        let mut request = Request::builder().method(method).uri(path).header("host", &self.place.address);
        request = request.header("authorization", format!("Bearer {}", self.place.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body))?;
        timeout(ANSWER_WITHIN, self.exchange(request)).await.context("the host does not answer")?
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<Answer> {
        self.sender.ready().await?;
        let (head, body) = self.sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer { status: head.status, body: serde_json::from_slice(&body).unwrap_or_default() })
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
