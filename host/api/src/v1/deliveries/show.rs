//! `GET /v1/deliveries/{delivery}`: a delivery with its attempts and timeline.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use sluse_model::DeliveryId;

use super::{DeliveryBody, schemas};
use crate::{Api, ApiError, openapi::Operation, path::Path, problem::kind};

pub(super) async fn show(
    State(api): State<Arc<Api>>,
    Path(text): Path<String>,
) -> Result<Json<DeliveryBody>, ApiError> {
    let unknown = || ApiError::NotFound(format!("delivery `{text}`"));
    let id: DeliveryId = text.parse().map_err(|_| unknown())?;
    let detail = api.engine.store().delivery(id).await?.ok_or_else(unknown)?;
    Ok(Json(DeliveryBody::from(detail)))
}

pub(super) fn describe() -> Operation {
    Operation::new("show-delivery", "A delivery with its attempts and timeline", "")
        .place("delivery", "The delivery.", schemas::delivery_id())
        .answers(StatusCode::OK, "The delivery.", schemas::delivery())
        .problems(&[kind::NOT_FOUND])
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::{described, samples};

    #[test]
    fn it_is_as_described_in_every_state() {
        for state in samples::states() {
            let body = DeliveryBody::from(samples::delivery(state));
            described::answer(Method::GET, "/v1/deliveries/{delivery}", StatusCode::OK, &body);
        }
    }
}
