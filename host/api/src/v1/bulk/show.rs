//! `GET /v1/bulk/{batch}`: how far a batch has come.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};

use super::{BatchBody, id, schemas};
use crate::{Api, ApiError, openapi::Operation, path::Path, problem::kind};

pub(super) async fn show(State(api): State<Arc<Api>>, Path(batch): Path<String>) -> Result<Json<BatchBody>, ApiError> {
    let found = api.engine.store().batch(id(&batch)?).await?;
    let found = found.ok_or_else(|| ApiError::NotFound(format!("batch `{batch}`")))?;
    Ok(Json(found.into()))
}

pub(super) fn describe() -> Operation {
    Operation::new("show-bulk", "How far a batch has come", "")
        .place("batch", "The batch.", schemas::batch_id())
        .answers(StatusCode::OK, "The batch.", schemas::batch())
        .problems(&[kind::NOT_FOUND])
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::{described, samples};

    #[test]
    fn it_is_as_described() {
        for batch in samples::batches() {
            described::answer(Method::GET, "/v1/bulk/{batch}", StatusCode::OK, &BatchBody::from(batch));
        }
    }
}
