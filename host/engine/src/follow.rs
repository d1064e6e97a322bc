//! What goes on with a run once a delivery has been judged: the next step, or the end.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use serde_json::Value;
use sluse_model::{
    Attention, Delivery, DeliveryId, DeliveryState, Digest, Name, NewDelivery, Problem, Reason, Resolution, RunState,
    SkippedStep, Timestamp,
};
use sluse_store::{Claimed, Follow, NewRun, RunDetail, StoreError};

use crate::{
    Engine,
    flows::{CompiledFlow, Computed, FlowError, Onward, output_value},
    mapping::{RunFacts, Scope},
    notices::Told,
};

/// Where a delivery stands, with the reason or the resolution where there is one.
pub(crate) fn standing(state: &DeliveryState) -> Cow<'static, str> {
    match state {
        DeliveryState::Attention(attention) => format!("attention: {}", attention.reason.as_str()).into(),
        DeliveryState::Closed { resolution: Resolution::Succeeded, .. } => "succeeded".into(),
        DeliveryState::Closed { resolution: Resolution::Failed, .. } => "failed".into(),
        other => other.as_str().into(),
    }
}

/// Whether somebody has to know: it waits for a person, or has failed for good.
pub(crate) fn needs_somebody(state: &DeliveryState) -> bool {
    matches!(state, DeliveryState::Attention(_) | DeliveryState::Closed { resolution: Resolution::Failed, .. })
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

/// What comes of a delivery that goes somewhere.
#[derive(Debug)]
pub(crate) struct Aftermath {
    /// Where it goes: when it waits for a person, with whose work it is.
    pub(crate) state: DeliveryState,
    pub(crate) follow: Follow,
    /// What it causes: what the owner of the flow is told, and what is started for a failure.
    pub(crate) along: Vec<NewRun>,
}

impl Engine {
    /// What comes of it when a delivery goes to `state` because of `problem`, or with `output`.
    pub(crate) async fn aftermath(
        &self,
        claimed: &Claimed,
        state: DeliveryState,
        problem: Option<&Problem>,
        output: Option<&str>,
    ) -> Result<Aftermath, StoreError> {
        let state = self.assigned(claimed.into(), state).await?;
        let follow = self.follow_on(claimed.into(), &state, output).await?;
        let mut along = self.causes(Told::of_claimed(claimed, &state, problem)).await?;
        along.extend(self.causes_of_next(claimed.into(), output, &follow).await?);
        Ok(Aftermath { state, follow, along })
    }

    /// What a next step causes that cannot begin after one with this output.
    pub(crate) async fn causes_of_next(
        &self,
        followed: Followed<'_>,
        output: Option<&str>,
        follow: &Follow,
    ) -> Result<Vec<NewRun>, StoreError> {
        let Some(next) = follow.next() else { return Ok(Vec::new()) };
        tell_of_new(next);
        self.causes(Told::of_next(next, followed, output)).await
    }

    /// The same state; when it waits for a person, with whose work it is by the rules of the flow.
    async fn assigned(&self, followed: Followed<'_>, state: DeliveryState) -> Result<DeliveryState, StoreError> {
        let DeliveryState::Attention(attention) = state else { return Ok(state) };
        let delivery = followed.delivery;
        Ok(DeliveryState::Attention(match self.version_of(followed).await? {
            Ok(flow) => flow.flow.assigned(attention, &delivery.connection, &delivery.step),
            Err(_) => attention,
        }))
    }

    /// The version of the flow that the run keeps to; the inner error when it cannot be used.
    async fn version_of(&self, followed: Followed<'_>) -> Result<Result<Arc<CompiledFlow>, FlowError>, StoreError> {
        match self.flows.version(followed.flow, followed.flow_digest).await {
            Err(FlowError::Store(error)) => Err(error),
            version => Ok(version),
        }
    }

    /// What follows for the run when its present delivery goes to `state`.
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
        let flow = match self.version_of(followed).await? {
            Ok(flow) => flow,
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
        let steps = outputs(&run.deliveries, Some((&followed.delivery.step, output.unwrap_or("null"))));
        let submission = output_value(Some(&run.submission));
        let scope = Scope {
            submission: &submission,
            attachments: &run.attachments,
            steps: &steps,
            skipped: &run.skipped,
            run: RunFacts {
                id: run.run.id,
                flow: &run.run.flow,
                accepted_at: run.run.accepted_at,
                idempotency_key: run.run.idempotency_key.as_deref(),
            },
        };
        match self.begin_from(flow, index, &scope, now) {
            (skipped, Some(next)) if skipped.is_empty() => Follow::Next(Box::new(next)),
            (skipped, next) => Follow::Skip(skipped, next.map(Box::new)),
        }
    }

    /// The steps from one on that are skipped, and the delivery of the first that is not.
    pub(crate) fn begin_from(
        &self,
        flow: &CompiledFlow,
        index: usize,
        scope: &Scope<'_>,
        now: Timestamp,
    ) -> (Vec<SkippedStep>, Option<NewDelivery>) {
        let Onward { skipped, step } = flow.onward(index, scope, now);
        (skipped, step.map(|step| self.new_delivery(flow, step, now)))
    }

    /// The delivery of a step; a person's work when something of it cannot be computed.
    pub(crate) fn new_delivery(&self, flow: &CompiledFlow, computed: Computed, now: Timestamp) -> NewDelivery {
        let Computed { index, input, ordering_key } = computed;
        let step = &flow.flow.steps[index];
        let (input, state) = match input {
            Ok(input) => (input, DeliveryState::Queued { due: now }),
            Err(not) => {
                let attention = not_mapped(not.what, step.name.as_str(), not.error.to_string(), now);
                let assigned = flow.flow.assigned(attention, &step.connection, &step.name);
                ("null".to_owned(), DeliveryState::Attention(assigned))
            }
        };
        NewDelivery {
            id: DeliveryId::new(now, &*self.dice),
            step_index: u32::try_from(index).unwrap_or(u32::MAX),
            step: step.name.clone(),
            connection: step.connection.clone(),
            operation: step.operation.clone(),
            input,
            ordering_key,
            state,
            accepted_at: now,
        }
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
            state: DeliveryState::Attention(not_mapped("input", followed.delivery.step.as_str(), detail, now)),
            accepted_at: now,
        }))
    }
}

/// What the steps of a run have given (JSON text), with what one gives just now.
pub(crate) fn outputs(deliveries: &[Delivery], just_done: Option<(&Name, &str)>) -> BTreeMap<Name, Value> {
    let before = deliveries.iter().filter_map(|delivery| Some((&delivery.step, delivery.output.as_deref()?)));
    before.chain(just_done).map(|(step, output)| (step.clone(), output_value(Some(output)))).collect()
}

/// A warning when it begins as a person's work.
pub(crate) fn tell_of_new(new: &NewDelivery) {
    if needs_somebody(&new.state) {
        let (delivery, standing) = (new.id, standing(&new.state));
        tracing::warn!(%delivery, state = %standing, "delivery {delivery} of step {}: {standing}", new.step);
    }
}

fn not_mapped(what: &str, step: &str, detail: String, now: Timestamp) -> Attention {
    let message = format!("The {what} of step `{step}` cannot be computed from the submission and the earlier steps.");
    let problem = Problem::new("mapping-failed", message).with_detail(detail);
    Attention::new(Reason::MappingFailed, problem, now)
}
