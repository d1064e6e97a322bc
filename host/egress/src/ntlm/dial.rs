//! A socket that is nobody else's: dialled by the rules that every request is dialled by, HTTP/1.1, TLS where the
//! endpoint has it.

use std::{error::Error, future::poll_fn, io, net::SocketAddr, sync::Arc};

use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1},
};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;
use url::Host;

use super::{Place, binding};
use crate::{
    Refusal, SendError,
    body::DepartingBody,
    client::MAX_ANSWER_HEADERS,
    error::{cause, told},
    resolver::JudgedLookup,
};

/// Dials one endpoint's host.
pub(crate) struct Dialer {
    pub(crate) host: Host<String>,
    pub(crate) port: u16,
    /// `None` for plaintext.
    pub(crate) tls: Option<Arc<ClientConfig>>,
    pub(crate) lookup: JudgedLookup,
}

/// Why a socket could not be dialled: a refusal of our own, or the network's.
type Trouble = Box<dyn Error + Send + Sync>;

/// A connection to the target. Dropped, it is closed, whatever is under way.
pub(super) struct Socket {
    requests: http1::SendRequest<DepartingBody>,
    /// What a sign-in is bound to.
    pub(super) binding: Option<Vec<u8>>,
    _connection: AbortOnDropHandle<()>,
}

impl Dialer {
    pub(super) async fn dial(&self, place: &Place) -> Result<Socket, SendError> {
        match timeout(place.patience, self.connect(Instant::now() + place.patience)).await {
            Ok(Ok(socket)) => Ok(socket),
            Ok(Err(error)) => match cause::<Refusal>(&*error) {
                Some(refusal) => Err(SendError::Forbidden(refusal.clone())),
                None => Err(place.unreachable(&told(&*error))),
            },
            Err(_) => Err(SendError::Unreachable(format!("`{}` was not reached in time", place.origin))),
        }
    }

    async fn connect(&self, deadline: Instant) -> Result<Socket, Trouble> {
        let stream = self.connect_any(deadline).await?;
        stream.set_nodelay(true)?;
        let Some(tls) = &self.tls else { return open(stream, None).await };
        let stream = TlsConnector::from(tls.clone()).connect(self.server_name()?, stream).await?;
        let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        let binding = certificate.map(|certificate| binding::of(certificate));
        open(stream, binding).await
    }

    /// The addresses in their order; each has its share of the time that is left.
    async fn connect_any(&self, deadline: Instant) -> Result<TcpStream, Trouble> {
        let addresses = self.addresses().await?;
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for (index, address) in addresses.iter().enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
            match timeout_at(Instant::now() + share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = error,
                Err(_) => last = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(last.into())
    }

    /// A literal was judged when the endpoint was built.
    async fn addresses(&self) -> Result<Vec<SocketAddr>, Trouble> {
        let addresses = match &self.host {
            Host::Domain(name) => self.lookup.judged(name.clone()).await?,
            Host::Ipv4(address) => vec![(*address).into()],
            Host::Ipv6(address) => vec![(*address).into()],
        };
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address, self.port)).collect())
    }

    fn server_name(&self) -> Result<ServerName<'static>, Trouble> {
        match &self.host {
            Host::Domain(name) => Ok(ServerName::try_from(name.clone())?),
            Host::Ipv4(address) => Ok(ServerName::from(std::net::IpAddr::from(*address))),
            Host::Ipv6(address) => Ok(ServerName::from(std::net::IpAddr::from(*address))),
        }
    }
}

async fn open<S>(stream: S, binding: Option<Vec<u8>>) -> Result<Socket, Trouble>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut builder = http1::Builder::new();
    builder.max_headers(MAX_ANSWER_HEADERS);
    let (requests, connection) = builder.handshake(TokioIo::new(stream)).await?;
    // How it ended is told to whoever has a request on it.
    let connection = tokio::spawn(async move { drop(connection.await) });
    Ok(Socket { requests, binding, _connection: AbortOnDropHandle::new(connection) })
}

impl Socket {
    /// Whether a request can be sent. Waits for the end of the one before, whose answer was read a moment ago.
    pub(super) async fn is_ready(&mut self) -> bool {
        poll_fn(|cx| self.requests.poll_ready(cx)).await.is_ok()
    }

    /// Sends one request. What hyper has not begun to write comes back with the error.
    pub(super) async fn send(
        &mut self,
        request: Request<DepartingBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<DepartingBody>>> {
        // That it was closed is said by the sending.
        self.is_ready().await;
        self.requests.try_send_request(request).await
    }

    pub(super) fn is_closed(&self) -> bool {
        self.requests.is_closed()
    }
}
