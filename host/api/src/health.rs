//! Whether the host is well. Anybody may ask; nothing is said that only some may know: of schedules the names, which
//! operators chose, of connections how many, of targets nothing.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
    routing::get,
};
use http::Method;
use serde::{Deserialize, Serialize};
use sluse_engine::{GateFigures, ScheduleFigures, counted};
use sluse_store::StoreError;

use crate::{
    Api, ApiError, Route,
    lately::Lately,
    openapi::{
        Operation,
        schema::{Schema, boolean, list, object, one_of_texts, text},
    },
};

/// `GET /healthz`, `GET /readyz`.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/healthz", &[], get(alive), describe_alive),
        Route::new(Method::GET, "/readyz", &[], get(ready), describe_ready),
    ]
}

#[derive(Debug, Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    concerns: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// What the store said of its health, and of schedules, when it was last asked.
#[derive(Debug, Default)]
pub struct StoreHealth(Lately<Found>);

#[derive(Debug, Clone)]
struct Found {
    takes_writes: bool,
    /// What is told of schedules.
    warnings: Vec<String>,
}

/// What decides on the status, beyond whether the host can work.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadyQuery {
    #[serde(default)]
    feeds: bool,
}

/// The process answers.
async fn alive(State(api): State<Arc<Api>>) -> Json<Health> {
    Json(Health { status: "ok", version: api.version, concerns: Vec::new(), warnings: Vec::new() })
}

/// The host can accept a submission and work on it; when that is asked for, its schedules do what they are for.
async fn ready(
    State(api): State<Arc<Api>>,
    query: Result<Query<ReadyQuery>, QueryRejection>,
) -> Result<(StatusCode, Json<Health>), ApiError> {
    let Query(query) = query.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let mut concerns = (api.concerns)();
    if api.engine.stopping() {
        concerns.push("the host is stopping".into());
    }
    let store = api.store_health.0.get(|| look_at_store(&api)).await;
    if !store.takes_writes {
        concerns.push("the store takes no writes".into());
    }
    let mut warnings = store.warnings;
    let all_fare_well = warnings.is_empty();
    warnings.extend(closed_gates(&api.engine.gate_figures()));
    let (code, status) = match (concerns.is_empty(), all_fare_well || !query.feeds) {
        (true, true) => (StatusCode::OK, "ready"),
        (true, false) => (StatusCode::SERVICE_UNAVAILABLE, "feeds not well"),
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    Ok((code, Json(Health { status, version: api.version, concerns, warnings })))
}

/// Writes, and reads much: who asks often is told what was found a moment ago.
async fn look_at_store(api: &Api) -> Found {
    let takes_writes = api.engine.store().health().await.is_ok();
    Found { takes_writes, warnings: ill_schedules(api.engine.schedule_figures().await) }
}

/// What is told of schedules. Who watches feeds has to know as well when nobody can say how they fare.
fn ill_schedules(schedules: Result<Vec<ScheduleFigures>, StoreError>) -> Vec<String> {
    let Ok(schedules) = schedules else { return vec!["how schedules fare cannot be read now".into()] };
    let ill = schedules.into_iter().filter(|one| one.wellbeing.is_ill());
    ill.map(|one| format!("schedule `{}` {}", one.stored.schedule.name, one.wellbeing)).collect()
}

fn closed_gates(gates: &[GateFigures]) -> Vec<String> {
    let count = |is_so: fn(&&GateFigures) -> bool| gates.iter().filter(is_so).count() as u64;
    let (paused, alone) = (count(|gate| gate.is_paused), count(|gate| gate.is_left_alone));
    let mut warnings = Vec::new();
    if paused > 0 {
        warnings.push(format!("{} paused", counted(paused, "connection is", "connections are")));
    }
    if alone > 0 {
        let targets = counted(alone, "target that could not be reached is", "targets that could not be reached are");
        warnings.push(format!("{targets} left alone for a while"));
    }
    warnings
}

fn describe_alive() -> Operation {
    Operation::new("check-alive", "Whether the process answers", "").answers(
        StatusCode::OK,
        "It does.",
        health(&["ok"]).named("Alive"),
    )
}

fn describe_ready() -> Operation {
    let warnings = list(text()).about("What somebody should look at, and what keeps nothing from being accepted.");
    let statuses = ["ready", "feeds not well", "not ready"];
    let health = || health(&statuses).may_have("warnings", warnings.clone()).named("Ready");
    let about = "`warnings` names the schedules that have not run or fail, and says how many connections are paused or \
                 left alone by their breaker. What is asked of the store is at most a second old. With `feeds=true` such a schedule is answered with 503 as well, for those who \
                 only look at the status.";
    Operation::new("check-ready", "Whether the host can accept a submission and work on it", about)
        .query("feeds", "Whether feeds and other schedules have to do what they are for.", boolean())
        .answers(StatusCode::OK, "It can.", health())
        .answers(
            StatusCode::SERVICE_UNAVAILABLE,
            "It cannot, and `concerns` says why; or feeds are not well.",
            health(),
        )
}

fn health(statuses: &[&str]) -> Schema {
    object()
        .with("status", one_of_texts(statuses.iter().copied()))
        .with("version", text().about("The release."))
        .may_have("concerns", list(text()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::{described, samples};

    #[test]
    fn it_is_as_described() {
        let health = |status, concerns, warnings| Health { status, version: "0.1.0", concerns, warnings };
        let well = |status| health(status, Vec::new(), Vec::new());
        described::answer(Method::GET, "/healthz", StatusCode::OK, &well("ok"));
        described::answer(Method::GET, "/readyz", StatusCode::OK, &well("ready"));
        let concerns = vec!["the host is stopping".to_owned()];
        let not_ready = health("not ready", concerns, Vec::new());
        described::answer(Method::GET, "/readyz", StatusCode::SERVICE_UNAVAILABLE, &not_ready);
        let warnings = ill_schedules(Ok(samples::schedules()));
        let ill = health("feeds not well", Vec::new(), warnings);
        described::answer(Method::GET, "/readyz", StatusCode::SERVICE_UNAVAILABLE, &ill);
    }

    #[test]
    fn schedules_that_are_ill_are_named_with_what_ails_them() {
        let told = ill_schedules(Ok(samples::schedules()));
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("fails since") && told[0].contains("3 times in a row"), "{told:?}");
        assert!(told[1].contains("has not run since"), "{told:?}");
        // The text of its problem is not for everybody.
        assert!(!told.concat().contains(&samples::problem().message), "{told:?}");
    }

    #[test]
    fn connections_are_counted_and_not_named() {
        let gate = |is_paused, is_left_alone| GateFigures { connection: samples::name(), is_paused, is_left_alone };
        assert_eq!(closed_gates(&[gate(false, false)]), Vec::<String>::new());
        let told = closed_gates(&[gate(true, false), gate(true, true)]);
        assert_eq!(told[0], "2 connections are paused");
        assert!(told[1].starts_with("1 target that could not be reached is left alone"), "{told:?}");
    }
}
