//! What the connector can be asked to do with processes, one file each. The paths are those of the public API.

pub(crate) mod advance;
pub(crate) mod get_process;
pub(crate) mod reject;
pub(crate) mod search_processes;

use schemars::JsonSchema;
use serde::Serialize;
use sluse_sdk::{Failure, http::fits_segment};

use crate::process::{Activity, Process};

/// The public id of a process, as it can stand in a path.
fn public_id(text: &str) -> Result<&str, Failure> {
    let id = text.trim();
    if fits_segment(id) {
        return Ok(id);
    }
    Err(Failure::invalid("process-id-not-valid", "Feltet `process_id` er ikke et id fra XFlow.")
        .detail("`process_id` has to be one segment of a path"))
}

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
    fn said(process_id: &str) -> Self {
        Self { process_id: process_id.to_owned(), moved: true, current_activity: None }
    }
}
