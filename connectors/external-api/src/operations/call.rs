//! Sends a request that the settings name. `call` takes any; `read` those that change nothing.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use sluse_sdk::{Call, Failure};

use crate::{
    requests::{self, Output},
    settings::Settings,
};

/// What is sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The request's name among the connection's `requests`.
    #[schemars(length(min = 1))]
    request: String,
    /// The values that it is filled with.
    #[serde(default)]
    values: Map<String, Value>,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Output, Failure> {
    call.settings.verify()?;
    requests::send(call, &input.request, input.values)
}

pub(crate) fn read(call: &Call<Settings>, input: Input) -> Result<Output, Failure> {
    call.settings.verify()?;
    requests::read(call, &input.request, input.values)
}
