//! Where a delivery stands.

use serde::{Deserialize, Serialize};

use crate::{Name, Problem, Timestamp};

/// Where a delivery stands. Each variant carries what exists in that state and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum DeliveryState {
    /// Waits for its first attempt, or for one that somebody asked for.
    Queued { due: Timestamp },
    /// An attempt is under way, by whoever holds the lease.
    Running { lease: Lease },
    /// The target was unavailable; the next attempt begins at `due`.
    Retrying { due: Timestamp, problem: Problem },
    /// The target was asked, and is to answer at an address that it was given. At `until` it goes on in any case.
    Waiting { until: Timestamp },
    /// Waits for a person.
    Attention(Attention),
    /// Final.
    Closed { resolution: Resolution, at: Timestamp },
}

impl DeliveryState {
    /// The name as people see it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Running { .. } => "running",
            Self::Retrying { .. } => "retrying",
            Self::Waiting { .. } => "waiting",
            Self::Attention(_) => "attention",
            Self::Closed { .. } => "closed",
        }
    }
}

/// Who works on a delivery, and until when. What was read under a lease is written only while it is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Grows with every claim of this delivery; an older number is refused.
    pub number: u64,
    pub until: Timestamp,
}

/// Why a person has to look, since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attention {
    pub reason: Reason,
    pub problem: Problem,
    pub since: Timestamp,
    /// Whose work it is; nobody's in particular without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<Name>,
}

impl Attention {
    /// For nobody in particular.
    pub fn new(reason: Reason, problem: Problem, since: Timestamp) -> Self {
        Self { reason, problem, since, queue: None }
    }
}

/// Why a person has to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The input or the settings cannot be right.
    Invalid,
    /// The target understood and refused.
    Rejected,
    /// The target refused who we are or what we may do.
    Denied,
    /// It may or may not have happened. Never sent again by itself.
    OutcomeUnknown,
    /// The target was unavailable in every attempt.
    AttemptsExhausted,
    /// The connector broke: it trapped, went over a limit or answered against its own schema.
    ConnectorBroken,
    /// The step's input could not be computed from the submission and the earlier outputs.
    MappingFailed,
    /// The host is not set up for it: a secret is missing, an endpoint is refused.
    Misconfigured,
    /// The target took it on, and did not answer in the time that the connector gave it.
    TimedOut,
}

impl Reason {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::Invalid,
        Self::Rejected,
        Self::Denied,
        Self::OutcomeUnknown,
        Self::AttemptsExhausted,
        Self::ConnectorBroken,
        Self::MappingFailed,
        Self::Misconfigured,
        Self::TimedOut,
    ];

    /// Whether the target may have done what it was asked for: only a person can find out.
    pub fn leaves_doubt(self) -> bool {
        matches!(self, Self::OutcomeUnknown | Self::TimedOut)
    }

    /// The name as people see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Rejected => "rejected",
            Self::Denied => "denied",
            Self::OutcomeUnknown => "outcome-unknown",
            Self::AttemptsExhausted => "attempts-exhausted",
            Self::ConnectorBroken => "connector-broken",
            Self::MappingFailed => "mapping-failed",
            Self::Misconfigured => "misconfigured",
            Self::TimedOut => "timed-out",
        }
    }
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resolution {
    Succeeded,
    Failed,
}
