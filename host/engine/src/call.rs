//! One operation, asked for by somebody who waits for its answer. What only reads runs at once and leaves nothing behind;
//! everything else is a delivery like any other, which goes ahead of the queue where the gates leave room.

mod awaited; // who waits for which delivery
mod deliver; // what is durable
mod failure; // what came of it instead
mod read; // what only reads
mod way; // a place and a pass

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use sluse_model::{DeliveryId, DeliveryState, Digest, GateHold, GateKind, Name, Timestamp};
use sluse_store::StoreError;
use tokio::time::Instant;

use crate::{
    Engine,
    connections::{ConnectionError, LiveConnection},
    revisions::{LoadedRevision, OperationSchemas, RevisionError},
    schema::Violation,
    submit::SubmitError,
};

pub(crate) use awaited::Calls;
pub use failure::{CallClass, CallFailure, FailedDelivery};

/// What is asked of a connection, by somebody who waits.
#[derive(Debug, Clone)]
pub struct CallRequest {
    pub connection: Name,
    pub operation: Name,
    /// Valid against the operation's input schema.
    pub input: Value,
    /// The same key with the same input is the same delivery. What only reads needs none.
    pub idempotency_key: Option<String>,
    /// How long whoever asks waits.
    pub within: Duration,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Called {
    /// It only read, and nothing is kept of it. The output is JSON text.
    Read { output: String, revision: Digest },
    /// It was delivered. The revision is that of its last attempt; a person may have resolved it without any.
    Done { delivery: DeliveryId, output: String, revision: Option<Digest> },
    /// It was accepted, and goes on without anybody waiting. With the name of its state.
    UnderWay { delivery: DeliveryId, state: &'static str },
}

/// Why there is no output.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    #[error("there is no connection `{0}`")]
    UnknownConnection(Name),
    #[error("connector `{connector}` has no operation `{operation}`")]
    UnknownOperation { connector: Name, operation: Name },
    #[error("the input does not fit operation `{operation}`")]
    DoesNotFit { operation: Name, violations: Vec<Violation> },
    /// Nothing could begin there.
    #[error("{0}")]
    NotReady(String),
    /// It only reads, and was not begun.
    #[error("connection `{connection}` lets nothing through now: {}", .hold.message)]
    GateClosed { connection: Name, hold: GateHold, retry_after: Duration },
    /// It only reads, and was not begun.
    #[error("the host does as many calls at once as it may; try again")]
    Busy,
    /// It only reads, and was called off.
    #[error("operation `{operation}` did not answer within {within_ms} ms; nothing is left behind, ask again")]
    DeadlinePassed { operation: Name, within_ms: u128 },
    /// It ended, and not as it should.
    #[error("{0}")]
    Failed(Box<CallFailure>),
    /// It was not accepted.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A place becomes free with the next call that ends.
const SOON: Duration = Duration::from_secs(1);

/// A target that says nothing of it is left alone for a moment.
const LATER: Duration = Duration::from_secs(5);

/// Nobody knows when a person lets go of what they have paused.
const PAUSED: Duration = Duration::from_secs(60);

impl CallError {
    fn gate_closed(connection: Name, hold: GateHold, now: Timestamp) -> Self {
        let retry_after = match (hold.until, hold.kind) {
            (Some(until), _) => until.since(now),
            (None, GateKind::Paused) => PAUSED,
            (None, _) => SOON,
        };
        Self::GateClosed { connection, hold, retry_after }
    }

    /// When to ask again. Nothing where that is not for whoever asked, but for those who look after the delivery.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::GateClosed { retry_after, .. } => Some(*retry_after),
            Self::Busy | Self::DeadlinePassed { .. } => Some(SOON),
            Self::NotReady(_) | Self::Submit(SubmitError::Stopping) => Some(LATER),
            Self::Failed(failure) if failure.class == CallClass::Unavailable && failure.delivery.is_none() => {
                Some(failure.retry_after.unwrap_or(LATER))
            }
            _ => None,
        }
    }
}

/// What a call runs on.
struct Target {
    connection: Arc<LiveConnection>,
    revision: Arc<LoadedRevision>,
    digest: Digest,
}

impl Target {
    fn schemas(&self, operation: &Name) -> Result<&OperationSchemas, CallError> {
        let connector = &self.connection.connection().connector;
        self.revision
            .operation(operation)
            .ok_or_else(|| CallError::UnknownOperation { connector: connector.clone(), operation: operation.clone() })
    }
}

impl Engine {
    /// Does one operation, and waits for what comes of it. What only reads is called off at the end of the time, or when
    /// whoever waits goes away; everything else goes on once it is accepted.
    pub async fn call(self: &Arc<Self>, request: CallRequest) -> Result<Called, CallError> {
        let deadline = Instant::now() + request.within;
        if self.stopping() {
            return Err(SubmitError::Stopping.into());
        }
        let target = self.target(&request.connection).await?;
        let schemas = target.schemas(&request.operation)?;
        schemas
            .input
            .check(&request.input)
            .map_err(|violations| CallError::DoesNotFit { operation: request.operation.clone(), violations })?;
        if schemas.reads_only {
            self.call_to_read(&target, request, deadline).await
        } else {
            self.call_durably(request, deadline).await
        }
    }

    /// Tells those who wait for a delivery that there is something to be said of it.
    pub(crate) fn tell_callers(&self, delivery: &DeliveryId, state: &DeliveryState) {
        if matches!(state, DeliveryState::Closed { .. } | DeliveryState::Attention(_)) {
            self.calls.ended(delivery);
        }
    }

    /// The connection, with the active revision of its connector.
    async fn target(&self, name: &Name) -> Result<Target, CallError> {
        let connection = self.connections.get(self, name).await.map_err(|error| match error {
            ConnectionError::Unknown(name) => CallError::UnknownConnection(name),
            ConnectionError::Store(error) => CallError::Store(error),
            error => CallError::NotReady(error.to_string()),
        })?;
        let connector = &connection.connection().connector;
        let active = self.store.active(connector).await?;
        let active =
            active.ok_or_else(|| CallError::NotReady(format!("connector `{connector}` has no active revision")))?;
        let revision = self.revisions.get(&active.digest).await.map_err(|error| match error {
            RevisionError::Store(error) => CallError::Store(error),
            error => CallError::NotReady(error.to_string()),
        })?;
        Ok(Target { connection, revision, digest: active.digest })
    }
}
