//! `POST /v1/connections/{connection}/resume`: end the pause of a connection.

use std::sync::Arc;

use axum::{Extension, extract::State, http::StatusCode};
use serde_json::json;
use sluse_model::Token;

use super::{actor, name};
use crate::{
    Api, ApiError,
    openapi::{Operation, schema::name as name_schema},
    path::Path,
    problem::kind,
};

pub(super) async fn resume(
    State(api): State<Arc<Api>>,
    Extension(token): Extension<Token>,
    Path(connection): Path<String>,
) -> Result<StatusCode, ApiError> {
    api.engine.resume(&name(&connection)?, &actor(token)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn describe() -> Operation {
    Operation::new("resume-connection", "End the pause of a connection", "One that is not paused stays as it is.")
        .place("connection", "The connection.", name_schema())
        .answer(StatusCode::NO_CONTENT, json!({"description": "It is not paused."}))
        .problems(&[kind::NOT_FOUND, kind::DISK_FULL])
}
