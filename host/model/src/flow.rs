//! What happens to a submission: an ordered list of steps.

use serde::{Deserialize, Serialize};

use crate::Name;

/// An ordered list of steps. A run keeps to the version that it began with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    pub name: Name,
    /// What people call it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// JSON Schema (2020-12) of a submission.
    pub schema: serde_json::Value,
    /// The largest file that a submission may carry.
    #[serde(default = "default_max_attachment_bytes")]
    pub max_attachment_bytes: u64,
    /// The ordering key of the steps that name none: expressions as in [`Step::input`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_by: Option<String>,
    /// Carried out one after the other.
    pub steps: Vec<Step>,
}

/// A scanned set of drawings is large; a film is a mistake.
fn default_max_attachment_bytes() -> u64 {
    512 << 20
}

/// One delivery of a flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What later steps call its output: `steps.<name>`.
    pub name: Name,
    /// What people call it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    pub connection: Name,
    pub operation: Name,
    /// Deliveries for which this amounts to the same text, also those of other runs and flows, go one after the other,
    /// in the order in which they were accepted: expressions as in `input`. Nothing, or an empty text: no order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_by: Option<String>,
    /// The operation's input, with expressions over `submission`, `attachments`, `steps` and `run` in its texts.
    #[serde(default)]
    pub input: serde_json::Value,
}
