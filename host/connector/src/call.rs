//! One call of a component: on whose behalf, within which limits, and how it can end.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use sluse_model::{Failure, Limits, Timestamp};

/// On whose behalf a component is called, and when.
#[derive(Debug, Clone)]
pub struct Call {
    /// The delivery; the same on every attempt.
    pub delivery: String,
    /// From 1.
    pub attempt: u32,
    /// The same on every attempt.
    pub accepted_at: Timestamp,
    /// When this attempt began.
    pub attempt_at: Timestamp,
    /// The connection's settings, JSON text.
    pub settings: Arc<str>,
}

/// What one call may use.
#[derive(Debug, Clone, Copy)]
pub struct CallLimits {
    /// All memories and tables of the instance together.
    pub memory_bytes: u64,
    /// Time on the processor.
    pub cpu: Duration,
    /// Time by the clock, all waiting included.
    pub wall: Duration,
}

impl From<&Limits> for CallLimits {
    fn from(limits: &Limits) -> Self {
        Self {
            memory_bytes: limits.memory_bytes,
            cpu: Duration::from_millis(limits.cpu_ms),
            wall: Duration::from_millis(limits.timeout_ms),
        }
    }
}

/// How the waiting of a delivery ended.
#[derive(Debug, Clone)]
pub enum Arrival {
    /// The target answered.
    Answered { media_type: String, body: Bytes },
    /// No answer came in time.
    TimedOut,
}

/// How a call ended: with what the component said, or because it broke.
pub type Ended<T> = Result<Result<T, Failure>, Breakage>;

/// A call ended without the component having its say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Breakage {
    pub kind: BreakageKind,
    /// What happened and which limit to raise where, for support.
    pub message: String,
}

/// Why a call ended without the component having its say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakageKind {
    /// It trapped.
    Trapped,
    /// It used more time on the processor than it may.
    CpuExceeded,
    /// It wanted more memory than it may have.
    MemoryExceeded,
    /// It took more time by the clock than it may.
    TimedOut,
    /// It answered what the contract does not allow.
    ContractBroken,
    /// It exports no such interface.
    NotExported,
}
