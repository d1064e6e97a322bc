//! Sockets that are signed in with one credential: those that wait for a request, and how many there may be.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep},
};

use super::{Fingerprint, dial::Socket};
use crate::client::IDLE_TIMEOUT;

/// Sockets at a time, each with one request: as many handshakes at most, after all of them were closed. Who finds no
/// place waits for one.
const MAX_SOCKETS: usize = 64;

/// The sockets of one endpoint and one credential.
pub(super) struct Sockets {
    pub(super) fingerprint: Fingerprint,
    places: Arc<Semaphore>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// The one that was used last stands last.
    sockets: Vec<(Instant, Socket)>,
    /// Somebody closes those that nobody needed.
    is_watched: bool,
}

/// A socket with one request on it.
pub(super) struct Lease {
    pub(super) socket: Socket,
    pub(super) sockets: Arc<Sockets>,
    /// It has carried requests before.
    pub(super) was_kept: bool,
    is_last: bool,
    _place: OwnedSemaphorePermit,
}

impl Sockets {
    pub(super) fn new(fingerprint: Fingerprint) -> Self {
        Self { fingerprint, places: Arc::new(Semaphore::new(MAX_SOCKETS)), kept: Mutex::default() }
    }

    /// Waits until one more socket may be in use.
    pub(super) async fn place(&self) -> OwnedSemaphorePermit {
        self.places.clone().acquire_owned().await.expect("the semaphore is never closed")
    }

    /// One that waits, is open, and was used not long ago.
    pub(super) fn kept(&self) -> Option<Socket> {
        let mut kept = self.lock();
        kept.close_old(Instant::now());
        while let Some((_, socket)) = kept.sockets.pop() {
            if !socket.is_closed() {
                return Some(socket);
            }
        }
        None
    }

    /// Closes all that wait.
    pub(super) fn close(&self) {
        self.lock().sockets.clear();
    }

    fn lay_back(self: &Arc<Self>, socket: Socket) {
        let mut kept = self.lock();
        kept.sockets.push((Instant::now(), socket));
        if !kept.is_watched {
            kept.is_watched = true;
            tokio::spawn(watch(Arc::downgrade(self)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn close_old(&mut self, now: Instant) {
        self.sockets.retain(|(since, _)| now.duration_since(*since) < IDLE_TIMEOUT);
    }
}

/// How long after its time a socket may still be open.
const WATCH_INTERVAL: Duration = Duration::from_secs(5);

/// Closes sockets that nobody needed, until none is left.
async fn watch(sockets: Weak<Sockets>) {
    loop {
        sleep(WATCH_INTERVAL).await;
        let Some(sockets) = sockets.upgrade() else { return };
        let mut kept = sockets.lock();
        kept.close_old(Instant::now());
        if kept.sockets.is_empty() {
            kept.is_watched = false;
            return;
        }
    }
}

impl Lease {
    pub(super) fn kept(socket: Socket, sockets: &Arc<Sockets>, place: OwnedSemaphorePermit) -> Self {
        Self { was_kept: true, ..Self::fresh(socket, sockets, place) }
    }

    pub(super) fn fresh(socket: Socket, sockets: &Arc<Sockets>, place: OwnedSemaphorePermit) -> Self {
        Self { socket, sockets: sockets.clone(), was_kept: false, is_last: false, _place: place }
    }

    /// The socket is closed after this request.
    pub(super) fn last(self) -> Self {
        Self { is_last: true, ..self }
    }

    /// The request is over.
    pub(super) fn lay_back(self) {
        if !self.is_last {
            self.sockets.lay_back(self.socket);
        }
    }
}
