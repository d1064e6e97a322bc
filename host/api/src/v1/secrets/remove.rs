//! `DELETE /v1/secrets/{secret}`: remove a value.

use std::sync::Arc;

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::json;
use sluse_engine::SecretError;

use super::name;
use crate::{
    Api, ApiError,
    openapi::{
        Operation,
        schema::{boolean, name as name_schema},
    },
    path::Path,
    problem::kind,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RemoveQuery {
    force: Option<bool>,
}

pub(super) async fn remove(
    State(api): State<Arc<Api>>,
    Path(secret): Path<String>,
    query: Result<Query<RemoveQuery>, QueryRejection>,
) -> Result<StatusCode, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let name = name(&secret)?;
    if api.engine.remove_secret(&name, query.force.unwrap_or(false)).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(SecretError::Unknown(name).into())
}

pub(super) fn describe() -> Operation {
    let about = "Where it may go is remembered for the next value of this name.";
    Operation::new("remove-secret", "Remove a secret", about)
        .place("secret", "Its name.", name_schema())
        .query("force", "Remove it although connections use it.", boolean().keyword("default", false))
        .answer(StatusCode::NO_CONTENT, json!({"description": "Removed."}))
        .problems(&[kind::UNKNOWN_SECRET, kind::SECRET_IN_USE, kind::DISK_FULL])
}
