//! `GET /v1/deliveries`: deliveries, the latest first.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use sluse_model::{Name, Reason, Timestamp};
use sluse_store::DeliveryFilter;

use super::{
    super::list::{ListBody, ListQuery, page, paged},
    DeliverySummary, schemas,
};
use crate::{
    Api, ApiError,
    openapi::{
        Operation,
        schema::{name, one_of_texts, text, timestamp},
    },
    problem::kind,
};

/// The names of the states, as a filter has them.
const STATES: [&str; 6] = ["queued", "running", "retrying", "waiting", "attention", "closed"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeliveryQuery {
    state: Option<String>,
    connection: Option<Name>,
    flow: Option<Name>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    reason: Option<Reason>,
    queue: Option<Name>,
    text: Option<String>,
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
    let DeliveryQuery { state, connection, flow, since, until, reason, queue, text, limit, after } = query;
    let (named_connection, named_flow) = (connection.clone(), flow.clone());
    let filter = DeliveryFilter { state, connection, flow, since, until, reason, queue, text }.meant();
    let deliveries = api.engine.store().deliveries(filter, ListQuery::new(limit, after).into()).await?;
    // A mistyped name must not read as "all is well".
    if deliveries.items.is_empty() {
        if let Some(connection) = named_connection {
            api.engine.knows_connection(&connection).await?;
        }
        if let Some(flow) = named_flow {
            api.engine.knows_flow(&flow).await?;
        }
    }
    Ok(Json(ListBody::new(deliveries, DeliverySummary::from)))
}

pub(super) fn describe() -> Operation {
    let about = "All that is named has to hold. A page may have fewer than asked for, or none, and still be followed by \
                 another: as long as there is a `next`, there is more.";
    let operation = Operation::new("list-deliveries", "Deliveries, the latest first", about)
        .query("state", "Only those that stand there.", one_of_texts(STATES))
        .query("connection", "Only those of this connection.", name())
        .query("flow", "Only those of this flow.", name())
        .query("since", "Only those that were accepted then or later.", timestamp())
        .query("until", "Only those that were accepted before.", timestamp())
        .query("reason", "Only those that wait for a person for it.", one_of_texts(Reason::ALL.map(Reason::as_str)))
        .query("queue", "Only those that wait for whoever works on this queue.", name())
        .query("text", "Only those with this in the problem that they met, whatever the case of ASCII letters.", text())
        .answers(StatusCode::OK, "A page of deliveries.", page(schemas::summary()))
        .problems(&[kind::NOT_FOUND]);
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

    #[test]
    fn a_misspelt_name_is_refused() {
        let refused =
            Query::<DeliveryQuery>::try_from_uri(&http::Uri::from_static("/v1/deliveries?conection=workzone"));
        let told = refused.expect_err("no such name").body_text();
        assert!(told.contains("`conection`"), "{told}");
    }
}
