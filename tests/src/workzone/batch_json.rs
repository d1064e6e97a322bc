//! `$batch` as JSON (OData v4): `{"requests":[…]}` with `atomicityGroup` for change sets.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::batch::{Group, Outcome, Part};
use super::errors::Refusal;
use super::odata::Answer;

#[derive(Deserialize)]
struct Batch {
    requests: Vec<JsonPart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonPart {
    id: String,
    method: String,
    url: String,
    atomicity_group: Option<String>,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    body: Value,
}

/// Reads the body of a batch; neighbours of the same group are one change set.
pub(super) fn read(body: &[u8]) -> Result<Vec<Group>, Refusal> {
    let batch: Batch = serde_json::from_slice(body).map_err(|_| Refusal::bad_request("$batch er ikke forstået."))?;
    let mut groups = Vec::new();
    for given in batch.requests {
        let group = given.atomicity_group.clone();
        let part = part(given)?;
        match (group, groups.last_mut()) {
            (None, _) => groups.push(Group::Single(part)),
            (Some(group), Some(Group::ChangeSet { name: Some(name), parts })) if *name == group => parts.push(part),
            (name, _) => groups.push(Group::ChangeSet { name, parts: vec![part] }),
        }
    }
    Ok(groups)
}

fn part(given: JsonPart) -> Result<Part, Refusal> {
    let text = |value: Value| value.as_str().map(str::to_owned).unwrap_or_default();
    let mut headers = given.headers.into_iter().map(|(name, value)| (name, text(value))).collect::<Vec<_>>();
    let has_type = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if !given.body.is_null() && !has_type {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    let body = if given.body.is_null() { Vec::new() } else { given.body.to_string().into_bytes() };
    let method = given.method.to_uppercase().parse().map_err(|_| Refusal::bad_request("Verbet i en del er ukendt."))?;
    Ok(Part { id: Some(given.id), method, url: given.url, headers, body })
}

/// Writes what became of each group; an undone change set is one response.
pub(super) fn write(outcomes: &[Outcome]) -> Answer {
    let mut responses = Vec::new();
    for outcome in outcomes {
        match outcome {
            Outcome::Single(id, answer) => responses.push(written(id.as_deref(), None, answer)),
            Outcome::Undone(group, id, answer) => responses.push(written(id.as_deref(), group.as_deref(), answer)),
            Outcome::Committed(group, answers) => {
                let each = answers.iter().map(|(id, answer)| written(id.as_deref(), group.as_deref(), answer));
                responses.extend(each);
            }
        }
    }
    Answer::body("application/json; odata.metadata=minimal", json!({ "responses": responses }).to_string())
}

fn written(id: Option<&str>, group: Option<&str>, answer: &Answer) -> Value {
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.to_string(), Value::from(String::from_utf8_lossy(value.as_bytes()).into_owned()))
    };
    let headers = answer.headers.iter().map(header).collect::<Map<_, _>>();
    let mut response = json!({ "id": id, "status": answer.status.as_u16(), "headers": headers });
    if let Some(group) = group {
        response["atomicityGroup"] = json!(group);
    }
    if !answer.body.is_empty() {
        let text = || Value::from(String::from_utf8_lossy(&answer.body).into_owned());
        response["body"] = serde_json::from_slice(&answer.body).unwrap_or_else(|_| text());
    }
    response
}
