//! `PUT /v1/secrets/{secret}`: write a value. The body is the value, byte for byte.

use std::sync::Arc;

use axum::{Json, body::Body, extract::State};
use serde::Serialize;

use super::name;
use crate::{Api, ApiError, body::read, path::Path};

/// A little more than the vault takes, so that it is the vault who says so.
const MAX_BODY_BYTES: u64 = (64 << 10) + 1;

#[derive(Debug, Serialize)]
pub(super) struct WrittenBody {
    version: u64,
    /// Too short to be recognised when a target echoes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'static str>,
}

pub(super) async fn set(
    State(api): State<Arc<Api>>,
    Path(secret): Path<String>,
    body: Body,
) -> Result<Json<WrittenBody>, ApiError> {
    let value = read(body, MAX_BODY_BYTES, "; that is no secret but a file").await?;
    let written = api.engine.set_secret(&name(&secret)?, value.to_vec()).await?;
    let warning = (!written.is_recognised)
        .then_some("the value is so short that it cannot be recognised and removed when a target echoes it");
    Ok(Json(WrittenBody { version: written.version, warning }))
}
