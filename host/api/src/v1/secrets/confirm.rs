//! `POST /v1/secrets/{secret}/origins`: let a secret go to an origin that it may not go to yet, or may no
//! longer.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};

use super::name;
use crate::{Api, ApiError, body::JsonBody, path::Path};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OriginBody {
    /// `https://workzone.example.dk`
    origin: String,
}

pub(super) async fn confirm(
    State(api): State<Arc<Api>>,
    Path(secret): Path<String>,
    JsonBody(body): JsonBody<OriginBody>,
) -> Result<Json<OriginBody>, ApiError> {
    let origin = api.engine.confirm_secret(&name(&secret)?, &body.origin).await?;
    Ok(Json(OriginBody { origin }))
}
