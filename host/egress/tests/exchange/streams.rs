//! Bodies that are streamed: multipart, large files in little memory, readers that fail.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use sluse_egress::{Body, Content, Part, SendError};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf},
    net::TcpListener,
};

use crate::target::{Target, answer, post, send};

/// Gives `good` bytes, then fails.
struct Failing {
    good: usize,
}

impl AsyncRead for Failing {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.good == 0 {
            return Poll::Ready(Err(io::Error::other("the disk is gone")));
        }
        let given = self.good.min(buffer.remaining());
        buffer.put_slice(&vec![b'a'; given]);
        self.good -= given;
        Poll::Ready(Ok(()))
    }
}

fn streamed(size_bytes: u64, reader: impl AsyncRead + Send + 'static) -> Body {
    Body::Stream { size_bytes, reader: Box::pin(reader) }
}

#[tokio::test]
async fn a_stream_that_cannot_be_read_sends_nothing() {
    let target = Target::start(vec![answer(200, "", "")]).await;
    let error = send(&target.endpoint(), post("/", streamed(10, Failing { good: 0 }))).await.expect_err("failed");
    assert!(matches!(&error, SendError::BodyUnreadable(text) if text.contains("the disk is gone")), "{error:?}");
    for (size_bytes, content) in [(9, b"short".as_slice()), (3, b"too long")] {
        let result = send(&target.endpoint(), post("/", streamed(size_bytes, content))).await;
        let error = result.expect_err("failed");
        assert!(!matches!(error, SendError::Forbidden(_)), "{error:?}");
    }
    assert_eq!(target.heard().len(), 0, "no whole request arrived");
}

#[tokio::test]
async fn a_stream_that_breaks_on_the_way_is_interrupted() {
    let target = Target::start(vec![answer(200, "", "")]).await;
    let error =
        send(&target.endpoint(), post("/", streamed(1 << 20, Failing { good: 300_000 }))).await.expect_err("failed");
    assert!(matches!(&error, SendError::Interrupted(text) if text.contains("the disk is gone")), "{error:?}");
    assert_eq!(target.heard().len(), 0, "no whole request arrived");
}

#[tokio::test]
async fn parts_arrive_in_order_with_a_known_length() {
    let target = Target::start(vec![answer(200, "", "")]).await;
    let boundary = "0123456789abcdef0123456789abcdef";
    let parts = vec![
        Part {
            headers: vec![
                ("Content-Disposition".into(), "form-data; name=\"meta\"".into()),
                ("Content-Type".into(), "application/json".into()),
            ],
            content: Content::Bytes(Bytes::from_static(b"{}")),
        },
        Part {
            headers: vec![("Content-Disposition".into(), "form-data; name=\"file\"; filename=\"blåbær.pdf\"".into())],
            content: Content::Stream { size_bytes: 5, reader: Box::pin(b"%PDF-".as_slice()) },
        },
    ];
    let body = Body::Multipart { subtype: "form-data".into(), boundary: boundary.into(), parts };
    send(&target.endpoint(), post("/", body)).await.expect("an answer");
    let heard = target.heard();
    assert_eq!(heard[0].header("content-type"), Some(format!("multipart/form-data; boundary={boundary}").as_str()));
    let expected = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"meta\"\r\nContent-Type: application/json\r\n\r\n{{}}\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"blåbær.pdf\"\r\n\r\n%PDF-\r\n--{boundary}--\r\n"
    );
    assert_eq!(String::from_utf8_lossy(&heard[0].body), expected);
    assert_eq!(heard[0].header("content-length"), Some(expected.len().to_string().as_str()));
}

/// Reads and forgets: counts what comes in and answers when all of it did.
async fn sink(size_bytes: u64) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await.expect("a head"));
        }
        let taken = tokio::io::copy(&mut (&mut socket).take(size_bytes), &mut tokio::io::sink()).await.expect("a body");
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{taken}",
            taken.to_string().len()
        );
        socket.write_all(answer.as_bytes()).await.expect("an answer");
    });
    port
}

/// What the process ever held, in bytes.
#[cfg(target_os = "linux")]
fn peak_resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") << 10
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_large_upload_does_not_pass_through_memory() {
    const SIZE_BYTES: u64 = 200 << 20;
    let port = sink(SIZE_BYTES).await;
    let mut rules = crate::target::rules(&format!("http://127.0.0.1:{port}"));
    rules.max_request_bytes = SIZE_BYTES;
    let endpoint = sluse_egress::Egress::new(crate::target::ceiling()).endpoint(rules, false).expect("an endpoint");
    let before = peak_resident_bytes();
    let reader = tokio::io::repeat(b'a').take(SIZE_BYTES);
    let incoming = send(&endpoint, post("/", streamed(SIZE_BYTES, reader))).await.expect("an answer");
    assert_eq!(incoming.body.bytes(100).await.expect("a body"), SIZE_BYTES.to_string());
    let grown = peak_resident_bytes() - before;
    assert!(grown < 32 << 20, "grew by {grown} bytes");
}
