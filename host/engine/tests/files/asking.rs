//! One call that asks its host, and a target that hands out as many bytes as its path says.

use std::{future::Future, sync::Arc, time::Duration};

use sluse_connector::{Body, Effect, Host, Keep, Method, Request};
use sluse_engine::{ApplyOptions, ConfigurationFile};
use sluse_model::Outcome;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use crate::bench::Bench;

/// The largest file in these tests.
pub(crate) const MAX_ATTACHMENT_BYTES: u64 = 1_000;

/// A target and an engine, whose connector does `ask` in the call that is made. Gives what that saw.
pub(crate) async fn asked<Seen, Asking>(ask: impl Fn(Box<dyn Host>) -> Asking + Send + Sync + 'static) -> Seen
where
    Asking: Future<Output = Seen> + Send + 'static,
    Seen: Send + 'static,
{
    let (seen, mut to_see) = mpsc::unbounded_channel();
    let ask = Arc::new(ask);
    let url = target().await;
    let bench = Bench::start(&url, move |_, _, _, host| {
        let (ask, seen) = (ask.clone(), seen.clone());
        async move {
            let _ = seen.send(ask(host).await);
            Ok(Ok(Outcome::Done { output: "{}".into() }))
        }
    })
    .await;
    configure(&bench, &url).await;
    bench.submit("x").await;
    let waiting = tokio::time::timeout(Duration::from_secs(120), to_see.recv());
    waiting.await.expect("the call ends").expect("the call was made")
}

/// A connection with small files and time enough.
async fn configure(bench: &Bench, url: &str) {
    let text = format!(
        r#"
[[connection]]
name = "target"
connector = "fake"
grant = {{ cidrs = ["127.0.0.0/8"] }}
limits = {{ timeout_ms = 100000, max_attachment_bytes = {MAX_ATTACHMENT_BYTES} }}
[connection.endpoints.default]
url = "{url}"
allow_plaintext = true
"#
    );
    let file = ConfigurationFile { name: "connection.toml".into(), text };
    bench.engine.configure(&[file], ApplyOptions::default()).await.expect("applied");
}

/// `GET /BYTES` on loopback.
async fn target() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    url
}

async fn answer(mut stream: TcpStream) {
    let mut head = vec![0; 4096];
    let read = stream.read(&mut head).await.unwrap_or(0);
    let head = String::from_utf8_lossy(&head[..read]).into_owned();
    let path = head.split_whitespace().nth(1).unwrap_or("/");
    let size_bytes: usize = path[1..].parse().unwrap_or(0);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {size_bytes}\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&vec![b'x'; size_bytes]).await;
}

/// Asks the target for so many bytes.
pub(crate) fn get(size_bytes: usize) -> Request {
    Request {
        method: Method::Get,
        endpoint: None,
        path: format!("/{size_bytes}"),
        headers: Vec::new(),
        body: Body::Empty,
        timeout: None,
        effect: Effect::Read,
        intent_key: None,
        reconciled: false,
        keep: None,
    }
}

/// Asks the target for so many bytes, to be kept.
pub(crate) fn kept(size_bytes: usize) -> Request {
    Request { keep: Some(Keep { name: "kept.bin".into(), media_type: None }), ..get(size_bytes) }
}
