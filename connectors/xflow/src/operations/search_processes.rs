//! Finds processes. A POST that only reads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sluse_sdk::{
    Call, Failure,
    http::{Effect, Request},
    member,
};

use crate::{exchange, problem, settings::Settings};

/// What is looked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// A text in the process.
    #[serde(default)]
    text: String,
    /// Ids of process templates; all when empty.
    #[serde(default)]
    process_template_ids: Vec<String>,
    /// The first day of creation, `dd-mm-åååå`.
    #[schemars(regex(pattern = r"^[0-9]{2}-[0-9]{2}-[0-9]{4}$"))]
    created_from: Option<String>,
    /// The last day of creation, `dd-mm-åååå`.
    #[schemars(regex(pattern = r"^[0-9]{2}-[0-9]{2}-[0-9]{4}$"))]
    created_to: Option<String>,
    /// How many are passed over: the `next_start_index` of the search before, for the next page.
    #[serde(default)]
    start_index: u32,
}

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// The processes, as XFlow writes them.
    processes: Vec<Value>,
    /// Where the next page begins. XFlow says nowhere how long a page is; behind the last one there is an empty one.
    next_start_index: u64,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Output, Failure> {
    call.settings.verify()?;
    let what = "POST /Process/Search";
    let mut search = json!({
        "text": input.text,
        "processTemplateIds": input.process_template_ids,
        "startIndex": input.start_index,
    });
    for (name, day) in [("createdDateFrom", input.created_from), ("createdDateTo", input.created_to)] {
        if let Some(day) = day {
            search[name] = day.into();
        }
    }
    let found = exchange::read(Request::post("/Process/Search").effect(Effect::Read).json(&search)?, what)?;
    let name = &call.settings.names.processes;
    let processes = found.as_array().map(Vec::as_slice).or_else(|| member::list(&found, name));
    let processes = processes.ok_or_else(|| {
        problem::not_understood(what, &format!("it is no list of processes, and has no list `{name}`"))
    })?;
    let next_start_index = u64::from(input.start_index) + processes.len() as u64;
    Ok(Output { processes: processes.to_vec(), next_start_index })
}
