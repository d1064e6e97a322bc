//! The accept loop. Our own, because a planted fault may end the connection where a framework would still answer.

use std::fmt;
use std::future::Future;
use std::net::Ipv4Addr;

use anyhow::Context;
use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Ends a connection without an answer, or inside of one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("connection dropped by a planted fault")
    }
}

impl std::error::Error for Dropped {}

/// A port on loopback; 0 lets the system choose.
pub(crate) async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    listener.with_context(|| format!("failed to listen on 127.0.0.1:`{port}`; choose another `--port`, 0 for any"))
}

/// Serves until the future is dropped; connections end with it. `answer` is told the number of the connection, from 1.
pub(crate) async fn serve<A, F>(listener: TcpListener, answer: A)
where
    A: Fn(u64, Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response<Body>, Dropped>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    for number in 1.. {
        let Ok((stream, _)) = listener.accept().await else { return };
        while connections.try_join_next().is_some() {}
        let answer = answer.clone();
        // Small answers leave at once; a failure here only costs speed.
        let _ = stream.set_nodelay(true);
        connections.spawn(serve_connection(stream, move |request| answer(number, request)));
    }
}

/// Serves one connection, over TLS or in clear.
pub(super) async fn serve_connection<S, F>(stream: S, answer: impl Fn(Request<Incoming>) -> F)
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = Result<Response<Body>, Dropped>>,
{
    // How a connection ended is for the client to notice; faults end it on purpose.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}
