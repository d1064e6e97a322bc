//! `GET /v1/connections` and `GET /v1/flows`: what is configured now. Secrets are named, never shown.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use sluse_model::{Connection, Flow, Timestamp};

use crate::{Api, ApiError};

#[derive(Debug, Serialize)]
pub(super) struct ItemsBody<T> {
    items: Vec<T>,
}

#[derive(Debug, Serialize)]
pub(super) struct ConnectionBody {
    #[serde(flatten)]
    connection: Connection,
    changed_at: Timestamp,
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
        .map(|stored| ConnectionBody { connection: stored.connection, changed_at: stored.changed_at })
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
