//! `GET /v1/bulk`: batches, the latest first.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
};

use super::{
    super::list::{ListBody, ListQuery, page, paged},
    BatchBody, schemas,
};
use crate::{Api, ApiError, openapi::Operation};

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<ListBody<BatchBody>>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let batches = api.engine.store().batches(query.into()).await?;
    Ok(Json(ListBody::new(batches, BatchBody::from)))
}

pub(super) fn describe() -> Operation {
    let operation = Operation::new("list-bulk", "What was done about many deliveries, the latest first", "");
    paged(operation.answers(StatusCode::OK, "A page of batches.", page(schemas::batch())))
}

#[cfg(test)]
mod tests {
    use http::Method;
    use sluse_store::Page;

    use super::*;
    use crate::openapi::{described, samples};

    #[test]
    fn it_is_as_described() {
        let body = ListBody::new(Page { items: samples::batches(), next: Some("b1".into()) }, BatchBody::from);
        described::answer(Method::GET, "/v1/bulk", StatusCode::OK, &body);
    }
}
