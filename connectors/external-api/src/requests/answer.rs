//! What an answer to a named request says: the fields of the output, or why the target refused.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use sluse_sdk::{Failure, http::Response};

use super::{message::Message, problem};
use crate::{
    place, reason,
    settings::{Settings, request::NamedRequest},
    verdict,
};

/// What the target answered.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// The status of the answer.
    pub(crate) status: u16,
    /// The fields that the request's `output` names, or the whole answer; of a request with pages, the list of them.
    pub(crate) data: Value,
    /// There are more pages than `max_pages`.
    pub(crate) truncated: bool,
}

/// The output of an answer that succeeded.
pub(crate) fn output(response: &Response, message: &Message<'_>) -> Result<Output, Failure> {
    let not_understood = |misfit: String| problem::not_understood(&message.what, &misfit);
    let data = match &message.named.output {
        // Nobody asks what it says.
        Some(fields) if fields.is_empty() => Value::Object(Map::new()),
        _ => {
            let value = json(response).map_err(not_understood)?;
            picked(value, message.named).map_err(not_understood)?
        }
    };
    Ok(Output { status: response.status(), data, truncated: false })
}

/// The answer as JSON; null when it has no body.
pub(crate) fn json(response: &Response) -> Result<Value, String> {
    let bytes = response.bytes();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(bytes).map_err(|_| "it is no JSON".to_owned())
}

/// The fields that the request names, or the whole.
pub(crate) fn picked(value: Value, named: &NamedRequest) -> Result<Value, String> {
    match &named.output {
        None => Ok(value),
        Some(fields) => fields_of(&value, fields).map(Value::Object),
    }
}

fn fields_of(value: &Value, fields: &BTreeMap<String, String>) -> Result<Map<String, Value>, String> {
    let field = |(name, at): (&String, &String)| {
        let (at, optional) = place::optional(at);
        match place::find(value, at) {
            Some(found) => Ok((name.clone(), found.clone())),
            None if optional => Ok((name.clone(), Value::Null)),
            None => Err(format!("it has no `{at}`, which `output.{name}` names")),
        }
    };
    fields.iter().map(field).collect()
}

/// The failure that an answer is which is no success.
pub(crate) fn failure(response: &Response, message: &Message<'_>, settings: &Settings) -> Failure {
    let meaning = message.named.meaning(response.status());
    problem::of_answer(response, &message.what, meaning, told_reason(response, message.named, settings))
}

/// Why the target refused, in its own words: where the settings say, or where such words usually stand.
fn told_reason(response: &Response, named: &NamedRequest, settings: &Settings) -> Option<String> {
    let told = || {
        let value = json(response).ok()?;
        reason::presentable(place::find(&value, named.reason_pointer.as_deref()?)?, settings.max_reason_chars)
    };
    told().or_else(|| verdict::refusal_reason(response.bytes(), settings))
}

/// The header line that leads to the next page (RFC 8288).
pub(crate) fn next_link(response: &Response) -> Option<&str> {
    linked(response.header("link")?)
}

fn linked(header: &str) -> Option<&str> {
    let is_next = |parameters: &str| {
        parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
            let value = value.trim().trim_end_matches(',').trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel") && value.split_whitespace().any(|word| word == "next")
        })
    };
    let mut links = header.split('<').filter_map(|link| link.split_once('>'));
    links.find(|(_, parameters)| is_next(parameters)).map(|(address, _)| address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(header: &str, expected: Option<&str>) {
        assert_eq!(linked(header), expected, "{header}");
    }

    #[test]
    fn the_next_page_is_found_among_links() {
        let two = "<https://a.example.dk/o?page=2>; rel=\"next\", <https://a.example.dk/o?page=9>; rel=\"last\"";
        check(two, Some("https://a.example.dk/o?page=2"));
        check("</o?page=1>; rel=prev, </o?page=3>; title=\"x\"; rel=\"next last\"", Some("/o?page=3"));
        check("</o?page=9>; rel=\"last\"", None);
        check("next", None);
    }

    #[test]
    fn a_field_that_may_be_missing_is_null() {
        let named: NamedRequest =
            serde_json::from_value(json!({ "path": "/", "output": { "nr": "ordre.nr", "note": "/note?" } }))
                .expect("a request");
        let picked = |value: Value| picked(value, &named);
        assert_eq!(picked(json!({ "ordre": { "nr": 7 } })), Ok(json!({ "nr": 7, "note": null })));
        assert!(picked(json!({ "note": "x" })).is_err_and(|misfit| misfit.contains("`ordre.nr`")));
    }
}
