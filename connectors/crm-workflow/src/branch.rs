//! The paths that a script may take after *Workflow Execute*, under the names of its documentation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The path that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Branch {
    /// None of the others.
    Default,
    /// The execution met an error, or ended with errors beside its results.
    InternalError,
    /// The workflow is not there, or cannot be used.
    InvalidWorkflow,
    /// Agent integrations are not enabled for the tenant.
    NotConfigured,
    /// It ended without error, and every call of an API succeeded.
    Success,
    /// It took longer than `timeoutMilliSec`.
    Timeout,
    /// An input cannot be right: the configuration's id, the workflow's, or the payload.
    ValidationError,
}

impl Branch {
    /// It says whether the workflow was run. By the usual table no answer that leaves it open takes one of these.
    pub(crate) fn is_sure(self) -> bool {
        matches!(self, Self::Success | Self::ValidationError | Self::InvalidWorkflow | Self::NotConfigured)
    }
}
