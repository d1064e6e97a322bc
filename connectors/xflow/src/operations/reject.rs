//! Sends a process back. XFlow is known to answer HTTP 500 although it has done it, so that only the process itself says
//! what became of the request.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use sluse_sdk::{Call, Failure, http::Request, path};

use super::{Moved, public_id};
use crate::{
    exchange::{self, Said},
    problem,
    process::Process,
    settings::Settings,
};

/// Names the request within its delivery.
const INTENT_KEY: &str = "reject";

const WHAT: &str = "POST /Process/{id}/Reject";

/// Which process goes back, and where.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The public id.
    #[schemars(length(min = 1))]
    process_id: String,
    /// The activity that it goes back to, by id.
    #[schemars(length(min = 1))]
    rejected_to_activity_id: String,
    /// Why, for the people who look at the process.
    note: String,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Moved, Failure> {
    call.settings.verify()?;
    let id = public_id(&input.process_id)?;
    let to = &input.rejected_to_activity_id;
    let process = Process::fetch(id, &call.settings)?;
    if process.is_at(to) {
        return Ok(Moved::seen(process, false));
    }
    let request = Request::post(path!("/Process/{}/Reject", id))
        .json(&json!({ "rejectedToActivityId": to, "note": input.note }))?
        .intent_key(INTENT_KEY)
        .reconciled();
    match exchange::send(request, WHAT)? {
        Said::Done => Ok(Moved::said(id)),
        said @ Said::InDoubt(_) => {
            let process = Process::fetch(id, &call.settings)?;
            let moved = process.is_at(to);
            said.conclude(INTENT_KEY, moved);
            if moved { Ok(Moved::seen(process, true)) } else { Err(problem::not_yet(WHAT)) }
        }
    }
}
