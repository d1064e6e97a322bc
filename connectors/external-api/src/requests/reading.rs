//! A named request that may be sent as often as one likes: it reads, perhaps page by page, or leaves the same state.

use serde_json::Value;
use sluse_sdk::{
    Failure,
    http::{Request, Response, next_page},
    log,
};

use super::{
    answer::{self, Output},
    message::Message,
    problem,
};
use crate::{
    place,
    settings::{Settings, request::Paging},
};

/// Sends it and reads the answer, or the pages.
pub(crate) fn run(message: &Message<'_>, settings: &Settings) -> Result<Output, Failure> {
    match &message.named.paging {
        None => answer::output(&answered(message, message.request()?, settings)?, message),
        Some(paging) => pages(message, paging, settings),
    }
}

fn answered(message: &Message<'_>, request: Request, settings: &Settings) -> Result<Response, Failure> {
    let response = request.send().map_err(|error| problem::unanswered(&error, &message.what))?;
    if message.named.is_success(response.status()) {
        return Ok(response);
    }
    Err(answer::failure(&response, message, settings))
}

fn pages(message: &Message<'_>, paging: &Paging, settings: &Settings) -> Result<Output, Failure> {
    let not_understood = |misfit: String| problem::not_understood(&message.what, &misfit);
    let mut path = message.path().to_owned();
    let mut rows = Vec::new();
    let mut status = 0;
    for _ in 0..paging.max_pages.max(1) {
        let response = answered(message, message.request_to(&path)?, settings)?;
        status = response.status();
        let page = answer::json(&response).map_err(not_understood)?;
        let next = next_path(message, paging, &response, &page).map_err(not_understood)?;
        rows.extend(items(page, message, paging).map_err(not_understood)?);
        let Some(next) = next else { return Ok(Output { status, data: Value::Array(rows), truncated: false }) };
        path = next;
    }
    log::warn(format!("Der er flere end {} sider; resten er ikke læst", paging.max_pages));
    Ok(Output { status, data: Value::Array(rows), truncated: true })
}

fn items(mut page: Value, message: &Message<'_>, paging: &Paging) -> Result<Vec<Value>, String> {
    let Some(Value::Array(items)) = place::find_mut(&mut page, &paging.items).map(Value::take) else {
        return Err(match paging.items.as_str() {
            "" => "it is no list".to_owned(),
            place => format!("its `{place}` is no list"),
        });
    };
    items.into_iter().map(|item| answer::picked(item, message.named)).collect()
}

/// The path of the next page. No host is ever taken from an answer.
fn next_path(
    message: &Message<'_>,
    paging: &Paging,
    response: &Response,
    page: &Value,
) -> Result<Option<String>, String> {
    let value = match &paging.next {
        None => answer::next_link(response).map(str::to_owned),
        Some(at) => place::find(page, at).and_then(place::text),
    };
    let Some(value) = value else { return Ok(None) };
    match &paging.parameter {
        Some(parameter) => Ok(Some(Request::get(message.path()).query(parameter, value).path().to_owned())),
        None => {
            let next = next_page(message.path(), &value);
            next.map(Some).ok_or_else(|| "its next page leads to another address".to_owned())
        }
    }
}
