//! `GET /v1/deliveries`: deliveries, the latest first.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
};
use serde::Deserialize;

use super::{
    super::list::{ListBody, ListQuery, page, paged},
    DeliverySummary, schemas,
};
use crate::{
    Api, ApiError,
    openapi::{Operation, schema::one_of_texts},
};

/// The names of the states, as a filter has them.
const STATES: [&str; 6] = ["queued", "running", "retrying", "waiting", "attention", "closed"];

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

pub(super) fn describe() -> Operation {
    let operation = Operation::new("list-deliveries", "Deliveries, the latest first", "")
        .query("state", "Only those that stand there.", one_of_texts(STATES))
        .answers(StatusCode::OK, "A page of deliveries.", page(schemas::summary()));
    paged(operation)
}

#[cfg(test)]
mod tests {
    use http::Method;
    use sluse_store::{ListedDelivery, Page};

    use super::*;
    use crate::openapi::{described, samples};

    #[test]
    fn it_is_as_described_in_every_state() {
        for state in samples::states() {
            let delivery = ListedDelivery::from(samples::delivery(state).delivery);
            let body = ListBody::new(Page { items: vec![delivery], next: None }, DeliverySummary::from);
            described::answer(Method::GET, "/v1/deliveries", StatusCode::OK, &body);
        }
    }

    #[test]
    fn every_state_can_be_asked_for() {
        assert!(samples::states().iter().all(|state| STATES.contains(&state.as_str())));
    }
}
