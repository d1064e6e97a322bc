//! Requests that change something, and the answers to them that mislead: XFlow answers 500 also when it has done what it
//! was asked, so that an answer of that kind is no news. What there is now is looked at instead.

use serde_json::Value;
use sluse_sdk::{
    Failure,
    http::{Request, conclude},
    log,
};

use crate::problem;

/// What an answer says about whether it happened.
pub(crate) enum Said {
    /// It happened.
    Done,
    /// Nothing can be said without looking; the status of the answer, where there was one.
    InDoubt(Option<u16>),
}

/// A server that answers with this has ended its work: what is not there now will not come.
const ENDED: u16 = 500;

impl Said {
    /// Tells the host what the answer meant, after a look. What no look can settle stays open.
    pub(crate) fn conclude(&self, intent_key: &str, happened: bool) {
        let Self::InDoubt(Some(status)) = self else { return };
        if !happened && *status != ENDED {
            return;
        }
        if let Err(reason) = conclude(intent_key, happened) {
            log::debug(format!("the host takes no conclusion for `{intent_key}`: {reason}"));
        }
    }
}

/// Sends what changes something.
///
/// # Errors
/// What XFlow refused, and so did not do.
pub(crate) fn send(request: Request, what: &str) -> Result<Said, Failure> {
    match request.send() {
        Ok(response) if response.is_success() => Ok(Said::Done),
        Ok(response) if misleads(response.status()) => Ok(Said::InDoubt(Some(response.status()))),
        Ok(response) => Err(problem::of_answer(&response, what)),
        Err(error) if error.is_interrupted() => Ok(Said::InDoubt(None)),
        Err(error) => Err(problem::unanswered(&error, what)),
    }
}

fn misleads(status: u16) -> bool {
    matches!(status, 408 | 500 | 502 | 504)
}

/// Reads JSON.
///
/// # Errors
/// Why there is none.
pub(crate) fn read(request: Request, what: &str) -> Result<Value, Failure> {
    let response = request.header("Accept", "application/json").send();
    let response = response.map_err(|error| problem::unanswered(&error, what))?;
    if !response.is_success() {
        return Err(problem::of_answer(&response, what));
    }
    response.json().map_err(|_| problem::not_understood(what, "it is no JSON"))
}
