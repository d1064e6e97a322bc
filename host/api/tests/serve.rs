//! The accept loop with peers that do not behave: none keeps its place, and none holds up the end.

use std::{net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::Bytes,
    routing::{get, post},
};
use sluse_api::{ServeSettings, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// Much longer than anything here takes, and not forever.
const WITHIN: Duration = Duration::from_secs(20);

/// A time that a test waits for, and one that no test reaches.
const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(600);

struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Server {
    async fn start(settings: ServeSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let large = "x".repeat(64 << 10);
        let router = Router::new()
            .route("/", get(async || "hello"))
            .route("/large", get(async move || large))
            .route("/count", post(async |body: Bytes| body.len().to_string()));
        let stop = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, router, settings, stop.clone()));
        Self { address, stop, serving }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    /// Stops, and waits for the end.
    async fn stopped(self) {
        self.stop.cancel();
        timeout(WITHIN, self.serving).await.expect("an end in time").expect("no panic");
    }
}

fn settings() -> ServeSettings {
    ServeSettings {
        max_connections: 10,
        header_timeout: LONG,
        stalled_after: LONG,
        stop_within: Duration::from_secs(1),
    }
}

/// What the server says until it closes the connection.
async fn said(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    // A reset is an end too.
    let _ = timeout(WITHIN, stream.read_to_end(&mut said)).await.expect("the connection is closed in time");
    String::from_utf8_lossy(&said).into_owned()
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn half_a_head_is_cut_off() {
    let server = Server::start(ServeSettings { header_timeout: SHORT, ..settings() }).await;
    let mut stream = server.connect().await;
    stream.write_all(&GET[..20]).await.expect("written");
    assert!(!said(&mut stream).await.contains("200 OK"));
    let mut silent = server.connect().await;
    assert_eq!(said(&mut silent).await, "");
    server.stopped().await;
}

#[tokio::test]
async fn no_more_connections_than_places_are_served() {
    let server = Server::start(ServeSettings { max_connections: 1, ..settings() }).await;
    let mut first = server.connect().await;
    first.write_all(&GET[..20]).await.expect("written");
    let mut second = server.connect().await;
    second.write_all(GET).await.expect("written");
    let mut byte = [0];
    assert!(timeout(SHORT, second.read(&mut byte)).await.is_err(), "the second one was served beside the first");
    first.write_all(&GET[20..]).await.expect("written");
    assert!(said(&mut first).await.ends_with("hello"));
    assert!(said(&mut second).await.ends_with("hello"));
    server.stopped().await;
}

#[tokio::test]
async fn the_end_comes_while_all_places_are_taken() {
    let server = Server::start(ServeSettings { max_connections: 1, ..settings() }).await;
    let mut only = server.connect().await;
    let head = b"POST /count HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 10\r\n\r\n";
    only.write_all(head).await.expect("written");
    // Once its body is asked for the place is taken, by a request that will not end.
    let mut answer = [0; 12];
    only.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 100");
    server.stopped().await;
}

/// Asks again and again and reads nothing, until the server has had enough.
#[tokio::test]
async fn a_client_that_never_reads_is_cut_off() {
    let server = Server::start(ServeSettings { max_connections: 1, stalled_after: SHORT, ..settings() }).await;
    let mut stream = server.connect().await;
    let asking = async {
        loop {
            if stream.write_all(b"GET /large HTTP/1.1\r\nhost: test\r\n\r\n").await.is_err() {
                return;
            }
        }
    };
    timeout(WITHIN, asking).await.expect("the connection is closed in time");
    // Its place is free again.
    let mut other = server.connect().await;
    other.write_all(GET).await.expect("written");
    assert!(said(&mut other).await.ends_with("hello"));
    server.stopped().await;
}

#[tokio::test]
async fn a_body_that_falls_silent_is_given_up() {
    let server = Server::start(ServeSettings { stalled_after: SHORT, ..settings() }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"POST /count HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nhalf").await.expect("written");
    assert!(said(&mut stream).await.starts_with("HTTP/1.1 400"));
    server.stopped().await;
}

/// Slow is not silent.
#[tokio::test]
async fn a_body_that_comes_slowly_is_read_to_its_end() {
    let server = Server::start(ServeSettings { stalled_after: Duration::from_secs(2), ..settings() }).await;
    let mut stream = server.connect().await;
    let head = b"POST /count HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: 6\r\n\r\n";
    stream.write_all(head).await.expect("written");
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        stream.write_all(b"x").await.expect("written");
    }
    assert!(said(&mut stream).await.ends_with('6'));
    server.stopped().await;
}
