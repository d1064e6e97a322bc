//! A token endpoint on loopback that answers by script and remembers what it was asked.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use percent_encoding::percent_decode_str;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore},
};

/// What is answered to one request.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: String,
    body: String,
    delay: Duration,
    gate: Option<Arc<Semaphore>>,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: "content-type: application/json\r\n".to_owned(),
            body: body.to_owned(),
            delay: Duration::ZERO,
            gate: None,
        }
    }

    pub(crate) fn token(text: &str, expires_in: u64) -> Self {
        Self::json(
            200,
            &format!(
                r#"{{"token_type":"Bearer","expires_in":{expires_in},"ext_expires_in":{expires_in},"access_token":"{text}"}}"#
            ),
        )
    }

    pub(crate) fn error(status: u16, error: &str, description: &str) -> Self {
        Self::json(status, &serde_json::json!({ "error": error, "error_description": description }).to_string())
    }

    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Held back until the gate has a permit.
    pub(crate) fn behind(mut self, gate: &Arc<Semaphore>) -> Self {
        self.gate = Some(gate.clone());
        self
    }
}

/// Answers by script; when that is used up, with `token-1`, `token-2` … for an hour each.
#[derive(Clone)]
pub(crate) struct TokenServer {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    asked: Arc<Notify>,
}

#[derive(Default)]
struct Seen {
    script: VecDeque<Reply>,
    bodies: Vec<String>,
    heads: Vec<String>,
}

impl TokenServer {
    pub(crate) async fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Seen { script: script.into_iter().collect(), ..Seen::default() }));
        let server = Self { address, seen, asked: Arc::default() };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = serving.clone();
                // Whether the client stays to the end is the client's business.
                tokio::spawn(async move { server.serve(stream).await.ok() });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/tenant/oauth2/v2.0/token", self.address)
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests came.
    pub(crate) fn count(&self) -> usize {
        self.seen.lock().expect("not poisoned").bodies.len()
    }

    /// Waits for a request that nobody has waited for yet.
    pub(crate) async fn was_asked(&self) {
        self.asked.notified().await;
    }

    pub(crate) fn heads(&self) -> Vec<String> {
        self.seen.lock().expect("not poisoned").heads.clone()
    }

    /// The latest form as it was sent.
    pub(crate) fn latest_body(&self) -> String {
        self.seen.lock().expect("not poisoned").bodies.last().expect("a request").clone()
    }

    /// The fields of the latest form, decoded as a server does.
    pub(crate) fn latest_form(&self) -> BTreeMap<String, String> {
        let seen = self.seen.lock().expect("not poisoned");
        let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8().expect("text").into_owned();
        let fields = seen.bodies.last().expect("a request").split('&');
        fields
            .map(|field| field.split_once('=').expect("a field"))
            .map(|(key, value)| (decode(key), decode(value)))
            .collect()
    }

    async fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        loop {
            let Some((head, body)) = read_request(&mut stream).await? else { return Ok(()) };
            let reply = {
                let mut seen = self.seen.lock().expect("not poisoned");
                seen.heads.push(head);
                seen.bodies.push(body);
                let number = seen.bodies.len();
                seen.script.pop_front().unwrap_or_else(|| Reply::token(&format!("token-{number}"), 3600))
            };
            self.asked.notify_one();
            if let Some(gate) = &reply.gate {
                gate.acquire().await.expect("never closed").forget();
            }
            tokio::time::sleep(reply.delay).await;
            let Reply { status, headers, body, .. } = reply;
            let answer = format!("HTTP/1.1 {status} Told\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await?;
        }
    }
}

/// A head and a body with a known length; `None` at the end of the connection.
async fn read_request(stream: &mut TcpStream) -> std::io::Result<Option<(String, String)>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |text| text.parse().expect("a length"));
            if bytes.len() >= end + 4 + length {
                return Ok(Some((head, String::from_utf8_lossy(&bytes[end + 4..]).into_owned())));
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}
