//! `GET /v1/schedules/{schedule}`: a schedule with its ticks, the latest first.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
};
use serde::Serialize;
use sluse_engine::ScheduleFigures;

use super::{
    super::list::{ListBody, ListQuery, page, paged},
    TickBody,
    list::ScheduleBody,
    name, schemas,
};
use crate::{
    Api, ApiError,
    openapi::{Operation, schema::name as name_schema, schema::object},
    path::Path,
    problem::kind,
};

#[derive(Debug, Serialize)]
pub(super) struct DetailBody {
    #[serde(flatten)]
    schedule: ScheduleBody,
    ticks: ListBody<TickBody>,
}

pub(super) async fn show(
    State(api): State<Arc<Api>>,
    Path(schedule): Path<String>,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<DetailBody>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let name = name(&schedule)?;
    let stored = api.engine.store().schedule(&name).await?;
    let stored = stored.ok_or_else(|| ApiError::NotFound(format!("schedule `{schedule}`")))?;
    let figures = ScheduleFigures { wellbeing: api.engine.wellbeing(&stored), stored };
    let ticks = api.engine.store().ticks(&name, query.into()).await?;
    Ok(Json(DetailBody { schedule: figures.into(), ticks: ListBody::new(ticks, TickBody::from) }))
}

pub(super) fn describe() -> Operation {
    let more = object().with("ticks", page(schemas::tick()).about("The latest first."));
    let body = schemas::schedule().and(more).about("A schedule with its ticks.").named("ScheduleDetail");
    let operation = Operation::new("show-schedule", "A schedule with its ticks, the latest first", "")
        .place("schedule", "The schedule.", name_schema())
        .answers(StatusCode::OK, "The schedule.", body)
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
        for (schedule, next) in samples::schedules().into_iter().zip([Some("more".to_owned()), None]) {
            let ticks = ListBody::new(Page { items: samples::ticks(), next }, TickBody::from);
            let body = DetailBody { schedule: schedule.into(), ticks };
            described::answer(Method::GET, "/v1/schedules/{schedule}", StatusCode::OK, &body);
        }
    }
}
