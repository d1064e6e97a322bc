//! A canary: no log line at the finest level, from any crate, and no error shows a known secret or a query.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use sluse_egress::{Ceiling, Credential, Egress, EndpointRules, Outgoing, Scrubber};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Echoes everything it hears in header and body, and closes; every second time it closes without a word.
async fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        for number in 0_u64.. {
            let (mut socket, _) = listener.accept().await.expect("a connection");
            let mut heard = vec![0; 8192];
            let length = socket.read(&mut heard).await.expect("a request");
            let heard = String::from_utf8_lossy(&heard[..length]).replace("\r\n", " | ");
            if number % 2 == 0 {
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Echo: {heard}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{heard}",
                    heard.len()
                );
                socket.write_all(answer.as_bytes()).await.expect("an answer");
            }
        }
    });
    port
}

#[tokio::test]
async fn no_log_line_shows_a_secret_or_a_query() {
    let lines = Lines::default();
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(lines.clone()).init();
    let port = echo().await;
    let loopback = vec!["127.0.0.0/8".parse().expect("a network")];
    let egress = Egress::new(Ceiling {
        hosts: vec!["*".parse().expect("a pattern")],
        cidrs: loopback.clone(),
        ..Ceiling::default()
    });
    let rules = EndpointRules {
        allow_plaintext: true,
        cidrs: loopback,
        ..EndpointRules::new(
            "workzone".parse().expect("a name"),
            "odata".parse().expect("a name"),
            format!("http://127.0.0.1:{port}"),
        )
    };
    let endpoint = egress.endpoint(rules, true).expect("an endpoint");
    let mut shown = String::new();
    for credential in [
        Credential::Bearer("canary-secret".into()),
        Credential::Header { name: "x-api-key".into(), value: "canary-secret".into() },
        Credential::Query { name: "key".into(), value: "canary-secret".into() },
        Credential::Basic { username: "user".into(), password: "canary-secret".into(), version: None },
    ] {
        let scrubber = Scrubber::new(&credential.secrets());
        for _ in 0..2 {
            let mut outgoing = Outgoing::new(http::Method::POST, "/Files?cpr=canary-query");
            outgoing.headers = vec![("x-a".into(), "canary-header".into())];
            outgoing.body = sluse_egress::Body::Bytes("canary-body".into());
            match endpoint.send(outgoing, Some(&credential), &scrubber).await {
                Ok(incoming) => {
                    shown.push_str(&format!("{incoming:?} "));
                    let headers = format!("{:?}", incoming.headers);
                    let body = incoming.body.bytes(10_000).await.expect("a body");
                    // What the guest itself said may come back to it; secrets may not.
                    for text in [headers.as_str(), &String::from_utf8_lossy(&body)] {
                        assert!(text.contains("[redacted]"), "{text}");
                        assert!(!text.contains("canary-secret"), "{text}");
                    }
                }
                Err(error) => shown.push_str(&format!("{error} {error:?}\n")),
            }
        }
    }
    shown.push_str(&format!("{endpoint:?} {egress:?}\n"));
    assert_eq!(shown.lines().count(), 5, "every second answer fails: {shown}");
    shown.push_str(&String::from_utf8_lossy(&lines.0.lock().expect("not poisoned")));
    assert!(shown.contains("egress.send"), "logs were taken");
    assert!(shown.contains("hyper"), "also those of other crates");
    for canary in
        ["canary-secret", "canary-query", "canary-header", "canary-body", "Y2FuYXJ5LXNlY3JldA", "OmNhbmFyeS1zZWNyZXQ"]
    {
        assert!(
            !shown.contains(canary),
            "{canary} in {}",
            shown.lines().find(|line| line.contains(canary)).unwrap_or_default()
        );
    }
}
