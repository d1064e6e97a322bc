//! `POST /v1/connections/{connection}/pause`: let nothing begin there any more.

use std::sync::Arc;

use axum::{Extension, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::json;
use sluse_engine::MAX_WHY_CHARS;
use sluse_model::Token;

use super::{actor, name};
use crate::{
    Api, ApiError,
    body::JsonBody,
    openapi::{
        Operation,
        schema::{name as name_schema, object, text},
    },
    path::Path,
    problem::kind,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PauseBody {
    why: String,
}

pub(super) async fn pause(
    State(api): State<Arc<Api>>,
    Extension(token): Extension<Token>,
    Path(connection): Path<String>,
    JsonBody(body): JsonBody<PauseBody>,
) -> Result<StatusCode, ApiError> {
    api.engine.pause(&name(&connection)?, actor(token), &body.why).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn describe() -> Operation {
    let about = "What is under way ends; what is handed in is accepted, and waits. It stays paused over restarts, and is \
                 shown as the gate `paused`.";
    let body = object()
        .with("why", text().keyword("maxLength", MAX_WHY_CHARS).about("For whoever finds it paused; not empty."))
        .and_nothing_else();
    Operation::new("pause-connection", "Let nothing begin at a connection", about)
        .place("connection", "The connection.", name_schema())
        .takes_json(body, json!({"why": "WorkZone is being upgraded"}))
        .answer(StatusCode::NO_CONTENT, json!({"description": "It is paused."}))
        .problems(&[kind::NOT_FOUND, kind::DISK_FULL])
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::described;

    #[test]
    fn it_is_as_described() {
        described::request::<PauseBody>(Method::POST, "/v1/connections/{connection}/pause");
    }
}
