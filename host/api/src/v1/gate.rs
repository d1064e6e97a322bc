//! A gate that is closed, as it is sent.

use serde::{Deserialize, Serialize};
use sluse_model::{GateHold, GateKind, Timestamp};

use crate::openapi::schema::{Schema, object, one_of_texts, text, timestamp};

/// A gate that is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GateBody {
    kind: GateKind,
    since: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    message: String,
}

impl From<GateHold> for GateBody {
    fn from(GateHold { kind, since, until, message }: GateHold) -> Self {
        Self { kind, since, until, message }
    }
}

pub(crate) fn schema() -> Schema {
    object()
        .with("kind", one_of_texts(GateKind::ALL.map(GateKind::as_str)))
        .with("since", timestamp())
        .may_have("until", timestamp().about("Absent when it opens with something that happens, not with time."))
        .with("message", text())
        .about("A gate of a connection that lets nothing through now.")
        .named("Gate")
}
