//! `DELETE /v1/secrets/{secret}`: remove a value.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use sluse_engine::SecretError;

use super::name;
use crate::{Api, ApiError, path::Path};

pub(super) async fn remove(State(api): State<Arc<Api>>, Path(secret): Path<String>) -> Result<StatusCode, ApiError> {
    let name = name(&secret)?;
    if api.engine.remove_secret(&name).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(SecretError::Unknown(name).into())
}
