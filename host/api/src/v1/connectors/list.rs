//! `GET /v1/connectors`: all revisions of all connectors.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use sluse_model::Revision;

use super::{super::list::items, schemas};
use crate::{Api, ApiError, openapi::Operation};

#[derive(Debug, Serialize)]
pub(super) struct RevisionsBody {
    items: Vec<Revision>,
}

pub(super) async fn list(State(api): State<Arc<Api>>) -> Result<Json<RevisionsBody>, ApiError> {
    Ok(Json(RevisionsBody { items: api.engine.store().revisions().await? }))
}

pub(super) fn describe() -> Operation {
    Operation::new("list-revisions", "All revisions of all connectors", "").answers(
        StatusCode::OK,
        "The revisions.",
        items(schemas::revision()),
    )
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::{described, samples};

    #[test]
    fn it_is_as_described_in_every_standing() {
        let body = RevisionsBody { items: samples::revisions() };
        described::answer(Method::GET, "/v1/connectors", StatusCode::OK, &body);
    }
}
