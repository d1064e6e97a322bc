//! What goes on with a run once a delivery has been judged: the next step, or the end.

use std::collections::BTreeMap;

use serde_json::Value;
use sluse_model::{
    Attention, Delivery, DeliveryId, DeliveryState, Digest, Name, NewDelivery, Problem, Reason, Resolution, RunState,
    Timestamp,
};
use sluse_store::{Claimed, Follow, RunDetail, StoreError};

use crate::{
    Engine,
    flows::{CompiledFlow, FlowError, output_value},
    mapping::{RunFacts, Scope},
};

/// The name of a delivery's state, with the reason or the resolution where there is one.
pub(crate) fn state_name(state: &DeliveryState) -> &'static str {
    match state {
        DeliveryState::Attention(attention) => attention.reason.as_str(),
        DeliveryState::Closed { resolution: Resolution::Succeeded, .. } => "succeeded",
        DeliveryState::Closed { resolution: Resolution::Failed, .. } => "failed",
        other => other.as_str(),
    }
}

/// A delivery with the version of the flow that its run keeps to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Followed<'a> {
    pub(crate) delivery: &'a Delivery,
    pub(crate) flow: &'a Name,
    pub(crate) flow_digest: &'a Digest,
}

impl<'a> From<&'a Claimed> for Followed<'a> {
    fn from(claimed: &'a Claimed) -> Self {
        Self { delivery: &claimed.delivery, flow: &claimed.flow, flow_digest: &claimed.flow_digest }
    }
}

impl Engine {
    /// What follows for the run when its present delivery goes to `state`.
    pub(crate) async fn follow(
        &self,
        claimed: &Claimed,
        state: &DeliveryState,
        output: Option<&str>,
    ) -> Result<Follow, StoreError> {
        self.follow_on(claimed.into(), state, output).await
    }

    /// The same for a delivery that nobody works on.
    pub(crate) async fn follow_on(
        &self,
        followed: Followed<'_>,
        state: &DeliveryState,
        output: Option<&str>,
    ) -> Result<Follow, StoreError> {
        Ok(match state {
            DeliveryState::Queued { .. }
            | DeliveryState::Running { .. }
            | DeliveryState::Retrying { .. }
            | DeliveryState::Waiting { .. } => Follow::Stay(RunState::Running),
            DeliveryState::Attention(_) => Follow::Stay(RunState::Attention),
            DeliveryState::Closed { resolution: Resolution::Failed, .. } => Follow::Close(RunState::Failed),
            DeliveryState::Closed { resolution: Resolution::Succeeded, at } => {
                self.after_success(followed, output, *at).await?
            }
        })
    }

    async fn after_success(
        &self,
        followed: Followed<'_>,
        output: Option<&str>,
        now: Timestamp,
    ) -> Result<Follow, StoreError> {
        let flow = match self.flows.version(followed.flow, followed.flow_digest).await {
            Ok(flow) => flow,
            Err(FlowError::Store(error)) => return Err(error),
            Err(error) => return Ok(self.blocked(followed, error.to_string(), now)),
        };
        let index = followed.delivery.step_index as usize + 1;
        if index >= flow.flow.steps.len() {
            return Ok(Follow::Close(RunState::Succeeded));
        }
        let run = self.store.run(followed.delivery.run).await?;
        let run = run.ok_or_else(|| StoreError::NotFound(format!("run `{}`", followed.delivery.run)))?;
        Ok(self.next(&flow, index, &run, followed, output, now))
    }

    fn next(
        &self,
        flow: &CompiledFlow,
        index: usize,
        run: &RunDetail,
        followed: Followed<'_>,
        output: Option<&str>,
        now: Timestamp,
    ) -> Follow {
        let step = &flow.flow.steps[index];
        let mut steps: BTreeMap<Name, Value> = run
            .deliveries
            .iter()
            .map(|delivery| (delivery.step.clone(), output_value(delivery.output.as_deref())))
            .collect();
        steps.insert(followed.delivery.step.clone(), output_value(output));
        let submission = output_value(Some(&run.submission));
        let scope = Scope {
            submission: &submission,
            attachments: &run.attachments,
            steps: &steps,
            run: RunFacts {
                id: run.run.id,
                flow: &run.run.flow,
                accepted_at: run.run.accepted_at,
                idempotency_key: run.run.idempotency_key.as_deref(),
            },
        };
        let (input, ordering_key, state) = match flow.render(index, &scope) {
            Ok((input, key)) => (input, key, DeliveryState::Queued { due: now }),
            Err(error) => ("null".to_owned(), None, not_mapped(step.name.as_str(), error.to_string(), now)),
        };
        Follow::Next(Box::new(NewDelivery {
            id: DeliveryId::new(now, &*self.dice),
            step_index: u32::try_from(index).unwrap_or(u32::MAX),
            step: step.name.clone(),
            connection: step.connection.clone(),
            operation: step.operation.clone(),
            input,
            ordering_key,
            state,
            accepted_at: now,
        }))
    }

    /// Whether there is a next step cannot be said: a person has to look, so that the run is not lost.
    fn blocked(&self, followed: Followed<'_>, detail: String, now: Timestamp) -> Follow {
        Follow::Next(Box::new(NewDelivery {
            id: DeliveryId::new(now, &*self.dice),
            step_index: followed.delivery.step_index + 1,
            step: followed.delivery.step.clone(),
            connection: followed.delivery.connection.clone(),
            operation: followed.delivery.operation.clone(),
            input: "null".into(),
            ordering_key: None,
            state: not_mapped(followed.delivery.step.as_str(), detail, now),
            accepted_at: now,
        }))
    }
}

fn not_mapped(step: &str, detail: String, now: Timestamp) -> DeliveryState {
    let message = format!("The input of step `{step}` cannot be computed from the submission and the earlier steps.");
    let problem = Problem::new("mapping-failed", message).with_detail(detail);
    DeliveryState::Attention(Attention::new(Reason::MappingFailed, problem, now))
}
