//! Attempts that were lost: with a process that ended, or a lease that lapsed.

use std::sync::Arc;

use sluse_model::{
    Attempt, AttemptResult, TimelineLevel, TimelineLine, after_lost_attempt, lost_attempt, unit_interval,
};
use sluse_store::{Claimed, Claiming, Settlement, StoreError};

use crate::{
    Engine,
    follow::{Aftermath, standing},
    worker::{is_in_doubt, tried},
};

/// Lapsed deliveries are taken up in groups of this size.
const LAPSED_AT_ONCE: u32 = 100;

impl Engine {
    /// Settles deliveries whose attempt was lost: with a process that ended, or a lease that lapsed. Those that are
    /// worked on here are not lost, however late their lease was renewed.
    pub(crate) async fn take_up_lapsed(self: &Arc<Self>) -> Result<(), StoreError> {
        loop {
            let mut lapsed = self.store.lapsed(self.clock.now(), LAPSED_AT_ONCE).await?;
            let is_last = lapsed.len() < LAPSED_AT_ONCE as usize;
            lapsed.retain(|claimed| !self.dispatcher.holds(&claimed.delivery.id));
            let is_stuck = lapsed.is_empty();
            for claimed in lapsed {
                self.take_up(claimed).await?;
            }
            if is_last || is_stuck {
                return Ok(());
            }
        }
    }

    async fn take_up(self: &Arc<Self>, claimed: Claimed) -> Result<(), StoreError> {
        let connection = self.connections.get(self, &claimed.delivery.connection).await;
        let operation = &claimed.delivery.operation;
        let policy = connection.map(|connection| connection.connection().retry_of(operation).clone());
        let policy = policy.unwrap_or_default();
        let in_doubt = is_in_doubt(&self.store.journal(claimed.delivery.id).await?);
        let (now, jitter) = (self.clock.now(), unit_interval(&*self.dice));
        let state = after_lost_attempt(in_doubt, tried(&claimed, false), &policy, now, jitter);
        tracing::warn!(
            delivery = %claimed.delivery.id, state = %standing(&state),
            "delivery {} attempt {} was lost, now {}", claimed.delivery.id, claimed.attempt, standing(&state),
        );
        let problem = lost_attempt(in_doubt);
        let Aftermath { state, follow, along } = self.aftermath(&claimed, state, Some(&problem), None).await?;
        let line = TimelineLine {
            at: now,
            attempt: claimed.attempt,
            level: TimelineLevel::Warn,
            message: "The attempt was lost: the host stopped, or its lease lapsed.".into(),
        };
        let settlement = Settlement {
            delivery: claimed.delivery.id,
            lease: claimed.lease,
            attempt: Claiming::Ended(Attempt {
                number: claimed.attempt,
                resumed: claimed.resumption.is_some(),
                revision: claimed.revision,
                began_at: claimed.delivery.changed_at,
                result: Some(AttemptResult { ended_at: now, kind: "lost".into(), problem: Some(problem) }),
            }),
            follow,
            state,
            output: None,
            left: None,
            timeline: vec![line],
            closed: Vec::new(),
            along,
        };
        match self.store.settle(settlement.clone(), None).await {
            Ok(_) => {
                self.counts.was_written(&claimed.delivery.connection, &settlement);
                self.tell_callers(&settlement.delivery, &settlement.state);
                Ok(())
            }
            Err(StoreError::Stale(_)) => {
                self.tell_callers(&settlement.delivery, &settlement.state);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}
