//! One row of the table that says which branch an answer takes.

use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::branch::Branch;

/// What answers of a kind mean.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// A status, or a range of them: `404`, `500-599`.
    pub(crate) status: Status,
    /// Only answers whose body contains this text, compared without case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) says: Option<String>,
    /// The branch that they take.
    pub(crate) branch: Branch,
}

/// A status, or a range of them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Status {
    /// `404`
    One(u16),
    /// `"404"` or `"500-599"`
    Text(String),
}

impl Status {
    /// `None` when it is neither.
    pub(crate) fn range(&self) -> Option<RangeInclusive<u16>> {
        let text = match self {
            Self::One(status) => return Some(*status..=*status),
            Self::Text(text) => text,
        };
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
    }
}

impl Row {
    /// Whether an answer is of the kind.
    pub(crate) fn fits(&self, status: u16, body: &str) -> bool {
        let says = |text: &String| body.to_lowercase().contains(&text.to_lowercase());
        self.status.range().is_some_and(|range| range.contains(&status)) && self.says.as_ref().is_none_or(says)
    }

    fn new(status: &str, branch: Branch) -> Self {
        Self { status: Status::Text(status.to_owned()), says: None, branch }
    }

    fn saying(self, text: &str) -> Self {
        Self { says: Some(text.to_owned()), ..self }
    }
}

/// The table of a connection that has none of its own.
pub(super) fn usual() -> Vec<Row> {
    vec![
        // A part of it failed: the documentation wants "without error", and that outweighs "2xx".
        Row::new("206", Branch::InternalError),
        Row::new("200-299", Branch::Success),
        Row::new("400", Branch::ValidationError),
        Row::new("403", Branch::NotConfigured),
        Row::new("404", Branch::InvalidWorkflow).saying("workflow"),
        // Without a word of the workflow it is the configuration that is not there.
        Row::new("404", Branch::ValidationError),
        Row::new("408", Branch::Timeout),
        Row::new("504", Branch::Timeout),
        Row::new("401", Branch::InternalError),
        Row::new("429", Branch::InternalError),
        Row::new("500-599", Branch::InternalError),
    ]
}
