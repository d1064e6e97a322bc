//! One try of a delivery, in a fresh instance, and how it ended.

use serde::{Deserialize, Serialize};

use crate::{Digest, Failure, Problem, Timestamp};

/// One try of a delivery, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1. What goes on after a callback is the same attempt, under the same number.
    pub number: u32,
    /// It went on with what had waited for a callback.
    pub resumed: bool,
    /// The revision that it ran on.
    pub revision: Digest,
    pub began_at: Timestamp,
    /// Absent while it is under way.
    pub result: Option<AttemptResult>,
}

/// What is kept of how an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptResult {
    pub ended_at: Timestamp,
    /// `done`, `waiting`, `invalid`, `rejected`, `denied`, `unavailable`, `unknown`, `broken`, `misconfigured`,
    /// `timed-out` or `lost`.
    pub kind: String,
    /// What went wrong, if anything did.
    pub problem: Option<Problem>,
}

/// How an attempt ended, as far as the host saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptEnd {
    /// The connector is done; JSON text that is valid against its output schema.
    Done { output: String },
    /// The target will answer at an address that it was given; `state` is what the connector left for then.
    Waiting { state: String, until: Timestamp },
    /// No answer came in time, and the connector could do nothing about it.
    TimedOut(Problem),
    /// The connector said what failed.
    Failed(Failure),
    /// The connector trapped, went over a limit or answered against its own schema.
    Broken(Problem),
    /// The attempt could not begin: the host is not set up for it.
    Misconfigured(Problem),
}

impl AttemptEnd {
    /// The name under which it is kept.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::Waiting { .. } => "waiting",
            Self::TimedOut(_) => "timed-out",
            Self::Failed(Failure::Invalid { .. }) => "invalid",
            Self::Failed(Failure::Rejected { .. }) => "rejected",
            Self::Failed(Failure::Denied { .. }) => "denied",
            Self::Failed(Failure::Unavailable { .. }) => "unavailable",
            Self::Failed(Failure::Unknown { .. }) => "unknown",
            Self::Broken(_) => "broken",
            Self::Misconfigured(_) => "misconfigured",
        }
    }

    /// What went wrong, if anything did.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Done { .. } | Self::Waiting { .. } => None,
            Self::Failed(failure) => Some(failure.problem()),
            Self::TimedOut(problem) | Self::Broken(problem) | Self::Misconfigured(problem) => Some(problem),
        }
    }
}

/// A line on a delivery's timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineLine {
    pub at: Timestamp,
    /// The attempt that it belongs to; 0 for what happened between attempts.
    pub attempt: u32,
    pub level: TimelineLevel,
    /// Control characters are escaped, secrets are scrubbed.
    pub message: String,
}

/// How much a timeline line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimelineLevel {
    Debug,
    Info,
    Warn,
    Error,
}

impl TimelineLevel {
    /// The name as people see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}
