//! Schedules, and what became of their ticks.

mod fire;
mod list;
mod schemas;
mod show;

use axum::routing::{get, post};
use http::Method;
use serde::Serialize;
use sluse_model::{Found, Name, Problem, RunId, Scope, SkipReason, Tick, TickId, TickState, TimelineLine, Timestamp};

use crate::{ApiError, Route};

pub(super) use schemas::origin;

pub(super) fn routes() -> Vec<Route> {
    const READ: &[Scope] = &[Scope::Operate, Scope::Deploy];
    // Who watches a host asks whether its schedules fare well.
    const LIST: &[Scope] = &[Scope::Operate, Scope::Deploy, Scope::Monitor];
    const ACT: &[Scope] = &[Scope::Operate];
    vec![
        Route::new(Method::GET, "/v1/schedules", LIST, get(list::list), list::describe),
        Route::new(Method::GET, "/v1/schedules/{schedule}", READ, get(show::show), show::describe),
        Route::new(Method::POST, "/v1/schedules/{schedule}/fire", ACT, post(fire::fire), fire::describe),
    ]
}

fn name(text: &str) -> Result<Name, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound(format!("schedule `{text}`")))
}

/// A tick as it is sent.
#[derive(Debug, Serialize)]
struct TickBody {
    id: TickId,
    planned_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    planned_until: Option<Timestamp>,
    count: u32,
    noted_at: Timestamp,
    late: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<SkipReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
    attempts: u32,
    found: Found,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<RunId>,
    timeline: Vec<TimelineLine>,
}

impl From<Tick> for TickBody {
    fn from(tick: Tick) -> Self {
        let (state, due, ended_at, problem, why) = match tick.state {
            TickState::Queued { due } => ("queued", Some(due), None, None, None),
            TickState::Running { .. } => ("running", None, None, None, None),
            TickState::Retrying { due, problem } => ("retrying", Some(due), None, Some(problem), None),
            TickState::Done { at } => ("done", None, Some(at), None, None),
            TickState::Failed { at, problem } => ("failed", None, Some(at), Some(problem), None),
            TickState::Skipped { why } => ("skipped", None, None, None, Some(why)),
        };
        Self {
            id: tick.id,
            planned_at: tick.planned_at,
            planned_until: (tick.until != tick.planned_at).then_some(tick.until),
            count: tick.count,
            noted_at: tick.at,
            late: tick.is_late,
            by: tick.by.map(|by| by.name),
            state,
            why,
            due,
            ended_at,
            problem,
            attempts: tick.attempts,
            found: tick.found,
            run: tick.run,
            timeline: tick.timeline,
        }
    }
}
