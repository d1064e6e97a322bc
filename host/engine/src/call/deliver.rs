//! A call that is durable: a delivery in a run of its own, accepted before anything is sent, and waited for.

use std::{sync::Arc, time::Duration};

use sluse_model::{DeliveryId, DeliveryState, Digest, NewDelivery, Resolution, RunId, Timestamp, call_flow, call_key};
use sluse_store::{DeliveryDetail, NewRun, StoreError};
use tokio::time::{Instant, sleep_until};

use super::{CallError, CallFailure, CallRequest, Called, awaited::Awaited};
use crate::{
    Engine,
    dispatcher::Place,
    gates::Pass,
    submit::{SubmitError, check_key},
};

/// A delivery that is waited for is looked at this often, whatever is heard of it: another host may have it.
const SLOW_LOOK: Duration = Duration::from_secs(1);

impl Engine {
    pub(super) async fn call_durably(
        self: &Arc<Self>,
        request: CallRequest,
        deadline: Instant,
    ) -> Result<Called, CallError> {
        check_key(request.idempotency_key.as_deref())?;
        let way = self.way_ahead(&request, deadline).await;
        if self.stopping() {
            return Err(SubmitError::Stopping.into());
        }
        let first = DeliveryId::new(self.clock.now(), &*self.dice);
        let run = self.run_of_call(first, request, self.clock.now()).await?;
        // Waited for before it is there: its end may come at once.
        let mut awaited = self.calls.wait_for(first);
        let (engine, now) = (self.clone(), run.accepted_at);
        let submitted = self.to_the_end(async move { engine.take_in(run, now, way).await }).await?;
        if submitted.before {
            awaited = self.calls.wait_for(self.delivery_of(submitted.run).await?);
        } else {
            self.moved_on(&mut awaited, deadline).await;
        }
        self.answer_of(awaited, deadline).await
    }

    /// A place and a pass for the first attempt. Half of the time is spent on it: then it waits in the queue, and may be
    /// through in the other half.
    async fn way_ahead(self: &Arc<Self>, request: &CallRequest, deadline: Instant) -> Option<(Place, Pass)> {
        let half = deadline - request.within / 2;
        self.way(&request.connection, half).await.ok()
    }

    async fn run_of_call(&self, id: DeliveryId, request: CallRequest, now: Timestamp) -> Result<NewRun, StoreError> {
        let CallRequest { connection, operation, input, idempotency_key, .. } = request;
        let flow_digest = self.flows.of_call(&connection, &operation, now).await?;
        let flow = call_flow(&connection, &operation).name;
        let input = input.to_string();
        let first = NewDelivery {
            id,
            step_index: 0,
            step: flow.clone(),
            connection: connection.clone(),
            operation: operation.clone(),
            input: input.clone(),
            ordering_key: None,
            state: DeliveryState::Queued { due: now },
            accepted_at: now,
        };
        Ok(NewRun {
            id: RunId::new(now, &*self.dice),
            flow,
            flow_digest,
            body_digest: Digest::of(&input),
            submission: input,
            attachments: Vec::new(),
            idempotency_key: idempotency_key.map(|key| call_key(&connection, &operation, &key)),
            caused_by: None,
            stands_for: None,
            accepted_at: now,
            skipped: Vec::new(),
            first: Some(first),
            along: Vec::new(),
        })
    }

    /// The delivery of a run that was accepted before.
    async fn delivery_of(&self, run: RunId) -> Result<DeliveryId, StoreError> {
        let detail = self.store.run(run).await?;
        let first = detail.and_then(|detail| detail.deliveries.into_iter().next());
        first.map(|delivery| delivery.id).ok_or_else(|| StoreError::NotFound(format!("delivery of run `{run}`")))
    }

    /// What became of the delivery, once that can be said, or where it stands at the end of the time.
    async fn answer_of(&self, mut awaited: Awaited<'_>, deadline: Instant) -> Result<Called, CallError> {
        let delivery = awaited.delivery();
        loop {
            let detail = self.store.delivery(delivery).await?;
            let detail = detail.ok_or_else(|| StoreError::NotFound(format!("delivery `{delivery}`")))?;
            let state = detail.delivery.state.as_str();
            if let Some(answer) = answer(detail) {
                return answer;
            }
            // Once the engine stops, only what is under way still comes to anything.
            let waits_for_a_start = self.stopping() && !self.dispatcher.holds(&delivery);
            if waits_for_a_start || Instant::now() >= deadline {
                return Ok(Called::UnderWay { delivery, state });
            }
            self.moved_on(&mut awaited, deadline).await;
        }
    }

    /// Waits until there may be something new.
    async fn moved_on(&self, awaited: &mut Awaited<'_>, deadline: Instant) {
        let is_stopping = self.stopping();
        tokio::select! {
            () = awaited.ended() => {}
            () = sleep_until(deadline.min(Instant::now() + SLOW_LOOK)) => {}
            () = self.dispatcher.stop.cancelled(), if !is_stopping => {}
        }
    }
}

/// What is answered of a delivery; nothing while it is under way.
fn answer(detail: DeliveryDetail) -> Option<Result<Called, CallError>> {
    match &detail.delivery.state {
        DeliveryState::Closed { resolution: Resolution::Succeeded, .. } => {
            let revision = detail.attempts.last().map(|attempt| attempt.revision);
            let output = detail.delivery.output.unwrap_or_else(|| "null".to_owned());
            Some(Ok(Called::Done { delivery: detail.delivery.id, output, revision }))
        }
        DeliveryState::Closed { resolution: Resolution::Failed, .. } | DeliveryState::Attention(_) => {
            Some(Err(CallError::Failed(Box::new(CallFailure::of_delivery(&detail)))))
        }
        _ => None,
    }
}
