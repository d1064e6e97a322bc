//! `GET /v1/runs`: runs, the latest first.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use sluse_model::{Name, Run, RunState};
use sluse_store::RunFilter;

use super::{
    super::list::{ListBody, ListQuery, page, paged},
    schemas,
};
use crate::{
    Api, ApiError,
    openapi::{Operation, schema::name},
    problem::kind,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunQuery {
    flow: Option<Name>,
    state: Option<RunState>,
    limit: Option<u32>,
    after: Option<String>,
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    query: Result<Query<RunQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<ListBody<Run>>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let page = ListQuery::new(query.limit, query.after);
    let filter = RunFilter { flow: query.flow.clone(), state: query.state };
    let runs = api.engine.store().runs(filter, page.into()).await?;
    // A mistyped name must not read as "all is well".
    if let Some(flow) = query.flow.filter(|_| runs.items.is_empty()) {
        api.engine.knows_flow(&flow).await?;
    }
    Ok(Json(ListBody::new(runs, |run| run)))
}

pub(super) fn describe() -> Operation {
    let operation = Operation::new("list-runs", "Runs, the latest first", "")
        .query("flow", "Only those of this flow.", name())
        .query("state", "Only those that stand there.", schemas::run_state())
        .answers(StatusCode::OK, "A page of runs.", page(schemas::run()))
        .problems(&[kind::NOT_FOUND]);
    paged(operation)
}

#[cfg(test)]
mod tests {
    use http::Method;
    use sluse_store::Page;

    use super::*;
    use crate::openapi::{described, samples};

    #[test]
    fn it_is_as_described() {
        for (items, next) in [(samples::runs(), Some("more".to_owned())), (Vec::new(), None)] {
            let body = ListBody::new(Page { items, next }, |run| run);
            described::answer(Method::GET, "/v1/runs", StatusCode::OK, &body);
        }
    }

    #[test]
    fn a_misspelt_name_is_refused() {
        let refused = Query::<RunQuery>::try_from_uri(&http::Uri::from_static("/v1/runs?conection=workzone"));
        let told = refused.expect_err("no such name").body_text();
        assert!(told.contains("`conection`"), "{told}");
    }
}
