//! What the owner of a flow is told of its deliveries: a run of the flow that carries notices, in the transaction of the
//! fact that it tells of. Says what happened and where to look, and nothing of what was submitted.

use serde_json::{Value, json};
use sluse_model::{
    Attention, Delivery, DeliveryId, DeliveryState, Digest, Name, NewDelivery, NoticeOccasion, Problem, Reason, RunId,
    Timestamp,
};
use sluse_store::{Claimed, NewRun, StoreError};

use crate::{
    Engine,
    causes::{CausedRun, Whose},
    flows::{CompiledFlow, FlowError},
    follow::Followed,
};

/// What is told: a delivery that has gone somewhere, and why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told<'a> {
    pub(crate) run: RunId,
    pub(crate) flow: &'a Name,
    /// The version of the flow that the run keeps to.
    pub(crate) flow_digest: &'a Digest,
    pub(crate) delivery: DeliveryId,
    pub(crate) step: &'a Name,
    pub(crate) connection: &'a Name,
    pub(crate) operation: &'a Name,
    pub(crate) attempts: u32,
    pub(crate) state: &'a DeliveryState,
    pub(crate) problem: Option<&'a Problem>,
    /// Its run, when that is written together with it.
    pub(crate) first_of: Option<&'a NewRun>,
    /// The step before with its output (JSON text), when that is written together with it.
    pub(crate) just_done: Option<(&'a Name, &'a str)>,
    /// The lease under which it went there; 0 when it began there. Each leads somewhere once.
    pub(crate) lease_number: u64,
}

impl<'a> Told<'a> {
    /// A delivery that somebody worked on.
    pub(crate) fn of_claimed(claimed: &'a Claimed, state: &'a DeliveryState, problem: Option<&'a Problem>) -> Self {
        let Delivery { id, run, step, connection, operation, .. } = &claimed.delivery;
        Self {
            run: *run,
            flow: &claimed.flow,
            flow_digest: &claimed.flow_digest,
            delivery: *id,
            step,
            connection,
            operation,
            attempts: claimed.attempt,
            state,
            problem,
            first_of: None,
            just_done: None,
            lease_number: claimed.lease.number,
        }
    }

    /// The next step, as it begins.
    pub(crate) fn of_next(new: &'a NewDelivery, before: Followed<'a>, output: Option<&'a str>) -> Self {
        let told = Self::of_new(new, (before.delivery.run, before.flow, before.flow_digest), None);
        Self { just_done: output.map(|output| (&before.delivery.step, output)), ..told }
    }

    /// The first step of a run that is about to be written, when it has one.
    pub(crate) fn of_first(run: &'a NewRun) -> Option<Self> {
        Some(Self::of_new(run.first.as_ref()?, (run.id, &run.flow, &run.flow_digest), Some(run)))
    }

    fn of_new(
        new: &'a NewDelivery,
        (run, flow, flow_digest): (RunId, &'a Name, &'a Digest),
        first_of: Option<&'a NewRun>,
    ) -> Self {
        Self {
            run,
            flow,
            flow_digest,
            delivery: new.id,
            step: &new.step,
            connection: &new.connection,
            operation: &new.operation,
            attempts: 0,
            state: &new.state,
            problem: None,
            first_of,
            just_done: None,
            lease_number: 0,
        }
    }

    /// In the shape of Standard Webhooks.
    fn notice(&self, occasion: NoticeOccasion) -> Value {
        let (reason, problem, at) = match self.state {
            DeliveryState::Attention(attention) => (Some(attention.reason), Some(&attention.problem), attention.since),
            DeliveryState::Closed { at, .. } => (None, self.problem, *at),
            _ => (None, self.problem, Timestamp::default()),
        };
        let mut data = json!({
            "run": self.run,
            "flow": self.flow,
            "delivery": self.delivery,
            "step": self.step,
            "connection": self.connection,
            "operation": self.operation,
            "attempts": self.attempts,
            "problem": problem.map(|problem| json!({"code": problem.code, "message": problem.message})),
        });
        if let Some(reason) = reason {
            data["reason"] = json!(reason);
        }
        json!({"type": occasion.event(), "timestamp": at, "data": data})
    }
}

/// A notice with everything that one can have, for those who say beforehand whether they would take it.
pub(crate) fn sample() -> Value {
    let problem = Problem::new("rejected", "The target refused.");
    let state = DeliveryState::Attention(Attention::new(Reason::Rejected, problem, Timestamp::default()));
    sample_of(&state, |told| told.notice(NoticeOccasion::Attention))
}

/// What is made of a made-up delivery that goes there.
pub(crate) fn sample_of(state: &DeliveryState, make: impl FnOnce(&Told<'_>) -> Value) -> Value {
    let name: Name = "name".parse().expect("it is a name");
    make(&Told {
        run: RunId::from_bytes([0; 16]),
        flow: &name,
        flow_digest: &Digest::from_bytes([0; 32]),
        delivery: DeliveryId::from_bytes([0; 16]),
        step: &name,
        connection: &name,
        operation: &name,
        attempts: 1,
        state,
        problem: None,
        first_of: None,
        just_done: None,
        lease_number: 1,
    })
}

impl Engine {
    /// What the owner of the flow is told, if anything, as the run that carries it.
    pub(crate) async fn notice(
        &self,
        told: &Told<'_>,
        flow: &CompiledFlow,
        whose: &Whose,
    ) -> Result<Option<NewRun>, StoreError> {
        let Some(owner) = &flow.flow.owner_notice else { return Ok(None) };
        let Some(occasion) = owner.occasion(told.state) else { return Ok(None) };
        // Whoever carries notices tells nobody, also when that was configured behind our back. What was started for a
        // failure carries none.
        if whose.is_caused && !whose.stands_for_another {
            return Ok(None);
        }
        let carrier = match self.flows.present(&owner.flow).await {
            Ok(carrier) => carrier,
            Err(FlowError::Store(error)) => return Err(error),
            Err(error) => {
                tracing::error!(%error, delivery = %told.delivery, "the owner cannot be told of {}", told.delivery);
                return Ok(None);
            }
        };
        Ok(Some(self.caused_run(CausedRun {
            flow: &carrier,
            by: told.delivery,
            key: format!("{}/{}", told.delivery, told.lease_number),
            submission: &told.notice(occasion),
            attachments: Vec::new(),
            stands_for: None,
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_names_places_and_nothing_of_what_was_submitted() {
        let notice = sample();
        let keys =
            |value: &Value| value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect::<Vec<_>>();
        assert_eq!(keys(&notice), ["data", "timestamp", "type"]);
        let expected = ["attempts", "connection", "delivery", "flow", "operation", "problem", "reason", "run", "step"];
        assert_eq!(keys(&notice["data"]), expected);
        assert_eq!(keys(&notice["data"]["problem"]), ["code", "message"]);
    }
}
