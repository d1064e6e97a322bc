//! `GET /v1/connections` and `GET /v1/flows`: what is configured now. Secrets are named, never shown.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use sluse_model::{Connection, Flow, Timestamp};

use super::{
    super::{gate::GateBody, list::items},
    schemas,
};
use crate::{Api, ApiError, openapi::Operation};

#[derive(Debug, Serialize)]
pub(super) struct ItemsBody<T> {
    items: Vec<T>,
}

#[derive(Debug, Serialize)]
pub(super) struct ConnectionBody {
    #[serde(flatten)]
    connection: Connection,
    changed_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    gate: Option<GateBody>,
}

#[derive(Debug, Serialize)]
pub(super) struct FlowBody {
    #[serde(flatten)]
    flow: Flow,
    /// Names this version of the flow.
    digest: String,
    changed_at: Timestamp,
}

pub(super) async fn connections(State(api): State<Arc<Api>>) -> Result<Json<ItemsBody<ConnectionBody>>, ApiError> {
    let stored = api.engine.store().connections().await?;
    let items = stored
        .into_iter()
        .map(|stored| {
            let gate = api.engine.gate(&stored.connection.name).map(GateBody::from);
            ConnectionBody { connection: stored.connection, changed_at: stored.changed_at, gate }
        })
        .collect();
    Ok(Json(ItemsBody { items }))
}

pub(super) async fn flows(State(api): State<Arc<Api>>) -> Result<Json<ItemsBody<FlowBody>>, ApiError> {
    let stored = api.engine.store().flows().await?;
    let items = stored
        .into_iter()
        .map(|stored| FlowBody { flow: stored.flow, digest: stored.digest.to_string(), changed_at: stored.changed_at })
        .collect();
    Ok(Json(ItemsBody { items }))
}

pub(super) fn describe_connections() -> Operation {
    Operation::new("list-connections", "Connections as they are now", "").answers(
        StatusCode::OK,
        "The connections.",
        items(schemas::connection()),
    )
}

pub(super) fn describe_flows() -> Operation {
    Operation::new("list-flows", "Flows as they are now", "").answers(
        StatusCode::OK,
        "The flows.",
        items(schemas::flow()),
    )
}

#[cfg(test)]
mod tests {
    use http::Method;
    use sluse_model::GateHold;

    use super::*;
    use crate::openapi::{described, samples};

    #[test]
    fn they_are_as_described() {
        let changed_at = samples::moment();
        let gates = samples::gates().into_iter().map(Some).chain([None]).cycle();
        let connection = |(connection, gate): (Connection, Option<GateHold>)| ConnectionBody {
            connection,
            changed_at,
            gate: gate.map(GateBody::from),
        };
        let body = ItemsBody { items: samples::connections().into_iter().zip(gates).map(connection).collect() };
        described::answer(Method::GET, "/v1/connections", StatusCode::OK, &body);
        let flow = |flow| FlowBody { flow, digest: samples::digest().to_string(), changed_at };
        let body = ItemsBody { items: samples::flows().into_iter().map(flow).collect() };
        described::answer(Method::GET, "/v1/flows", StatusCode::OK, &body);
    }
}
