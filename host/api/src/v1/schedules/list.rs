//! `GET /v1/schedules`: schedules with their next and their latest tick.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use sluse_engine::ScheduleFigures;
use sluse_model::{Problem, Schedule, Timestamp, Wellbeing};

use super::{super::list::items, TickBody, schemas};
use crate::{Api, ApiError, openapi::Operation};

#[derive(Debug, Serialize)]
pub(super) struct ScheduleBody {
    #[serde(flatten)]
    schedule: Schedule,
    changed_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest: Option<TickBody>,
    wellbeing: Wellbeing,
    #[serde(skip_serializing_if = "Option::is_none")]
    succeeded_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_failure: Option<FailureBody>,
}

#[derive(Debug, Serialize)]
struct FailureBody {
    at: Timestamp,
    problem: Problem,
}

impl From<ScheduleFigures> for ScheduleBody {
    fn from(ScheduleFigures { stored, wellbeing }: ScheduleFigures) -> Self {
        let next = stored.next.filter(|_| stored.schedule.enabled).map(|next| next.fires_at);
        Self {
            schedule: stored.schedule,
            changed_at: stored.changed_at,
            next,
            latest: stored.latest.map(TickBody::from),
            wellbeing,
            succeeded_at: stored.past.succeeded_at,
            last_failure: stored.past.failure.map(|failure| FailureBody { at: failure.at, problem: failure.problem }),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct ItemsBody {
    items: Vec<ScheduleBody>,
}

pub(super) async fn list(State(api): State<Arc<Api>>) -> Result<Json<ItemsBody>, ApiError> {
    let figures = api.engine.schedule_figures().await?;
    Ok(Json(ItemsBody { items: figures.into_iter().map(ScheduleBody::from).collect() }))
}

pub(super) fn describe() -> Operation {
    Operation::new("list-schedules", "Schedules with their next and their latest tick", "").answers(
        StatusCode::OK,
        "The schedules.",
        items(schemas::schedule()),
    )
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::{described, samples};

    #[test]
    fn they_are_as_described() {
        let body = ItemsBody { items: samples::schedules().into_iter().map(ScheduleBody::from).collect() };
        described::answer(Method::GET, "/v1/schedules", StatusCode::OK, &body);
    }
}
