//! Reads what a workflow found earlier in an interaction.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluse_sdk::{
    Call, Failure,
    http::{Request, fits_segment},
    path,
};

use crate::{
    answer::{self, Record},
    problem::{self, bad_input},
    read,
    settings::Settings,
};

/// What is kept that an agent works with.
const USUAL_TYPES: &str = "default,pin,workflow";

/// Where to look.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The `cacheKey` of an earlier execution.
    #[serde(rename = "cacheKey")]
    cache_key: String,
    /// What of it, separated by commas. `default,pin,workflow` unless given.
    types: Option<String>,
}

/// What is kept.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// The records of all systems as CXone gives them, each with `system` and `values` (its fields by name) beside.
    records: Vec<Record>,
    /// Those that somebody has pinned.
    pin_records: Vec<Record>,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Output, Failure> {
    let settings = &call.settings;
    settings.verify()?;
    let key = input.cache_key.trim();
    if !fits_segment(key) {
        let message = if key.is_empty() { "cacheKey mangler." } else { "cacheKey kan ikke stå i en adresse." };
        return Err(bad_input("cache-key-not-valid", message, "`cacheKey` has to be one segment of a path"));
    }
    let types = input.types.as_deref().map(str::trim).filter(|types| !types.is_empty()).unwrap_or(USUAL_TYPES);
    let service = read::service(settings, &settings.versions.cache);
    let request = Request::get(service + &path!("/workflow-execution/interaction/{}", key)).query("types", types);
    let what = read::what(&request);
    let response = read::send(request, settings)?;
    match response.status() {
        204 | 404 | 410 => Err(problem::not_cached(&format!("{what} answered {}", response.status()))),
        _ if !response.is_success() => Err(read::refused(&response, &what, settings)),
        _ => {
            let kept =
                serde_json::from_slice(response.bytes()).map_err(|_| problem::not_understood(&response, &what))?;
            Ok(Output { records: answer::records(&kept, "records"), pin_records: answer::records(&kept, "pinRecords") })
        }
    }
}
