//! A call that only reads: no row, no queue, and nothing that is tried again.

use std::sync::Arc;

use sluse_connector::{Call, CallLimits};
use sluse_model::{AttemptEnd, DeliveryId, Digest};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::{CallError, CallFailure, CallRequest, Called, Target, way::NoWay};
use crate::{
    Engine, SubmitError,
    host::LookHost,
    judgement::{fitting, judge, took_too_long, with_the_host_s_part},
};

impl Engine {
    pub(super) async fn call_to_read(
        self: &Arc<Self>,
        target: &Target,
        request: CallRequest,
        deadline: Instant,
    ) -> Result<Called, CallError> {
        // Names nothing that is kept: for the connector, and for those who read logs.
        let id = DeliveryId::new(self.clock.now(), &*self.dice);
        let span = tracing::debug_span!(
            "engine.call",
            call = %id,
            connection = %request.connection,
            operation = %request.operation,
        );
        // An engine that stops waits for it.
        let _under_way = self.attempts.token();
        let end = self.read(target, &request, id, deadline).instrument(span).await?;
        tell(&request, &id, &end, target.digest);
        match end {
            AttemptEnd::Done { output } => Ok(Called::Read { output, revision: target.digest }),
            end => Err(CallError::Failed(Box::new(CallFailure::of_end(end)))),
        }
    }

    async fn read(
        self: &Arc<Self>,
        target: &Target,
        request: &CallRequest,
        id: DeliveryId,
        deadline: Instant,
    ) -> Result<AttemptEnd, CallError> {
        let late = || CallError::DeadlinePassed {
            operation: request.operation.clone(),
            within_ms: request.within.as_millis(),
        };
        let way = self.way(&request.connection, deadline).await;
        let (_place, mut pass) = way.map_err(|no_way| match no_way {
            NoWay::Held(Some(hold)) => CallError::gate_closed(request.connection.clone(), hold, self.clock.now()),
            NoWay::Held(None) => CallError::UnknownConnection(request.connection.clone()),
            NoWay::Busy => CallError::Busy,
        })?;
        pass.begin();
        let began_at = self.clock.now();
        let end = tokio::select! {
            end = timeout_at(deadline, self.execute(target, request, id, deadline)) => end.map_err(|_| late())?,
            () = self.dispatcher.cut_off.cancelled() => return Err(SubmitError::Stopping.into()),
        };
        let took = self.clock.now().since(began_at);
        self.counts.attempted(&request.connection, &request.operation, end.kind(), took);
        // The sandbox may be the first to notice that the time is over.
        if took_too_long(&end) && Instant::now() >= deadline { Err(late()) } else { Ok(end) }
    }

    async fn execute(
        self: &Arc<Self>,
        target: &Target,
        request: &CallRequest,
        id: DeliveryId,
        deadline: Instant,
    ) -> AttemptEnd {
        let now = self.clock.now();
        let call = Call {
            delivery: id.to_string(),
            attempt: 1,
            accepted_at: now,
            attempt_at: now,
            settings: target.connection.settings(),
        };
        let limits = CallLimits::from(&target.connection.connection().limits);
        let limits = CallLimits { wall: limits.wall.min(deadline - Instant::now()), ..limits };
        let host = LookHost::of_read(self.clone(), target.connection.clone());
        let record = host.record();
        let (operation, input) = (request.operation.as_str(), request.input.to_string());
        let span = tracing::debug_span!("sandbox.invoke");
        let connector = &target.revision.connector;
        let ended = connector.execute(call, operation, &input, limits, Box::new(host)).instrument(span).await;
        let end = judge(ended, record.wait(), self.clock.now());
        with_the_host_s_part(fitting(target.revision.operation(&request.operation), end), &record.finish())
    }
}

fn tell(request: &CallRequest, id: &DeliveryId, end: &AttemptEnd, revision: Digest) {
    let CallRequest { connection, operation, .. } = request;
    let (outcome, revision) = (end.kind(), revision.short());
    tracing::info!(%connection, %operation, call = %id, outcome, %revision, "call of `{operation}` at `{connection}`: {outcome}");
}
