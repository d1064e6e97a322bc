//! A small HTTP client for the simulator's command line and its tests: one connection, one request.
//! Nothing of it is shared with the host, whose bytes leave through egress alone.

use anyhow::{Context, ensure};
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Whole body.
    pub body: Bytes,
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> anyhow::Result<serde_json::Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("body of a {} is not JSON", self.status))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header as text, empty when absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Sends a request to the `http://` URL in it over a connection of its own.
pub async fn send(request: Request<Body>) -> anyhow::Result<Reply> {
    let authority = request.uri().authority().context("the URL names no host")?.to_string();
    let stream = TcpStream::connect(&authority).await.with_context(|| format!("failed to reach `{authority}`"))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let reply = exchange(&mut sender, request, &authority).await;
    driver.abort();
    reply
}

async fn exchange(
    sender: &mut http1::SendRequest<Body>,
    mut request: Request<Body>,
    authority: &str,
) -> anyhow::Result<Reply> {
    request.headers_mut().insert("host", authority.parse()?);
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse::<Uri>()?;
    let (parts, body) = sender.send_request(request).await?.into_parts();
    Ok(Reply { status: parts.status, headers: parts.headers, body: body.collect().await?.to_bytes() })
}

/// Calls a control route of the simulator at `origin`; gives its JSON.
pub async fn control(
    origin: &str,
    method: &str,
    route: &str,
    body: Option<String>,
) -> anyhow::Result<serde_json::Value> {
    let url = format!("{}/_control/{route}", origin.trim_end_matches('/'));
    let request = Request::builder().method(method).uri(url).header("content-type", "application/json");
    let reply = send(request.body(body.map_or_else(Body::empty, Body::from))?).await?;
    ensure!(reply.status.is_success(), "{} from the simulator: {}", reply.status, reply.text());
    reply.json()
}
