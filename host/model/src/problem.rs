//! What a connector says happened. Mirrors `types` of the WIT contract.

use serde::{Deserialize, Serialize};

/// What went wrong, for two readers: the person who runs the flow, and support.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A stable short name in kebab-case, for programs.
    pub code: String,
    /// One sentence for the person who runs the flow.
    pub message: String,
    /// What support needs to find the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Problem {
    /// A problem without detail.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), detail: None }
    }

    /// The same problem with something for support.
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// What happened when it did not work. Says what is the case, never what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Failure {
    /// The input or the settings cannot be right.
    Invalid { problem: Problem },
    /// The target understood and refused.
    Rejected { problem: Problem },
    /// The target refused who we are or what we may do.
    Denied { problem: Problem },
    /// The target could not answer now.
    Unavailable { problem: Problem, retry_after_ms: Option<u64> },
    /// It may or may not have happened, and there is no way to look.
    Unknown { problem: Problem },
}

impl Failure {
    /// What went wrong.
    pub fn problem(&self) -> &Problem {
        match self {
            Self::Invalid { problem }
            | Self::Rejected { problem }
            | Self::Denied { problem }
            | Self::Unavailable { problem, .. }
            | Self::Unknown { problem } => problem,
        }
    }
}

/// The call ended as it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Outcome {
    /// It is done; `output` is JSON text.
    Done { output: String },
    /// It was started, and the target will call back; `state` is handed to `resume`.
    Waiting { state: String },
}
