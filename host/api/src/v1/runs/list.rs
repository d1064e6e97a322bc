//! `GET /v1/runs`: runs, the latest first.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State},
};
use serde::Deserialize;
use sluse_model::{Name, Run, RunState};
use sluse_store::RunFilter;

use super::super::list::{ListBody, ListQuery};
use crate::{Api, ApiError};

#[derive(Debug, Deserialize)]
pub(super) struct RunQuery {
    flow: Option<Name>,
    state: Option<RunState>,
    limit: Option<u32>,
    after: Option<String>,
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    query: Result<Query<RunQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<ListBody<Run>>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let page = ListQuery::new(query.limit, query.after);
    let filter = RunFilter { flow: query.flow, state: query.state };
    let runs = api.engine.store().runs(filter, page.into()).await?;
    Ok(Json(ListBody::new(runs, |run| run)))
}
