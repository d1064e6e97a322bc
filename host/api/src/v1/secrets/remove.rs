//! `DELETE /v1/secrets/{secret}`: remove a value.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use serde_json::json;
use sluse_engine::SecretError;

use super::name;
use crate::{
    Api, ApiError,
    openapi::{Operation, schema::name as name_schema},
    path::Path,
    problem::kind,
};

pub(super) async fn remove(State(api): State<Arc<Api>>, Path(secret): Path<String>) -> Result<StatusCode, ApiError> {
    let name = name(&secret)?;
    if api.engine.remove_secret(&name).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(SecretError::Unknown(name).into())
}

pub(super) fn describe() -> Operation {
    let about = "Where it may go is remembered for the next value of this name.";
    Operation::new("remove-secret", "Remove a secret", about)
        .place("secret", "Its name.", name_schema())
        .answer(StatusCode::NO_CONTENT, json!({"description": "Removed."}))
        .problems(&[kind::UNKNOWN_SECRET, kind::DISK_FULL])
}
