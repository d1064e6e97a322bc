//! Moves a process on. Where the activity is named that it is to leave, whether that has happened can be looked at.

use schemars::JsonSchema;
use serde::Deserialize;
use sluse_sdk::{Call, Failure, http::Request, path};

use super::{Moved, public_id};
use crate::{
    exchange::{self, Said},
    problem,
    process::Process,
    settings::Settings,
};

/// Names the request within its delivery.
const INTENT_KEY: &str = "advance";

const WHAT: &str = "POST /Process/{id}/Advance";

/// Which process moves.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The public id.
    #[schemars(length(min = 1))]
    process_id: String,
    /// The activity that it leaves, by id or name. Elsewhere it stays where it is. Without it, nobody can say whether an
    /// interrupted request has moved the process, and a person decides.
    from_activity: Option<String>,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Moved, Failure> {
    call.settings.verify()?;
    let id = public_id(&input.process_id)?;
    let request = Request::post(path!("/Process/{}/Advance", id)).intent_key(INTENT_KEY);
    let Some(from) = &input.from_activity else {
        return match exchange::send(request, WHAT)? {
            Said::Done => Ok(Moved::said(id)),
            Said::InDoubt(_) => Err(problem::in_doubt().detail(format!("{WHAT} gave no usable answer"))),
        };
    };
    let process = Process::fetch(id, &call.settings)?;
    if !process.is_at(from) {
        return Ok(Moved::seen(process, false));
    }
    match exchange::send(request.reconciled(), WHAT)? {
        Said::Done => Ok(Moved::said(id)),
        said @ Said::InDoubt(_) => {
            let process = Process::fetch(id, &call.settings)?;
            let moved = !process.is_at(from);
            said.conclude(INTENT_KEY, moved);
            if moved { Ok(Moved::seen(process, true)) } else { Err(problem::not_yet(WHAT)) }
        }
    }
}
