//! The state machine of a delivery: every transition a function of where it stands, what happened, now and the jitter.
//! Stores keep to it in their transactions; this is what they are held against.

use super::{Act, ActKind, AttemptEnd, DeliveryState, Lease, Resolution, after_attempt, after_lost_attempt};
use crate::{RetryPolicy, Timestamp, Tried};

/// Where a delivery stands, with what decides about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub state: DeliveryState,
    /// How many attempts have begun.
    pub attempts: u32,
    /// The number of the latest lease; 0 before the first.
    pub lease_number: u64,
    pub accepted_at: Timestamp,
}

/// What happens to a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody takes it, to work on it until then.
    Claimed { until: Timestamp },
    /// Its holder goes on holding it.
    Renewed { lease_number: u64, until: Timestamp },
    /// Its attempt has ended. `in_doubt` says that its journal has a request that may have happened.
    Ended { lease_number: u64, end: AttemptEnd, in_doubt: bool },
    /// Its claim is taken back before the attempt began: it goes to where it waited, or to what the policy has for it
    /// now.
    TakenBack { lease_number: u64, to: DeliveryState },
    /// Its attempt is lost: the lease has lapsed, and nobody ended it.
    Lost { lease_number: u64, in_doubt: bool },
    /// The target has answered what waits for it.
    Answered,
    /// Somebody does something about it. `leads_its_key` says that others wait for it, or would.
    Acted { act: Act, in_doubt: bool, leads_its_key: bool },
    /// The run that stands for its own has succeeded, and was to close what waits for a person.
    Handled { in_doubt: bool },
}

/// Why nothing changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("it is closed, and stays so")]
    Final,
    #[error("it is not due yet")]
    NotDue,
    #[error("somebody works on it")]
    Held,
    #[error("nobody works on it")]
    NotHeld,
    /// It was read under a lease that is no longer held.
    #[error("it has changed meanwhile")]
    Stale,
    #[error("what is given back is not running")]
    NotGivenBack,
    #[error("it does not wait for an answer")]
    NotWaiting,
    #[error("it cannot be done where the delivery stands")]
    NotPossible,
    /// Only a person can say what became of it; with another input it would be another request.
    #[error("a request of it may have happened")]
    InDoubt,
}

impl Position {
    /// Of a delivery that was just accepted.
    pub fn new(state: DeliveryState, accepted_at: Timestamp) -> Self {
        Self { state, attempts: 0, lease_number: 0, accepted_at }
    }

    /// Where the delivery stands after an event. `jitter` is from 0 (included) to 1 (excluded).
    pub fn after(&self, event: &Event, policy: &RetryPolicy, now: Timestamp, jitter: f64) -> Result<Self, Refused> {
        let tried = Tried { attempts: self.attempts, accepted_at: self.accepted_at, is_strained: false };
        match event {
            Event::Claimed { until } => self.claimed(*until, now),
            Event::Renewed { lease_number, until } => {
                self.held(*lease_number)?;
                Ok(self.to(DeliveryState::Running { lease: Lease { number: *lease_number, until: *until } }))
            }
            Event::Ended { lease_number, end, in_doubt } => {
                self.held(*lease_number)?;
                Ok(self.to(after_attempt(end, *in_doubt, tried, policy, now, jitter)))
            }
            Event::TakenBack { lease_number, to } => {
                self.held(*lease_number)?;
                if matches!(to, DeliveryState::Running { .. }) {
                    return Err(Refused::NotGivenBack);
                }
                let uncounted = u32::from(!matches!(to, DeliveryState::Waiting { .. }));
                Ok(Self { attempts: self.attempts.saturating_sub(uncounted), ..self.to(to.clone()) })
            }
            Event::Lost { lease_number, in_doubt } => {
                self.held(*lease_number)?;
                Ok(self.to(after_lost_attempt(*in_doubt, tried, policy, now, jitter)))
            }
            Event::Answered => self.answered(now),
            Event::Acted { act, in_doubt, leads_its_key } => self.acted(act, *in_doubt, *leads_its_key, now),
            Event::Handled { in_doubt } => self.handled(*in_doubt, now),
        }
    }

    fn acted(&self, act: &Act, in_doubt: bool, leads_its_key: bool, now: Timestamp) -> Result<Self, Refused> {
        match self.state {
            DeliveryState::Closed { .. } => return Err(Refused::Final),
            DeliveryState::Running { .. } => return Err(Refused::Held),
            _ => {}
        }
        if !act.kind().is_possible(&self.state, leads_its_key) {
            return Err(Refused::NotPossible);
        }
        if act.kind() == ActKind::Edit && in_doubt && !act.says_did_not_happen() {
            return Err(Refused::InDoubt);
        }
        Ok(self.to(act.leads_to(&self.state, now)))
    }

    fn handled(&self, in_doubt: bool, now: Timestamp) -> Result<Self, Refused> {
        match &self.state {
            DeliveryState::Attention(attention) if in_doubt || attention.reason.leaves_doubt() => Err(Refused::InDoubt),
            DeliveryState::Attention(_) => {
                Ok(self.to(DeliveryState::Closed { resolution: Resolution::Failed, at: now }))
            }
            DeliveryState::Closed { .. } => Err(Refused::Final),
            _ => Err(Refused::NotPossible),
        }
    }

    fn claimed(&self, until: Timestamp, now: Timestamp) -> Result<Self, Refused> {
        // What goes on after a wait belongs to the attempt that began to wait.
        let (due, counted) = match &self.state {
            DeliveryState::Queued { due } | DeliveryState::Retrying { due, .. } => (*due, 1),
            DeliveryState::Waiting { until } => (*until, 0),
            DeliveryState::Running { .. } => return Err(Refused::Held),
            DeliveryState::Attention(_) => return Err(Refused::NotDue),
            DeliveryState::Closed { .. } => return Err(Refused::Final),
        };
        if due > now {
            return Err(Refused::NotDue);
        }
        let lease = Lease { number: self.lease_number + 1, until };
        let state = DeliveryState::Running { lease };
        Ok(Self { attempts: self.attempts + counted, lease_number: lease.number, ..self.to(state) })
    }

    /// An answer ends the wait, and has no other effect: one that comes too early is kept until there is a wait.
    fn answered(&self, now: Timestamp) -> Result<Self, Refused> {
        match &self.state {
            DeliveryState::Waiting { until } => Ok(self.to(DeliveryState::Waiting { until: now.min(*until) })),
            DeliveryState::Closed { .. } => Err(Refused::Final),
            _ => Err(Refused::NotWaiting),
        }
    }

    /// Only the holder of the lease gets past this.
    fn held(&self, lease_number: u64) -> Result<(), Refused> {
        match &self.state {
            DeliveryState::Running { lease } if lease.number == lease_number => Ok(()),
            DeliveryState::Running { .. } => Err(Refused::Stale),
            DeliveryState::Closed { .. } => Err(Refused::Final),
            _ => Err(Refused::NotHeld),
        }
    }

    fn to(&self, state: DeliveryState) -> Self {
        Self { state, ..self.clone() }
    }
}

#[cfg(test)]
mod tests;
