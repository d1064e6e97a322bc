//! Whether the host is well. Anybody may ask; nothing is said that only some may know.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use http::Method;
use serde::Serialize;

use crate::{
    Api, Route,
    openapi::{
        Operation,
        schema::{Schema, list, object, one_of_texts, text},
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
}

/// The process answers.
async fn alive(State(api): State<Arc<Api>>) -> Json<Health> {
    Json(Health { status: "ok", version: api.version, concerns: Vec::new() })
}

/// The host can accept a submission and work on it.
async fn ready(State(api): State<Arc<Api>>) -> impl IntoResponse {
    let mut concerns = (api.concerns)();
    if api.engine.stopping() {
        concerns.push("the host is stopping".into());
    }
    if api.engine.store().health().await.is_err() {
        concerns.push("the store takes no writes".into());
    }
    let (code, status) =
        if concerns.is_empty() { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready") };
    (code, Json(Health { status, version: api.version, concerns }))
}

fn describe_alive() -> Operation {
    Operation::new("check-alive", "Whether the process answers", "").answers(
        StatusCode::OK,
        "It does.",
        health(&["ok"]).named("Alive"),
    )
}

fn describe_ready() -> Operation {
    let health = || health(&["ready", "not ready"]).named("Ready");
    Operation::new("check-ready", "Whether the host can accept a submission and work on it", "")
        .answers(StatusCode::OK, "It can.", health())
        .answers(StatusCode::SERVICE_UNAVAILABLE, "It cannot; `concerns` says why.", health())
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
    use crate::openapi::described;

    #[test]
    fn it_is_as_described() {
        let health = |status, concerns| Health { status, version: "0.1.0", concerns };
        described::answer(Method::GET, "/healthz", StatusCode::OK, &health("ok", Vec::new()));
        described::answer(Method::GET, "/readyz", StatusCode::OK, &health("ready", Vec::new()));
        let concerns = vec!["the host is stopping".to_owned()];
        described::answer(Method::GET, "/readyz", StatusCode::SERVICE_UNAVAILABLE, &health("not ready", concerns));
    }
}
