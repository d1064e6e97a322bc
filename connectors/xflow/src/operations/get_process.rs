//! Reads a process.

use schemars::JsonSchema;
use serde::Deserialize;
use sluse_sdk::{Call, Failure};

use super::public_id;
use crate::{process::Process, settings::Settings};

/// Which process.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The public id.
    #[schemars(length(min = 1))]
    process_id: String,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Process, Failure> {
    call.settings.verify()?;
    Process::fetch(public_id(&input.process_id)?, &call.settings)
}
