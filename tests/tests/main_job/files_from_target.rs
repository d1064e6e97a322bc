//! The other direction: what a target answers becomes a file of the run, is sent on, read and downloaded. The echo
//! guest does in each step one thing that a host must be able to do.

use std::time::Duration;

use axum::{
    Router,
    body::{Body, Bytes},
    http::Request,
    routing::get,
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sluse_tests::host::{Host, HostOptions, resident_bytes};

use crate::site::settled;

const FILE_MIB: u64 = 200;
const MAX_GROWTH_BYTES: u64 = 32 << 20;

/// Mebibyte number `index` of the large file.
fn piece(index: u64) -> Bytes {
    let mut piece = vec![b'x'; 1 << 20];
    piece[..8].copy_from_slice(format!("{index:08}").as_bytes());
    Bytes::from(piece)
}

fn pieces() -> impl Iterator<Item = Bytes> {
    (0..FILE_MIB).map(piece)
}

fn digest_of(pieces: impl Iterator<Item = Bytes>) -> String {
    hex(pieces.fold(Sha256::new(), |digest, piece| digest.chain_update(piece)))
}

fn hex(digest: Sha256) -> String {
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `GET /large` hands the large file out; `POST /` says how much came in and its digest; `GET /` echoes its query.
async fn target() -> anyhow::Result<String> {
    let large = || async { Body::from_stream(stream::iter(pieces().map(Ok::<_, std::io::Error>))) };
    let router = Router::new().route("/large", get(large)).route("/", get(|| async { "small" }).post(take_in));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

async fn take_in(request: Request<Body>) -> String {
    let mut digest = Sha256::new();
    let mut body = request.into_body().into_data_stream();
    while let Some(Ok(piece)) = body.next().await {
        digest.update(&piece);
    }
    hex(digest)
}

/// The echo guest in one flow; each step with its name, operation and input.
fn configuration(url: &str) -> String {
    let mut text = format!(
        r#"
[[connection]]
name = "target"
connector = "echo"
grant = {{ cidrs = ["127.0.0.0/8"] }}
[connection.endpoints.default]
url = "{url}"
allow_plaintext = true
timeout_ms = 120000
[[flow]]
name = "all"
schema = '{{"type": "object"}}'
"#
    );
    let steps = [
        ("keep", "keep", r#"{ path = "/large" }"#),
        ("forward", "forward", r#"{ attachment = "{{ steps.keep.id }}" }"#),
        ("list", "attachments", "{ offset_bytes = 104857596, length_bytes = 12 }"),
        ("fetch", "fetch", "{}"),
        ("fan-out", "fan-out", "{ count = 40 }"),
    ];
    for (name, operation, input) in steps {
        text.push_str(&format!(
            "[[flow.step]]\nname = \"{name}\"\nconnection = \"target\"\noperation = \"{operation}\"\ninput = {input}\n"
        ));
    }
    text
}

async fn started(url: &str) -> anyhow::Result<Host> {
    let host = Host::start(HostOptions::default()).await?;
    host.install("echo").await?;
    host.apply(&configuration(url)).await?;
    Ok(host)
}

/// Looks at the resident set of a process until it ends, and gives the largest.
fn watch(process_id: u32) -> tokio::task::JoinHandle<u64> {
    tokio::spawn(async move {
        let mut peak = 0;
        while let Ok(now) = resident_bytes(process_id) {
            peak = peak.max(now);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        peak
    })
}

fn output<'a>(run: &'a Value, step: &str) -> &'a Value {
    let deliveries = run["deliveries"].as_array().map_or(&[][..], Vec::as_slice);
    deliveries.iter().find(|delivery| delivery["step"] == step).map_or(&Value::Null, |delivery| &delivery["output"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_200_mb_answer_is_kept_sent_on_read_and_downloaded_in_little_memory() -> anyhow::Result<()> {
    let host = started(&target().await?).await?;
    let before = resident_bytes(host.process_id())?;
    let peak = watch(host.process_id());
    let submitted = host.post("/v1/flows/all/runs", &json!({})).await?;
    assert_eq!(submitted.status, 202, "{}", submitted.text());
    let id = submitted.json()?["run"].as_str().unwrap_or("").to_owned();
    let run = settled(&host, &id).await?;
    assert_eq!(run["state"], "succeeded", "{run:#}");

    let digest = digest_of(pieces());
    let file = &run["attachments"][0];
    assert_eq!((file["name"].as_str(), file["digest"].as_str()), (Some("kept.bin"), Some(digest.as_str())), "{run:#}");
    assert_eq!(output(&run, "keep")["size_bytes"], FILE_MIB << 20, "{run:#}");
    assert_eq!(output(&run, "forward")["text"], digest, "the target got the same bytes back");
    // Around the border of the hundredth and the next mebibyte.
    assert_eq!(output(&run, "list")["files"][0]["text"], "xxxx00000100");
    assert_eq!(output(&run, "fetch")["text"], "small");
    assert_eq!(output(&run, "fan-out")["statuses"], json!(vec![200; 40]));

    let path = format!("/v1/runs/{id}/attachments/{}", file["id"].as_str().unwrap_or(""));
    let download = host.api("GET", &path, "", Body::empty()).await?;
    assert_eq!((download.status.as_u16(), download.header("content-length")), (200, "209715200"));
    assert_eq!(digest_of(std::iter::once(download.body)), digest);

    host.stop().await?;
    let grown = peak.await?.saturating_sub(before);
    assert!(grown < MAX_GROWTH_BYTES, "the host grew by {} MiB", grown >> 20);
    Ok(())
}
