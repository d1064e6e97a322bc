//! `GET /v1/connectors`: all revisions of all connectors.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use sluse_model::Revision;

use crate::{Api, ApiError};

#[derive(Debug, Serialize)]
pub(super) struct RevisionsBody {
    items: Vec<Revision>,
}

pub(super) async fn list(State(api): State<Arc<Api>>) -> Result<Json<RevisionsBody>, ApiError> {
    Ok(Json(RevisionsBody { items: api.engine.store().revisions().await? }))
}
