//! Who waits for which delivery, and how many calls are under way. Their places are apart from those of the queue:
//! neither takes any of the other's.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sluse_model::DeliveryId;
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, timeout_at},
};

use crate::dispatcher::Place;

/// Places for calls, and those who wait for deliveries.
#[derive(Debug)]
pub(crate) struct Calls {
    places: Arc<Semaphore>,
    awaited: Mutex<HashMap<DeliveryId, watch::Sender<()>>>,
}

impl Calls {
    /// As many at once.
    pub(crate) fn new(total: u32) -> Self {
        Self { places: Arc::new(Semaphore::new(total as usize)), awaited: Mutex::default() }
    }

    /// A place, if one is free in time.
    pub(super) async fn place(&self, deadline: Instant) -> Option<Place> {
        timeout_at(deadline, self.places.clone().acquire_owned()).await.ok()?.ok()
    }

    /// Waits for the end of a delivery, which may come at once: wait before looking.
    pub(super) fn wait_for(&self, delivery: DeliveryId) -> Awaited<'_> {
        let told = self.awaited().entry(delivery).or_insert_with(|| watch::Sender::new(())).subscribe();
        Awaited { calls: self, delivery, told }
    }

    /// A delivery is closed, or waits for a person.
    pub(crate) fn ended(&self, delivery: &DeliveryId) {
        if let Some(waiting) = self.awaited().get(delivery) {
            waiting.send_replace(());
        }
    }

    fn awaited(&self) -> MutexGuard<'_, HashMap<DeliveryId, watch::Sender<()>>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody waits for the end of a delivery.
pub(super) struct Awaited<'a> {
    calls: &'a Calls,
    delivery: DeliveryId,
    told: watch::Receiver<()>,
}

impl Awaited<'_> {
    /// The delivery that is waited for.
    pub(super) fn delivery(&self) -> DeliveryId {
        self.delivery
    }

    /// It came to an end since it was last asked. Ends by itself only then.
    pub(super) async fn ended(&mut self) {
        if self.told.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        let mut awaited = self.calls.awaited();
        // This one is among them until it is gone.
        if awaited.get(&self.delivery).is_some_and(|waiting| waiting.receiver_count() <= 1) {
            awaited.remove(&self.delivery);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sluse_model::{Timestamp, fakes::SeededDice};

    use super::*;

    #[tokio::test]
    async fn all_who_wait_are_told_and_nothing_is_left_of_them() {
        let calls = Calls::new(1);
        let delivery = DeliveryId::new(Timestamp::from_millis(1), &SeededDice::new(1));
        let (mut one, mut other) = (calls.wait_for(delivery), calls.wait_for(delivery));
        calls.ended(&delivery);
        one.ended().await;
        drop(one);
        other.ended().await;
        assert!(tokio::time::timeout(Duration::from_millis(10), other.ended()).await.is_err(), "it was told twice");
        drop(other);
        assert!(calls.awaited().is_empty());
    }

    #[tokio::test]
    async fn there_are_no_more_places_than_were_said() {
        let calls = Calls::new(1);
        let soon = || Instant::now() + Duration::from_millis(10);
        let place = calls.place(soon()).await;
        assert!(place.is_some() && calls.place(soon()).await.is_none());
        drop(place);
        assert!(calls.place(soon()).await.is_some());
    }
}
