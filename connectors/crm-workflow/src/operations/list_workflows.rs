//! Lists the active configurations, or the workflows of one of them: where the ids come from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluse_sdk::{Call, Failure, http::Request};

use crate::{given, read, settings::Settings};

/// Of what.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The id of a configuration. Without it the configurations are listed.
    #[serde(rename = "Configuration Id")]
    configuration_id: Option<String>,
}

/// The list.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// As CXone gives them.
    items: Vec<Value>,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Output, Failure> {
    let settings = &call.settings;
    settings.verify()?;
    let configuration_id = input.configuration_id.as_deref().filter(|id| !id.trim().is_empty());
    let request = match configuration_id {
        Some(id) => Request::get(format!("{}/{}/workflow", configurations(settings), given::configuration_id(id)?)),
        None => active_configurations(settings),
    };
    Ok(Output { items: read::list(&request, settings)? })
}

/// Asks for the configurations that are active.
pub(crate) fn active_configurations(settings: &Settings) -> Request {
    Request::get(configurations(settings)).query("status", "active")
}

fn configurations(settings: &Settings) -> String {
    format!("{}/configuration", read::service(settings, &settings.versions.configurations))
}
