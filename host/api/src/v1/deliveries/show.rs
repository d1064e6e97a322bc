//! `GET /v1/deliveries/{delivery}`: a delivery with its attempts and timeline.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use sluse_engine::Outlook;
use sluse_model::{DeliveryId, Problem, Timestamp};
use sluse_store::DeliveryDetail;

use super::{DeliveryBody, schemas};
use crate::{Api, ApiError, openapi::Operation, path::Path, problem::kind, v1::gate::GateBody};

/// A delivery, and how it looks for it.
#[derive(Debug, Serialize)]
pub(super) struct ShownBody {
    #[serde(flatten)]
    delivery: DeliveryBody,
    max_attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<LastErrorBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gate: Option<GateBody>,
}

#[derive(Debug, Serialize)]
struct LastErrorBody {
    at: Timestamp,
    problem: Problem,
}

impl ShownBody {
    fn new(detail: DeliveryDetail, outlook: Outlook) -> Self {
        let results = detail.attempts.iter().rev().filter_map(|attempt| attempt.result.as_ref());
        let last_error = results
            .filter_map(|result| Some(LastErrorBody { at: result.ended_at, problem: result.problem.clone()? }))
            .next();
        let Outlook { max_attempts, gate } = outlook;
        Self { delivery: DeliveryBody::from(detail), max_attempts, last_error, gate: gate.map(GateBody::from) }
    }
}

pub(super) async fn show(State(api): State<Arc<Api>>, Path(text): Path<String>) -> Result<Json<ShownBody>, ApiError> {
    let unknown = || ApiError::NotFound(format!("delivery `{text}`"));
    let id: DeliveryId = text.parse().map_err(|_| unknown())?;
    let detail = api.engine.store().delivery(id).await?.ok_or_else(unknown)?;
    let outlook = api.engine.outlook(&detail.delivery).await?;
    Ok(Json(ShownBody::new(detail, outlook)))
}

pub(super) fn describe() -> Operation {
    Operation::new("show-delivery", "A delivery with its attempts and timeline", "")
        .place("delivery", "The delivery.", schemas::delivery_id())
        .answers(StatusCode::OK, "The delivery.", schemas::shown())
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
            for gate in samples::gates() {
                let outlook = Outlook { max_attempts: 8, gate: Some(gate) };
                let body = ShownBody::new(samples::delivery(state.clone()), outlook);
                described::answer(Method::GET, "/v1/deliveries/{delivery}", StatusCode::OK, &body);
            }
            let mut untried = samples::delivery(state);
            untried.attempts.clear();
            let body = ShownBody::new(untried, Outlook { max_attempts: 8, gate: None });
            described::answer(Method::GET, "/v1/deliveries/{delivery}", StatusCode::OK, &body);
        }
    }
}
