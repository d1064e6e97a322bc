//! Whether the host is well. Anybody may ask; nothing is said that only some may know.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use http::Method;
use serde::Serialize;

use crate::{Api, Route};

/// `GET /healthz`, `GET /readyz`.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route { method: Method::GET, path: "/healthz", scopes: &[], handler: get(alive) },
        Route { method: Method::GET, path: "/readyz", scopes: &[], handler: get(ready) },
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
