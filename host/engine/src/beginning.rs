//! Whether a claimed delivery begins: a limit may have been lowered, and a gate may have closed, since it was to wait.
//! What does not begin is not counted.

use std::sync::Arc;

use sluse_model::{DeliveryState, Tried, when_exhausted};
use sluse_store::{Claimed, Claiming, Settlement};

use crate::{
    Engine,
    dispatcher::Place,
    follow::{Aftermath, needs_somebody, standing},
    worker::is_in_doubt,
};

impl Engine {
    /// Begins with what was claimed, or gives it back to the queue when its gate has closed meanwhile.
    pub(crate) fn begin_or_return(self: &Arc<Self>, claimed: Claimed, place: Place) {
        if let Some(pass) = self.gates.admit(&claimed.delivery.connection) {
            return self.begin(claimed, place, pass);
        }
        let engine = self.clone();
        self.attempts.spawn(async move {
            let _hold = engine.dispatcher.hold(claimed.delivery.id, claimed.lease);
            if let Some(waited) = claimed.waited.clone() {
                engine.take_back(claimed, waited).await;
            }
            drop(place);
        });
    }

    /// What becomes of a delivery that nothing is left for, by the policy as it is now. Only what the policy itself
    /// had in mind is held against it: what somebody asked for begins.
    pub(crate) async fn over_before_it_begins(&self, claimed: &Claimed) -> Option<DeliveryState> {
        let Some(DeliveryState::Retrying { problem, .. }) = &claimed.waited else { return None };
        let connection = self.connections.get(self, &claimed.delivery.connection).await.ok()?;
        let policy = connection.connection().retry_of(&claimed.delivery.operation);
        let tried = Tried {
            attempts: claimed.attempt.saturating_sub(1),
            accepted_at: claimed.delivery.accepted_at,
            is_strained: false,
        };
        let now = self.clock.now();
        if policy.permits(tried, now) {
            return None;
        }
        // A journal that cannot be read is no reason to close anything.
        let is_known = self.store.journal(claimed.delivery.id).await.is_ok_and(|journal| !is_in_doubt(&journal));
        Some(when_exhausted(policy, !is_known, problem, now))
    }

    /// Takes a claim back: the delivery goes to `state`, and its attempt never began.
    pub(crate) async fn take_back(&self, mut claimed: Claimed, state: DeliveryState) {
        let (delivery, standing) = (claimed.delivery.id, standing(&state));
        let message = format!("delivery {delivery} attempt {} does not begin, now {standing}", claimed.attempt);
        if needs_somebody(&state) {
            tracing::warn!(%delivery, state = %standing, "{message}");
        } else {
            tracing::info!(%delivery, state = %standing, "{message}");
        }
        // Whoever is told of it is told of the attempts that there were.
        if !matches!(claimed.waited, Some(DeliveryState::Waiting { .. })) {
            claimed.attempt = claimed.attempt.saturating_sub(1);
        }
        let problem = match &claimed.waited {
            Some(DeliveryState::Retrying { problem, .. }) => Some(problem),
            _ => None,
        };
        let Aftermath { state, follow, along } = self.aftermath_surely(&claimed, state, problem, None).await;
        let settlement = Settlement {
            delivery: claimed.delivery.id,
            lease: claimed.lease,
            attempt: Claiming::TakenBack { at: self.clock.now() },
            state,
            output: None,
            left: None,
            timeline: Vec::new(),
            closed: Vec::new(),
            follow,
            along,
        };
        self.settle(&claimed.delivery.connection, settlement, None).await;
    }
}
