//! `GET /v1/deliveries/{delivery}`: a delivery with its attempts and timeline.

use std::sync::Arc;

use axum::{Json, extract::State};
use sluse_model::DeliveryId;

use super::DeliveryBody;
use crate::{Api, ApiError, path::Path};

pub(super) async fn show(
    State(api): State<Arc<Api>>,
    Path(text): Path<String>,
) -> Result<Json<DeliveryBody>, ApiError> {
    let unknown = || ApiError::NotFound(format!("delivery `{text}`"));
    let id: DeliveryId = text.parse().map_err(|_| unknown())?;
    let detail = api.engine.store().delivery(id).await?.ok_or_else(unknown)?;
    Ok(Json(DeliveryBody::from(detail)))
}
