//! A target on a loopback socket that says exactly what a test wants, byte by byte, and remembers what it heard.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use sluse_egress::{Ceiling, Credential, Egress, Endpoint, EndpointRules, Incoming, Outgoing, Scrubber, SendError};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What the target does after it heard a request.
#[derive(Clone)]
pub(crate) enum Step {
    Say(Vec<u8>),
    Wait(Duration),
    /// Says one byte at a time, until nobody listens.
    Drip(Duration),
    Close,
    /// Keeps the socket and says nothing.
    Hang,
}

pub(crate) fn say(text: impl AsRef<[u8]>) -> Step {
    Step::Say(text.as_ref().to_vec())
}

/// An answer with a length, `Content-Type` first among its headers.
pub(crate) fn answer(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Step {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status} Said\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    Step::Say([head.as_bytes(), body].concat())
}

#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Heard {
    /// The value of a header, in the spelling of the wire.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

#[derive(Default)]
struct Memory {
    heard: Vec<Heard>,
    connections: usize,
}

pub(crate) struct Target {
    pub(crate) port: u16,
    memory: Arc<Mutex<Memory>>,
    task: JoinHandle<()>,
}

impl Target {
    /// Does these steps after each request.
    pub(crate) async fn start(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let memory = Arc::new(Mutex::new(Memory::default()));
        let kept = memory.clone();
        let task = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.expect("a connection");
                kept.lock().expect("not poisoned").connections += 1;
                tokio::spawn(converse(socket, steps.clone(), kept.clone()));
            }
        });
        Self { port, memory, task }
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.memory.lock().expect("not poisoned").heard.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.memory.lock().expect("not poisoned").connections
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// An endpoint at this target, without credential.
    pub(crate) fn endpoint(&self) -> Endpoint {
        self.endpoint_with(|_| {}, false)
    }

    pub(crate) fn bound_endpoint(&self) -> Endpoint {
        self.endpoint_with(|_| {}, true)
    }

    pub(crate) fn endpoint_with(&self, change: impl FnOnce(&mut EndpointRules), bound: bool) -> Endpoint {
        let mut rules = rules(&self.url());
        change(&mut rules);
        Egress::new(ceiling()).endpoint(rules, bound).expect("an endpoint")
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(mut socket: TcpStream, steps: Vec<Step>, memory: Arc<Mutex<Memory>>) {
    while let Some(heard) = hear(&mut socket).await {
        memory.lock().expect("not poisoned").heard.push(heard);
        for step in &steps {
            match step {
                Step::Say(bytes) => {
                    if socket.write_all(bytes).await.is_err() {
                        return;
                    }
                }
                Step::Wait(time) => tokio::time::sleep(*time).await,
                Step::Drip(pause) => {
                    while socket.write_all(b"x").await.is_ok() {
                        tokio::time::sleep(*pause).await;
                    }
                    return;
                }
                Step::Close => return,
                Step::Hang => std::future::pending().await,
            }
        }
    }
}

/// One request with a length; `None` when the other side went.
pub(crate) async fn hear<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut S) -> Option<Heard> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.ok()?);
    }
    let mut heard = Heard { head: String::from_utf8(head).expect("an ASCII head"), body: Vec::new() };
    let size_bytes: usize = heard.header("content-length").map_or(0, |text| text.parse().expect("a length"));
    heard.body.resize(size_bytes, 0);
    socket.read_exact(&mut heard.body).await.ok()?;
    Some(heard)
}

/// Every host, loopback addresses.
pub(crate) fn ceiling() -> Ceiling {
    Ceiling { hosts: vec!["*".parse().expect("a pattern")], cidrs: loopback(), ..Ceiling::default() }
}

pub(crate) fn loopback() -> Vec<sluse_egress::IpNet> {
    vec!["127.0.0.0/8".parse().expect("a network"), "::1/128".parse().expect("a network")]
}

/// Loopback granted, plaintext allowed.
pub(crate) fn rules(base_url: &str) -> EndpointRules {
    let (connection, name) = ("workzone".parse().expect("a name"), "odata".parse().expect("a name"));
    EndpointRules { allow_plaintext: true, cidrs: loopback(), ..EndpointRules::new(connection, name, base_url) }
}

pub(crate) fn get(path: &str) -> Outgoing {
    Outgoing::new(http::Method::GET, path)
}

pub(crate) fn post(path: &str, body: sluse_egress::Body) -> Outgoing {
    Outgoing { body, ..Outgoing::new(http::Method::POST, path) }
}

pub(crate) async fn send(endpoint: &Endpoint, outgoing: Outgoing) -> Result<Incoming, SendError> {
    endpoint.send(outgoing, None, &Scrubber::default()).await
}

pub(crate) async fn send_as(
    endpoint: &Endpoint,
    outgoing: Outgoing,
    credential: &Credential,
) -> Result<Incoming, SendError> {
    endpoint.send(outgoing, Some(credential), &Scrubber::new(&credential.secrets())).await
}

pub(crate) fn bearer() -> Credential {
    Credential::Bearer("canary-token-8451".into())
}

/// The rule of a refusal, whichever side it came from.
pub(crate) fn rule(error: SendError) -> &'static str {
    match error {
        SendError::Forbidden(refusal) | SendError::AnswerRefused(refusal) => refusal.rule,
        other => panic!("no refusal: {other:?}"),
    }
}
