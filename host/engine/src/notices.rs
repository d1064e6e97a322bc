//! What the owner of a flow is told of its deliveries: a run of the flow that carries notices, in the transaction of the
//! fact that it tells of. Says what happened and where to look, and nothing of what was submitted.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sluse_model::{
    Attention, Delivery, DeliveryId, DeliveryState, Digest, Name, NewDelivery, NoticeOccasion, Problem, Reason, RunId,
    Timestamp,
};
use sluse_store::{Claimed, NewRun, StoreError};

use crate::{
    Engine,
    flows::{CompiledFlow, FlowError},
    follow::{Followed, tell_of_new},
    mapping::{RunFacts, Scope},
};

/// What is told: a delivery that has gone somewhere, and why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told<'a> {
    run: RunId,
    flow: &'a Name,
    /// The version of the flow that the run keeps to.
    flow_digest: &'a Digest,
    delivery: DeliveryId,
    step: &'a Name,
    connection: &'a Name,
    operation: &'a Name,
    attempts: u32,
    state: &'a DeliveryState,
    problem: Option<&'a Problem>,
    /// Its run is written together with it: nobody was told of that run before.
    is_first: bool,
    /// The lease under which it went there; 0 when it began there. Each leads somewhere once.
    lease_number: u64,
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
            is_first: false,
            lease_number: claimed.lease.number,
        }
    }

    /// The next step, as it begins.
    pub(crate) fn of_next(new: &'a NewDelivery, before: Followed<'a>) -> Self {
        Self::of_new(new, (before.delivery.run, before.flow, before.flow_digest), false)
    }

    /// The first step of a run that is about to be written.
    pub(crate) fn of_first(run: &'a NewRun) -> Self {
        Self::of_new(&run.first, (run.id, &run.flow, &run.flow_digest), run.caused_by.is_none())
    }

    fn of_new(new: &'a NewDelivery, (run, flow, flow_digest): (RunId, &'a Name, &'a Digest), is_first: bool) -> Self {
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
            is_first,
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
    let name: Name = "name".parse().expect("it is a name");
    let state = DeliveryState::Attention(Attention::new(
        Reason::Rejected,
        Problem::new("rejected", "The target refused."),
        Timestamp::default(),
    ));
    let told = Told {
        run: RunId::from_bytes([0; 16]),
        flow: &name,
        flow_digest: &Digest::from_bytes([0; 32]),
        delivery: DeliveryId::from_bytes([0; 16]),
        step: &name,
        connection: &name,
        operation: &name,
        attempts: 1,
        state: &state,
        problem: None,
        is_first: true,
        lease_number: 1,
    };
    told.notice(NoticeOccasion::Attention)
}

impl Engine {
    /// What the owner of the flow is told, if anything, as the run that carries it.
    pub(crate) async fn notice(&self, told: Told<'_>) -> Result<Option<NewRun>, StoreError> {
        if NoticeOccasion::of(told.state).is_none() {
            return Ok(None);
        }
        let flow = match self.flows.version(told.flow, told.flow_digest).await {
            Ok(flow) => flow,
            Err(FlowError::Store(error)) => return Err(error),
            // What became of the run says so.
            Err(_) => return Ok(None),
        };
        let Some(owner) = &flow.flow.owner_notice else { return Ok(None) };
        let Some(occasion) = owner.occasion(told.state) else { return Ok(None) };
        // Whoever carries notices tells nobody, also when that was configured behind our back.
        let tells = told.is_first || self.store.run(told.run).await?.is_some_and(|run| run.run.caused_by.is_none());
        if !tells {
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
        Ok(Some(self.carried(&carrier, &told, told.notice(occasion))))
    }

    fn carried(&self, carrier: &CompiledFlow, told: &Told<'_>, notice: Value) -> NewRun {
        let now = self.clock.now();
        let id = RunId::new(now, &*self.dice);
        let key = format!("{}/{}", told.delivery, told.lease_number);
        let run = RunFacts { id, flow: &carrier.flow.name, accepted_at: now, idempotency_key: Some(&key) };
        let scope = Scope { submission: &notice, attachments: &[], steps: &BTreeMap::new(), run };
        let first = self.new_delivery(carrier, 0, &scope, now);
        tell_of_new(&first);
        let submission = notice.to_string();
        NewRun {
            id,
            flow: carrier.flow.name.clone(),
            flow_digest: carrier.digest,
            attachments: Vec::new(),
            idempotency_key: Some(key),
            body_digest: Digest::of(&submission),
            submission,
            caused_by: Some(told.delivery),
            accepted_at: now,
            first,
            along: Vec::new(),
        }
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
