//! Who works on what: takes due deliveries from the store as places become free, and holds their leases.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sluse_model::{DeliveryId, Lease};
use sluse_store::Claimed;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::Engine;

/// Claims at most this many in one transaction, so that the first of them need not wait for the last.
const MAX_CLAIM: u32 = 64;

/// Looks at the store at least this often, whatever wake-ups say.
const SLOW_POLL: Duration = Duration::from_secs(5);

/// Waits this long after the store failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// A place to work on one delivery.
pub(crate) type Place = OwnedSemaphorePermit;

/// Places, and the leases of those who occupy them.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    places: Arc<Semaphore>,
    total: u32,
    /// Due deliveries wait that nobody has claimed: newcomers queue up behind them.
    backlog: AtomicBool,
    held: Mutex<HashMap<DeliveryId, Held>>,
    /// Cancelled when the engine is to take nothing new.
    pub(crate) stop: CancellationToken,
}

#[derive(Debug)]
struct Held {
    lease: Lease,
    /// Cancelled when somebody else may work on it.
    lost: CancellationToken,
}

impl Dispatcher {
    pub(crate) fn new(total: u32) -> Self {
        Self {
            places: Arc::new(Semaphore::new(total as usize)),
            total,
            backlog: AtomicBool::new(false),
            held: Mutex::default(),
            stop: CancellationToken::new(),
        }
    }

    /// A place for a newcomer, unless others wait already.
    pub(crate) fn free_place(&self) -> Option<Place> {
        if self.backlog.load(Ordering::Relaxed) || self.stop.is_cancelled() {
            return None;
        }
        self.places.clone().try_acquire_owned().ok()
    }

    /// How many deliveries are worked on.
    pub(crate) fn in_flight(&self) -> u32 {
        self.total - u32::try_from(self.places.available_permits()).unwrap_or(self.total).min(self.total)
    }

    /// Notes a lease, to be renewed until it is let go. The token is cancelled when it is lost.
    pub(crate) fn hold(&self, delivery: DeliveryId, lease: Lease) -> CancellationToken {
        let lost = CancellationToken::new();
        self.held().insert(delivery, Held { lease, lost: lost.clone() });
        lost
    }

    /// Forgets a lease.
    pub(crate) fn let_go(&self, delivery: &DeliveryId) {
        self.held().remove(delivery);
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<DeliveryId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leases(&self) -> Vec<(DeliveryId, Lease)> {
        self.held().iter().map(|(delivery, held)| (*delivery, held.lease)).collect()
    }

    /// Stops whoever works on these: somebody else may.
    fn lost(&self, deliveries: &[DeliveryId]) {
        let mut held = self.held();
        for delivery in deliveries {
            if let Some(held) = held.remove(delivery) {
                held.lost.cancel();
            }
        }
    }
}

impl Engine {
    /// Takes due deliveries as places become free, until the engine stops.
    pub(crate) async fn dispatch(self: Arc<Self>) {
        let mut wakeups = self.store.wakeups();
        while !self.stopping() {
            // Seen before looking: what comes in between wakes us again.
            wakeups.mark_unchanged();
            let Ok(place) = self.dispatcher.places.clone().acquire_owned().await else { return };
            let wait = match self.claim_due(place).await {
                Ok(Progress::More) => continue,
                Ok(Progress::Idle(wait)) => wait,
                Err(error) => {
                    tracing::warn!(%error, "deliveries cannot be claimed now");
                    AFTER_FAILURE
                }
            };
            tokio::select! {
                _ = wakeups.changed() => {}
                () = tokio::time::sleep(wait) => {}
                () = self.dispatcher.stop.cancelled() => {}
            }
        }
    }

    /// Claims what is due, as far as there are places, and starts it.
    async fn claim_due(self: &Arc<Self>, place: Place) -> Result<Progress, sluse_store::StoreError> {
        let mut places = vec![place];
        while places.len() < MAX_CLAIM as usize
            && let Ok(place) = self.dispatcher.places.clone().try_acquire_owned()
        {
            places.push(place);
        }
        let limit = u32::try_from(places.len()).unwrap_or(MAX_CLAIM);
        let now = self.clock.now();
        let claimed = self.store.claim(self.claim(now), limit).await?;
        let full = claimed.len() == places.len();
        self.dispatcher.backlog.store(full, Ordering::Relaxed);
        for (claimed, place) in claimed.into_iter().zip(places) {
            self.begin(claimed, place);
        }
        if full {
            return Ok(Progress::More);
        }
        let due = self.store.next_due().await?;
        let wait = due.map_or(SLOW_POLL, |due| due.since(self.clock.now()).max(Duration::from_millis(1)));
        Ok(Progress::Idle(wait.min(SLOW_POLL)))
    }

    /// Works on a claimed delivery, and on those that follow it, away from the caller.
    pub(crate) fn begin(self: &Arc<Self>, claimed: Claimed, place: Place) {
        let engine = self.clone();
        self.attempts.spawn(async move {
            engine.carry_out(claimed).await;
            drop(place);
        });
    }

    /// Renews the leases of what is under way, and takes up what others left behind, until the engine stops.
    pub(crate) async fn keep_leases(self: Arc<Self>) {
        let period = self.settings.lease / 3;
        while !self.stopping() {
            tokio::select! {
                () = tokio::time::sleep(period) => {}
                () = self.dispatcher.stop.cancelled() => {}
            }
            let until = self.clock.now().plus(self.settings.lease);
            match self.store.renew(self.dispatcher.leases(), until).await {
                Ok(lost) => self.dispatcher.lost(&lost),
                Err(error) => tracing::warn!(%error, "leases cannot be renewed now"),
            }
            if let Err(error) = self.take_up_lapsed().await {
                tracing::warn!(%error, "lapsed deliveries cannot be taken up now");
            }
        }
    }
}

enum Progress {
    /// As many were due as there were places: look again.
    More,
    /// Nothing else is due before this time has passed.
    Idle(Duration),
}
