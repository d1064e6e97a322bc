//! A server that demands NTLM as IIS does: it is the TCP connection that is signed in. It says exactly what a test
//! wants to see of that, counts proofs of passwords, and remembers which request came on which connection as whom.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rustls::ServerConfig;
use sluse_egress::{Credential, Egress, Endpoint};
use sspi::{
    AuthIdentityBuffers, BufferType, DataRepresentation, Ntlm, SecurityBuffer, ServerRequestFlags, Sspi, SspiImpl,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use crate::target::{Heard, ceiling, hear, rules};

/// An account, as `(domain, user, password)`.
pub(crate) type Account = (&'static str, &'static str, &'static str);

pub(crate) const SLUSE: Account = ("KOMMUNE", "svc-sluse", "Sommer-i-Ærøskøbing-2031");

/// What it does otherwise than well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whim {
    Nothing,
    /// Closes after it has given the challenge, as a proxy that shares sockets.
    ClosesAfterChallenge,
    /// Closes when it has the proof, and says nothing.
    ClosesAfterProof,
    /// Closes after each answer without saying so before.
    ClosesAfterAnswer,
    /// Lets so many requests through on a connection, then asks to sign in again.
    ForgetsAfter(usize),
    /// Answers 401 to every request that is not a sign-in, whoever asks.
    DeniesAll,
    /// Answers 503 to everything.
    Away,
    /// Has a long page at the path of `base_url`.
    LongWinded,
    /// Never answers.
    Mute,
}

/// A request that was no step of a sign-in.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(crate) connection: usize,
    /// `DOMAIN\user` of the connection.
    pub(crate) user: Option<String>,
    pub(crate) heard: Heard,
}

pub(crate) struct Setup {
    pub(crate) accounts: Vec<Account>,
    pub(crate) whim: Whim,
    /// Lines of the 401 to whoever is unknown.
    pub(crate) offers: Vec<&'static str>,
    /// What a sign-in has to be bound to.
    pub(crate) binding: Option<Vec<u8>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { accounts: vec![SLUSE], whim: Whim::Nothing, offers: vec!["Negotiate", "NTLM"], binding: None }
    }
}

#[derive(Default)]
struct Memory {
    served: Mutex<Vec<Served>>,
    connections: AtomicUsize,
    proofs: AtomicUsize,
}

pub(crate) struct Iis {
    pub(crate) port: u16,
    memory: Arc<Memory>,
    task: JoinHandle<()>,
}

impl Iis {
    pub(crate) async fn start(setup: Setup) -> Self {
        Self::start_with(setup, None).await
    }

    pub(crate) async fn start_with(setup: Setup, tls: Option<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (setup, memory) = (Arc::new(setup), Arc::new(Memory::default()));
        let acceptor = tls.map(|server| TlsAcceptor::from(Arc::new(server)));
        let kept = memory.clone();
        let task = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.expect("a connection");
                let number = kept.connections.fetch_add(1, Ordering::SeqCst);
                let conversation = Conversation {
                    number,
                    setup: setup.clone(),
                    memory: kept.clone(),
                    ntlm: None,
                    user: None,
                    served: 0,
                };
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    match acceptor {
                        None => conversation.hold(socket).await,
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(socket).await {
                                conversation.hold(stream).await;
                            }
                        }
                    }
                });
            }
        });
        Self { port, memory, task }
    }

    /// Requests that came through or were denied, without those that signed in.
    pub(crate) fn served(&self) -> Vec<Served> {
        self.memory.served.lock().expect("not poisoned").clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.memory.connections.load(Ordering::SeqCst)
    }

    /// How often a password was put to the test.
    pub(crate) fn proofs(&self) -> usize {
        self.memory.proofs.load(Ordering::SeqCst)
    }

    pub(crate) fn endpoint(&self, egress: &Egress) -> Endpoint {
        egress.endpoint(rules(&format!("http://127.0.0.1:{}/odata/", self.port)), true).expect("an endpoint")
    }
}

impl Drop for Iis {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn egress() -> Egress {
    Egress::new(ceiling())
}

pub(crate) fn credential((domain, username, password): Account) -> Credential {
    Credential::Ntlm { username: username.into(), domain: domain.into(), password: password.into(), version: 1 }
}

/// One connection.
struct Conversation {
    number: usize,
    setup: Arc<Setup>,
    memory: Arc<Memory>,
    /// A sign-in under way.
    ntlm: Option<Ntlm>,
    user: Option<String>,
    served: usize,
}

/// What is said, and whether the connection ends.
struct Said(String, bool);

impl Conversation {
    async fn hold<S: AsyncRead + AsyncWrite + Unpin>(mut self, mut stream: S) {
        while let Some(heard) = hear(&mut stream).await {
            match self.setup.whim {
                Whim::Mute => std::future::pending::<()>().await,
                Whim::Away => {
                    let away = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
                    stream.write_all(away.as_bytes()).await.expect("an answer");
                    continue;
                }
                _ => {}
            }
            let token = heard.header("authorization").and_then(|value| {
                let (scheme, token) = value.split_once(' ')?;
                Some((scheme.to_owned(), BASE64_STANDARD.decode(token).ok()?))
            });
            let Some(Said(text, is_last)) = (match token {
                Some((scheme, token)) => self.sign_in(&scheme, token),
                None => Some(self.serve(heard)),
            }) else {
                return;
            };
            if stream.write_all(text.as_bytes()).await.is_err() || is_last {
                return;
            }
        }
    }

    /// One step; `None` when the connection ends without a word.
    fn sign_in(&mut self, scheme: &str, token: Vec<u8>) -> Option<Said> {
        if token.get(8) == Some(&1) {
            let mut ntlm = Ntlm::new();
            if let Some(binding) = &self.setup.binding {
                ntlm.set_channel_bindings(binding);
            }
            let challenge = step(&mut ntlm, None, token).expect("a first message");
            self.ntlm = Some(ntlm);
            let offer = format!("{scheme} {}", BASE64_STANDARD.encode(challenge));
            return Some(Said(unauthorized(&[&offer]), self.setup.whim == Whim::ClosesAfterChallenge));
        }
        self.memory.proofs.fetch_add(1, Ordering::SeqCst);
        if self.setup.whim == Whim::ClosesAfterProof {
            return None;
        }
        // A proof on a connection that was given no challenge proves nothing.
        let user = self.ntlm.take().and_then(|ntlm| judge(ntlm, &self.setup.accounts, token));
        self.user = user;
        self.served = 0;
        let page = "the base path".repeat(if self.setup.whim == Whim::LongWinded { 100_000 } else { 1 });
        Some(if self.user.is_some() { ok(&page) } else { self.ask() })
    }

    fn serve(&mut self, heard: Heard) -> Said {
        // The first request of a sign-in asks what is offered.
        if self.user.is_none() && heard.head.starts_with("GET /odata/ ") {
            return self.ask();
        }
        let forgotten = matches!(self.setup.whim, Whim::ForgetsAfter(most) if self.served >= most);
        if forgotten {
            self.user = None;
        }
        self.served += 1;
        let (connection, user) = (self.number, self.user.clone());
        self.memory.served.lock().expect("not poisoned").push(Served { connection, user, heard });
        if self.user.is_none() || self.setup.whim == Whim::DeniesAll {
            return self.ask();
        }
        let Said(text, _) = ok("the answer");
        Said(text, self.setup.whim == Whim::ClosesAfterAnswer)
    }

    fn ask(&self) -> Said {
        Said(unauthorized(&self.setup.offers), false)
    }
}

fn ok(body: &str) -> Said {
    Said(format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}", body.len()), false)
}

/// With a page, as IIS has one, which must be read before the next step.
fn unauthorized(offers: &[&str]) -> String {
    let page = "<h1>401 - Unauthorized</h1>".repeat(50);
    let offers: String = offers.iter().map(|offer| format!("WWW-Authenticate: {offer}\r\n")).collect();
    format!("HTTP/1.1 401 Unauthorized\r\n{offers}Content-Length: {}\r\n\r\n{page}", page.len())
}

/// Whose proof this is, if it proves anything.
fn judge(mut ntlm: Ntlm, accounts: &[Account], proof: Vec<u8>) -> Option<String> {
    let (domain, user) = (text_field(&proof, 28)?, text_field(&proof, 36)?);
    let (_, _, password) = accounts.iter().find(|(known_domain, known_user, _)| {
        known_domain.eq_ignore_ascii_case(&domain) && known_user.eq_ignore_ascii_case(&user)
    })?;
    let identity = AuthIdentityBuffers::from_utf8(&user, &domain, password);
    step(&mut ntlm, Some(identity), proof)?;
    ntlm.complete_auth_token(&mut []).ok()?;
    Some(format!("{domain}\\{user}"))
}

fn step(ntlm: &mut Ntlm, identity: Option<AuthIdentityBuffers>, heard: Vec<u8>) -> Option<Vec<u8>> {
    let mut identity = identity;
    let mut heard = [SecurityBuffer::new(heard, BufferType::Token)];
    let mut said = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
    let context = ntlm
        .accept_security_context()
        .with_credentials_handle(&mut identity)
        .with_context_requirements(ServerRequestFlags::empty())
        .with_target_data_representation(DataRepresentation::Native)
        .with_input(&mut heard)
        .with_output(&mut said);
    ntlm.accept_security_context_impl(context).ok()?.resolve_to_result().ok()?;
    let [said] = said;
    Some(said.buffer)
}

/// A text of a third message: length and offset stand at `at`.
fn text_field(message: &[u8], at: usize) -> Option<String> {
    let size_bytes = usize::from(u16::from_le_bytes(message.get(at..at + 2)?.try_into().ok()?));
    let offset = u32::from_le_bytes(message.get(at + 4..at + 8)?.try_into().ok()?) as usize;
    let units = message.get(offset..offset + size_bytes)?.chunks_exact(2);
    String::from_utf16(&units.map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect::<Vec<_>>()).ok()
}
