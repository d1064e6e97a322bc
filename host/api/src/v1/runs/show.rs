//! `GET /v1/runs/{run}`: a run with its deliveries, their attempts and timelines.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use serde_json::value::RawValue;
use sluse_model::{Attachment, Run, RunId};
use sluse_store::RunDetail;

use super::super::deliveries::{DeliveryBody, raw};
use crate::{Api, ApiError, path::Path};

#[derive(Debug, Serialize)]
pub(crate) struct RunBody {
    #[serde(flatten)]
    run: Run,
    submission: Box<RawValue>,
    attachments: Vec<Attachment>,
    /// By step.
    deliveries: Vec<DeliveryBody>,
}

pub(super) async fn show(State(api): State<Arc<Api>>, Path(text): Path<String>) -> Result<Json<RunBody>, ApiError> {
    let unknown = || ApiError::NotFound(format!("run `{text}`"));
    let id: RunId = text.parse().map_err(|_| unknown())?;
    let detail = api.engine.store().run(id).await?.ok_or_else(unknown)?;
    body(&api, detail).await.map(Json)
}

async fn body(api: &Api, detail: RunDetail) -> Result<RunBody, ApiError> {
    let mut deliveries = Vec::with_capacity(detail.deliveries.len());
    for delivery in detail.deliveries {
        if let Some(detail) = api.engine.store().delivery(delivery.id).await? {
            deliveries.push(DeliveryBody::from(detail));
        }
    }
    Ok(RunBody { run: detail.run, submission: raw(detail.submission), attachments: detail.attachments, deliveries })
}
