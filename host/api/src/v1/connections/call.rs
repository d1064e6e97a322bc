//! `POST /v1/connections/{connection}/operations/{operation}`: do one operation, and answer with what came of it.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};
use sluse_engine::{CallRequest, Called, MAX_KEY_BYTES};
use sluse_model::{Digest, Name};

use crate::{
    Api, ApiError,
    body::{MAX_JSON_BYTES, is_media_type, parse, read},
    idempotency,
    openapi::{
        Operation,
        schema::{anything, digest, name as name_schema, number, object, one_of_texts, text},
    },
    path::Path,
    problem::kind,
    v1::deliveries::{raw, schemas::delivery_id},
};

pub(super) const PATH: &str = "/v1/connections/{connection}/operations/{operation}";

/// An agent on the line waits for this long, and no browser gives up before.
const USUAL_DEADLINE_MS: u64 = 10_000;
/// Less is over before a target across a network can answer.
const MIN_DEADLINE_MS: u64 = 100;
/// What waits longer is asked for later.
const MAX_DEADLINE_MS: u64 = 60_000;

/// The states in which a delivery is under way.
const UNDER_WAY: [&str; 4] = ["queued", "running", "retrying", "waiting"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallQuery {
    deadline_ms: Option<u64>,
}

impl CallQuery {
    fn within(&self) -> Result<Duration, ApiError> {
        match self.deadline_ms.unwrap_or(USUAL_DEADLINE_MS) {
            millis @ MIN_DEADLINE_MS..=MAX_DEADLINE_MS => Ok(Duration::from_millis(millis)),
            millis => Err(ApiError::BadRequest(format!(
                "`deadline_ms` is {millis}: use {MIN_DEADLINE_MS} to {MAX_DEADLINE_MS}"
            ))),
        }
    }
}

#[derive(Debug, Serialize)]
struct CalledBody {
    output: Box<RawValue>,
    /// The revision that it ran on.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<Digest>,
    /// What is kept of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<String>,
}

#[derive(Debug, Serialize)]
struct UnderWayBody {
    delivery: String,
    state: &'static str,
}

pub(super) async fn call(
    State(api): State<Arc<Api>>,
    Path((connection, operation)): Path<(String, String)>,
    query: Result<Query<CallQuery>, QueryRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let within = query.within()?;
    let connection = super::name(&connection)?;
    let operation: Name = operation.parse().map_err(|_| ApiError::NotFound(format!("operation `{operation}`")))?;
    let idempotency_key = idempotency::key(request.headers())?;
    if !is_media_type(request.headers(), "application/json") {
        let advice = "send the input as `application/json`; files go with a run (`POST /v1/flows/{flow}/runs`)";
        return Err(ApiError::UnsupportedMediaType(advice.into()));
    }
    let input = parse(&read(request.into_body(), MAX_JSON_BYTES, "; files go with a run").await?)?;
    let called = api.engine.call(CallRequest { connection, operation, input, idempotency_key, within }).await?;
    Ok(answer(called))
}

fn answer(called: Called) -> Response {
    let done =
        |output, revision, delivery| Json(CalledBody { output: raw(output), revision, delivery }).into_response();
    match called {
        Called::Read { output, revision } => done(output, Some(revision), None),
        Called::Done { delivery, output, revision } => done(output, revision, Some(delivery.to_string())),
        Called::UnderWay { delivery, state } => {
            let location = [(header::LOCATION, format!("/v1/deliveries/{delivery}"))];
            let body = Json(UnderWayBody { delivery: delivery.to_string(), state });
            (StatusCode::ACCEPTED, location, body).into_response()
        }
    }
}

pub(super) fn describe() -> Operation {
    let about = "An operation that is described as `reads-only` runs at once, without the queue, and leaves nothing \
                 behind: at the deadline it is called off. Every other one is accepted durably, as a delivery in a run \
                 of the flow `call`, goes ahead of the queue where the gates of the connection leave room, and goes on \
                 whether or not somebody waits; what is not through at the deadline is answered with 202. Send an \
                 `Idempotency-Key` with it: the same key with the same input is the same delivery and gets its answer, \
                 so that a call whose answer was lost can be made again. Without one, each call is another. A problem \
                 that names a delivery says what became of it; that one is not to be sent again under another key. \
                 Files cannot be sent along, and what only reads keeps none.";
    let deadline = number()
        .keyword("minimum", MIN_DEADLINE_MS)
        .keyword("maximum", MAX_DEADLINE_MS)
        .keyword("default", USUAL_DEADLINE_MS);
    let key = "Chosen by the caller, and known within the connection and operation. With another input than before it \
               is refused. Means nothing to what only reads.";
    let input =
        json!({"description": format!("The input, as the operation's schema has it; at most {MAX_JSON_BYTES} bytes.")});
    let done = object()
        .with("output", anything().about("As the operation's schema has it."))
        .may_have("revision", digest().about("The revision that it ran on; absent when a person resolved it."))
        .may_have("delivery", delivery_id().about("What is kept of it; absent when it only read."))
        .named("Called");
    let under_way = object()
        .with("delivery", delivery_id())
        .with("state", one_of_texts(UNDER_WAY).about("Where it stood at the deadline."))
        .named("CallUnderWay");
    Operation::new("call-operation", "Do one operation, and wait for its answer", about)
        .place("connection", "The connection.", name_schema())
        .place("operation", "The operation, as its connector describes it.", name_schema())
        .query("deadline_ms", "How long the caller waits, in milliseconds.", deadline)
        .header("Idempotency-Key", key, text().keyword("minLength", 1).keyword("maxLength", MAX_KEY_BYTES))
        .takes("application/json", json!({"schema": input, "example": {"case_no": "2026-004711"}}))
        .answers(StatusCode::OK, "It is done.", done)
        .answers(StatusCode::ACCEPTED, "It is accepted and goes on.", under_way)
        .answers_header(StatusCode::ACCEPTED, "Location", "The path of the delivery: ask there.")
        .problems(PROBLEMS)
}

const PROBLEMS: &[kind::Kind] = &[
    kind::NOT_FOUND,
    kind::BAD_KEY,
    kind::KEY_TAKEN,
    kind::UNSUPPORTED_MEDIA_TYPE,
    kind::TEXT_DOES_NOT_FIT,
    kind::NOT_READY,
    kind::GATE_CLOSED,
    kind::BUSY,
    kind::STOPPING,
    kind::DEADLINE_PASSED,
    kind::CALL_INVALID,
    kind::CALL_REJECTED,
    kind::CALL_DENIED,
    kind::CALL_UNAVAILABLE,
    kind::CALL_UNKNOWN,
    kind::CALL_BROKEN,
    kind::CALL_MISCONFIGURED,
    kind::DISK_FULL,
];

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::{described, samples};

    #[test]
    fn it_is_as_described() {
        let (digest, id) = (samples::digest(), samples::delivery_id().to_string());
        for (revision, delivery) in [(Some(digest), None), (None, Some(id.clone())), (Some(digest), Some(id))] {
            let body = CalledBody { output: raw("{\"found\": true}".into()), revision, delivery };
            described::answer(Method::POST, PATH, StatusCode::OK, &body);
        }
        for state in UNDER_WAY {
            let body = UnderWayBody { delivery: samples::delivery_id().to_string(), state };
            described::answer(Method::POST, PATH, StatusCode::ACCEPTED, &body);
        }
    }

    #[test]
    fn a_deadline_has_its_bounds() {
        let within = |deadline_ms| CallQuery { deadline_ms }.within().ok().map(|within| within.as_millis());
        assert_eq!(within(None), Some(10_000));
        for (millis, taken) in [(99, false), (100, true), (60_000, true), (60_001, false)] {
            assert_eq!(within(Some(millis)).is_some(), taken, "{millis}");
        }
    }
}
