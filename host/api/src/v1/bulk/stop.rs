//! `POST /v1/bulk/{batch}/stop`: nothing more is done.

use std::sync::Arc;

use axum::{Extension, Json, extract::State, http::StatusCode};
use sluse_model::Token;

use super::{BatchBody, actor, id, schemas};
use crate::{Api, ApiError, openapi::Operation, path::Path, problem::kind};

pub(super) async fn stop(
    State(api): State<Arc<Api>>,
    Extension(token): Extension<Token>,
    Path(batch): Path<String>,
) -> Result<Json<BatchBody>, ApiError> {
    Ok(Json(api.engine.stop_bulk(id(&batch)?, actor(token)).await?.into()))
}

pub(super) fn describe() -> Operation {
    Operation::new("stop-bulk", "Stop a batch", "Nothing more is done, once this is answered. What was done stays.")
        .place("batch", "The batch.", schemas::batch_id())
        .answers(StatusCode::OK, "It is stopped; how far it came.", schemas::batch())
        .problems(&[kind::NOT_FOUND, kind::NOT_POSSIBLE, kind::DISK_FULL])
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::{described, samples};

    #[test]
    fn it_is_as_described() {
        for batch in samples::batches() {
            described::answer(Method::POST, "/v1/bulk/{batch}/stop", StatusCode::OK, &BatchBody::from(batch));
        }
    }
}
