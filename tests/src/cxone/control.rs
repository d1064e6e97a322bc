//! The routes under `/_control`: what a test reads, plants and changes.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};

use super::ledger::Ledger;
use super::script::Script;
use super::settings::Tenant;
use super::shared::Shared;

/// The control routes.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/_control/ledger", get(ledger))
        .route("/_control/scripts", get(scripts).post(plant))
        .route("/_control/tenant", get(tenant).post(change))
        .route("/_control/reset", post(reset))
        .with_state(shared)
}

async fn ledger(State(shared): State<Arc<Shared>>) -> Json<Ledger> {
    Json(shared.ledger().clone())
}

async fn scripts(State(shared): State<Arc<Shared>>) -> Json<Vec<Script>> {
    Json(shared.scripts().waiting().to_vec())
}

async fn plant(
    State(shared): State<Arc<Shared>>,
    Json(given): Json<Value>,
) -> Result<Json<Value>, (StatusCode, String)> {
    let list = if given.is_array() { given } else { json!([given]) };
    let scripts: Vec<Script> =
        serde_json::from_value(list).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
    let planted = scripts.len();
    scripts.into_iter().for_each(|script| shared.scripts().plant(script));
    Ok(Json(json!({ "planted": planted })))
}

async fn tenant(State(shared): State<Arc<Shared>>) -> Json<Tenant> {
    Json(shared.tenant().clone())
}

/// What is left out is as it is usually.
async fn change(State(shared): State<Arc<Shared>>, Json(given): Json<Tenant>) -> Json<Tenant> {
    *shared.tenant() = given.clone();
    Json(given)
}

async fn reset(State(shared): State<Arc<Shared>>) -> Json<Value> {
    shared.reset();
    Json(json!({}))
}
