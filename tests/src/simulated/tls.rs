//! The accept loop for those who are known by a certificate. Whoever is not, is told so by TLS and hears nothing else.

use std::future::Future;

use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::Dropped;
use super::frame::serve_connection;

/// Serves over TLS until the future is dropped; connections end with it. `answer` is told the number of the connection,
/// from 1.
pub(crate) async fn serve_tls<A, F>(listener: TcpListener, acceptor: TlsAcceptor, answer: A)
where
    A: Fn(u64, Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response<Body>, Dropped>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    for number in 1.. {
        let Ok((stream, _)) = listener.accept().await else { return };
        while connections.try_join_next().is_some() {}
        let (acceptor, answer) = (acceptor.clone(), answer.clone());
        connections.spawn(async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve_connection(stream, move |request| answer(number, request)).await;
            }
        });
    }
}
