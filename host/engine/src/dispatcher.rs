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

use crate::{Engine, gates::Pass};

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
    /// Cancelled when the time is over that what is under way has then.
    pub(crate) cut_off: CancellationToken,
}

#[derive(Debug)]
struct Held {
    lease: Lease,
    /// Cancelled when somebody else may work on it.
    lost: CancellationToken,
}

/// A lease that is renewed until this is dropped.
#[derive(Debug)]
pub(crate) struct Hold<'a> {
    dispatcher: &'a Dispatcher,
    delivery: DeliveryId,
    lease: Lease,
    lost: CancellationToken,
}

impl Hold<'_> {
    /// Ends when somebody else may work on the delivery.
    pub(crate) async fn lost(&self) {
        self.lost.cancelled().await;
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        let mut held = self.dispatcher.held();
        if held.get(&self.delivery).is_some_and(|held| held.lease.number == self.lease.number) {
            held.remove(&self.delivery);
        }
    }
}

impl Dispatcher {
    pub(crate) fn new(total: u32) -> Self {
        Self {
            places: Arc::new(Semaphore::new(total as usize)),
            total,
            backlog: AtomicBool::new(false),
            held: Mutex::default(),
            stop: CancellationToken::new(),
            cut_off: CancellationToken::new(),
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

    /// Notes a lease, to be renewed as long as it is held.
    pub(crate) fn hold(&self, delivery: DeliveryId, lease: Lease) -> Hold<'_> {
        let lost = CancellationToken::new();
        self.held().insert(delivery, Held { lease, lost: lost.clone() });
        Hold { dispatcher: self, delivery, lease, lost }
    }

    /// Somebody here works on it.
    pub(crate) fn holds(&self, delivery: &DeliveryId) -> bool {
        self.held().contains_key(delivery)
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<DeliveryId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leases(&self) -> Vec<(DeliveryId, Lease)> {
        self.held().iter().map(|(delivery, held)| (*delivery, held.lease)).collect()
    }

    /// Stops every call, and gives what they were for.
    pub(crate) fn cut_off(&self) -> Vec<DeliveryId> {
        self.cut_off.cancel();
        self.held().keys().copied().collect()
    }

    /// Stops whoever works on these under the lease that was asked for: somebody else may.
    fn lost(&self, deliveries: &[DeliveryId], asked: &[(DeliveryId, Lease)]) {
        let held = self.held();
        for (delivery, lease) in asked.iter().filter(|(delivery, _)| deliveries.contains(delivery)) {
            if let Some(held) = held.get(delivery).filter(|held| held.lease.number == lease.number) {
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
            let place = tokio::select! {
                biased;
                () = self.dispatcher.stop.cancelled() => return,
                place = self.dispatcher.places.clone().acquire_owned() => place,
            };
            let Ok(place) = place else { return };
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
                () = self.gates.opened() => {}
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
        let rooms = self.gates.rooms();
        let claimed = self.store.claim(self.claim(self.clock.now()), limit, rooms.clone()).await?;
        self.gates.note_claim(&rooms, &claimed);
        let full = claimed.len() == places.len();
        self.dispatcher.backlog.store(full, Ordering::Relaxed);
        for (claimed, place) in claimed.into_iter().zip(places) {
            self.begin_or_return(claimed, place);
        }
        if full {
            return Ok(Progress::More);
        }
        let due = self.store.next_due(self.gates.rooms()).await?;
        let soonest = due.into_iter().chain(self.gates.opens_at()).min();
        let wait = soonest.map_or(SLOW_POLL, |due| due.since(self.clock.now()).max(Duration::from_millis(1)));
        Ok(Progress::Idle(wait.min(SLOW_POLL)))
    }

    /// Works on a claimed delivery, and on those that follow it, away from the caller.
    pub(crate) fn begin(self: &Arc<Self>, claimed: Claimed, place: Place, pass: Pass) {
        let engine = self.clone();
        self.attempts.spawn(async move {
            engine.carry_out(claimed, pass).await;
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
            let leases = self.dispatcher.leases();
            match self.store.renew(leases.clone(), until).await {
                Ok(lost) => self.dispatcher.lost(&lost, &leases),
                Err(error) => {
                    tracing::warn!(%error, "leases cannot be renewed now");
                    continue;
                }
            }
            if let Err(error) = self.take_up_lapsed().await {
                tracing::warn!(%error, "lapsed deliveries cannot be taken up now");
            }
            if let Err(error) = self.release_polls().await {
                tracing::warn!(%error, "lapsed polls cannot be taken up now");
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

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use sluse_model::{Timestamp, fakes::SeededDice};

    use super::*;

    fn delivery() -> DeliveryId {
        DeliveryId::new(Timestamp::from_millis(1), &SeededDice::new(1))
    }

    fn lease(number: u64) -> Lease {
        Lease { number, until: Timestamp::from_millis(2) }
    }

    #[test]
    fn a_panic_lets_go_of_the_lease() {
        let dispatcher = Dispatcher::new(1);
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let _hold = dispatcher.hold(delivery(), lease(1));
            panic!("as a mapping might");
        }));
        assert!(ended.is_err());
        assert!(!dispatcher.holds(&delivery()));
    }

    #[test]
    fn only_the_lease_that_was_lost_is_lost() {
        let dispatcher = Dispatcher::new(1);
        let before = dispatcher.hold(delivery(), lease(1));
        let asked = dispatcher.leases();
        drop(before);
        let present = dispatcher.hold(delivery(), lease(2));
        dispatcher.lost(&[delivery()], &asked);
        assert!(!present.lost.is_cancelled());
        dispatcher.lost(&[delivery()], &dispatcher.leases());
        assert!(present.lost.is_cancelled());
    }
}
