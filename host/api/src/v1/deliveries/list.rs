//! `GET /v1/deliveries`: deliveries, the latest first.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State},
};
use serde::Deserialize;

use super::{
    super::list::{ListBody, ListQuery},
    DeliverySummary,
};
use crate::{Api, ApiError};

/// The names of the states, as a filter has them.
const STATES: [&str; 5] = ["queued", "running", "retrying", "attention", "closed"];

#[derive(Debug, Deserialize)]
pub(super) struct DeliveryQuery {
    state: Option<String>,
    limit: Option<u32>,
    after: Option<String>,
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    query: Result<Query<DeliveryQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<ListBody<DeliverySummary>>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    if let Some(state) = &query.state
        && !STATES.contains(&state.as_str())
    {
        let message = format!("`{state}` is no state of a delivery: use one of {}", STATES.join(", "));
        return Err(ApiError::BadRequest(message));
    }
    let page = ListQuery::new(query.limit, query.after);
    let deliveries = api.engine.store().deliveries(query.state, page.into()).await?;
    Ok(Json(ListBody::new(deliveries, DeliverySummary::from)))
}
