//! Reading what CXone has: lists, and what it keeps. Here every answer that is no success is a failure.

use serde_json::Value;
use sluse_sdk::{
    Failure,
    http::{Effect, Request, Response},
};

use crate::{problem, settings::Settings};

/// Lists of configurations and workflows are short; a service that never ends is not read to its end.
const MAX_PAGES: u32 = 50;

/// Where the agent integrations of a version stand.
pub(crate) fn service(settings: &Settings, version: &str) -> String {
    format!("{}/{version}/agent-integration", settings.services_path)
}

/// The answer of `request`, whatever its status.
pub(crate) fn send(request: Request, settings: &Settings) -> Result<Response, Failure> {
    let what = what(&request);
    let request = request.header("Accept", "application/json");
    let request = match settings.timeout_millisec.get() {
        Some(timeout_ms) => request.timeout_ms(timeout_ms),
        None => request,
    };
    request.send().map_err(|error| problem::unanswered(&error, &what))
}

/// The JSON of `request`'s answer.
pub(crate) fn json(request: Request, settings: &Settings) -> Result<Value, Failure> {
    let what = what(&request);
    let response = send(request, settings)?;
    if !response.is_success() {
        return Err(refused(&response, &what, settings));
    }
    serde_json::from_slice(response.bytes()).map_err(|_| problem::not_understood(&response, &what))
}

/// What an answer means that is no success.
pub(crate) fn refused(response: &Response, what: &str, settings: &Settings) -> Failure {
    let branch = settings.branch(response.status(), &response.text());
    problem::of_answer(response, branch, Effect::Read, what)
}

/// The items of a list, over all its pages.
pub(crate) fn list(request: &Request, settings: &Settings) -> Result<Vec<Value>, Failure> {
    let Some(size) = settings.page_size else { return page(request.clone(), settings) };
    let mut items = Vec::new();
    for number in 0..MAX_PAGES {
        let found = page(request.clone().query("top", size).query("skip", number * size), settings)?;
        let is_last = found.len() < size as usize;
        items.extend(found);
        if is_last {
            return Ok(items);
        }
    }
    Err(problem::list_without_end(MAX_PAGES))
}

fn page(request: Request, settings: &Settings) -> Result<Vec<Value>, Failure> {
    let what = what(&request);
    crate::answer::list(json(request, settings)?).ok_or_else(|| problem::no_list(&what))
}

/// Method and path, for support.
pub(crate) fn what(request: &Request) -> String {
    format!("GET {}", request.path().split('?').next().unwrap_or_default())
}
