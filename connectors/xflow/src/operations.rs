//! What the connector can be asked to do with processes, one file each. The paths are those of the public API.

pub(crate) mod advance;
pub(crate) mod get_process;
pub(crate) mod reject;
pub(crate) mod search_processes;

use schemars::JsonSchema;
use serde::Serialize;

use crate::process::{Activity, Process};

/// Where a process is after it was asked to move.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Moved {
    /// The public id.
    process_id: String,
    /// Whether this delivery moved it, as far as this attempt can tell; false when it was there already.
    moved: bool,
    /// Where it is now; null when nobody has looked.
    current_activity: Option<Activity>,
}

impl Moved {
    /// As somebody has seen it.
    fn seen(process: Process, moved: bool) -> Self {
        Self { process_id: process.process_id, moved, current_activity: process.current_activity }
    }

    /// As XFlow has said.
    fn said(process_id: String) -> Self {
        Self { process_id, moved: true, current_activity: None }
    }
}
