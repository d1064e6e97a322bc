//! `DELETE /v1/secrets/{secret}/origins?origin=…`: a secret may no longer go to an origin. The origin is in the
//! query, because a proxy may drop the body of a DELETE.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use serde::{Deserialize, Serialize};

use super::name;
use crate::{Api, ApiError, path::Path};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OriginQuery {
    /// `https://workzone.example.dk`
    origin: String,
}

#[derive(Debug, Serialize)]
pub(super) struct WithdrawnBody {
    /// As it is kept, the port always written.
    origin: String,
}

pub(super) async fn withdraw(
    State(api): State<Arc<Api>>,
    Path(secret): Path<String>,
    query: Result<Query<OriginQuery>, QueryRejection>,
) -> Result<Json<WithdrawnBody>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let origin = api.engine.withdraw_secret(&name(&secret)?, &query.origin).await?;
    Ok(Json(WithdrawnBody { origin }))
}
