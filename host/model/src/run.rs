//! One execution of a flow for one submission.

use serde::{Deserialize, Serialize};

use crate::{DeliveryId, Digest, Name, RunId, Timestamp};

/// One execution of a flow for one submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub id: RunId,
    pub flow: Name,
    /// The version of the flow that the run keeps to.
    pub flow_digest: Digest,
    pub state: RunState,
    pub accepted_at: Timestamp,
    /// When its last delivery closed.
    pub closed_at: Option<Timestamp>,
    /// The key that the submission came with.
    pub idempotency_key: Option<String>,
    /// The delivery whose fate it tells of, when the host itself handed it in.
    pub caused_by: Option<DeliveryId>,
    /// The failed run that it was started for.
    pub stands_for: Option<RunId>,
    /// The run that was started because this one failed; one ever.
    pub handled_by: Option<RunId>,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// A step is under way, or waits to be tried again.
    Running,
    /// A step waits for a person.
    Attention,
    /// Every step has succeeded, or was skipped. Final.
    Succeeded,
    /// A step was closed without success. Final.
    Failed,
}

impl RunState {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Running, Self::Attention, Self::Succeeded, Self::Failed];

    /// The name as people see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Attention => "attention",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}
