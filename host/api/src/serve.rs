//! Our own accept loop: one that lets nobody keep a connection without saying something.

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Body};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use sluse_engine::counted;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use crate::patience::{PatientBody, PatientStream};

/// Whom the accept loop bears with, and how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeSettings {
    /// Connections at the same time; more wait to be accepted.
    pub max_connections: u32,
    /// A request's head has to be complete after this time.
    pub header_timeout: Duration,
    /// Who neither takes nor sends a byte for this long, while we wait for one, is cut off.
    pub stalled_after: Duration,
    /// Requests under way may go on for this long once the host stops.
    pub stop_within: Duration,
}

impl Default for ServeSettings {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            header_timeout: Duration::from_secs(10),
            stalled_after: Duration::from_secs(30),
            stop_within: Duration::from_secs(10),
        }
    }
}

/// The most header bytes of one request.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// After an error of `accept` (no file handles left, for example) there is no point in trying at once.
const AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(100);

/// Serves until `stop` is cancelled, and then finishes what is under way.
pub async fn serve(listener: TcpListener, router: Router, settings: ServeSettings, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(settings.max_connections as usize));
    let connections = TaskTracker::new();
    while let Some((place, stream)) = next_connection(&places, &listener, &stop).await {
        let serving = one_connection(stream, router.clone(), settings.clone(), stop.clone());
        connections.spawn(async move {
            serving.await;
            drop(place);
        });
    }
    connections.close();
    if tokio::time::timeout(settings.stop_within, connections.wait()).await.is_err() {
        let cut_off = counted(connections.len() as u64, "connection was", "connections were");
        tracing::warn!("{cut_off} cut off");
    }
}

/// A place and somebody for it; `None` once it is time to stop.
async fn next_connection(
    places: &Arc<Semaphore>,
    listener: &TcpListener,
    stop: &CancellationToken,
) -> Option<(OwnedSemaphorePermit, TcpStream)> {
    let coming = async {
        let place = places.clone().acquire_owned().await.expect("nobody closes the semaphore");
        loop {
            match listener.accept().await {
                Ok((stream, _)) => return (place, stream),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(AFTER_ACCEPT_ERROR).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        come = coming => Some(come),
    }
}

async fn one_connection(stream: TcpStream, router: Router, settings: ServeSettings, stop: CancellationToken) {
    // Answers are small and somebody waits for them.
    let _ = stream.set_nodelay(true);
    let stalled_after = settings.stalled_after;
    let service = service_fn(move |request: Request<Incoming>| {
        router.clone().oneshot(request.map(|body| Body::new(PatientBody::new(body, stalled_after))))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(PatientStream::new(stream, stalled_after)), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
