//! The routes under `/_control`: what a test reads and plants.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::forms::Submission;
use super::ledger::Ledger;
use super::state::Shared;
use crate::simulated::{Planted, Plural};

/// A status that a person gives.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    id: String,
    status: String,
}

/// The control routes.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/_control/ledger", get(ledger))
        .route("/_control/submissions", post(submit))
        .route("/_control/statuses", post(give))
        .route("/_control/disorder", post(disorder))
        .route("/_control/faults", get(faults).post(plant))
        .route("/_control/reset", post(reset))
        .with_state(shared)
}

async fn ledger(State(shared): State<Arc<Shared>>) -> Json<Ledger> {
    Json(shared.state().ledger.clone())
}

async fn submit(State(shared): State<Arc<Shared>>, Json(given): Json<Plural<Submission>>) -> Json<Value> {
    Json(json!({ "submitted": given.each(|submission| shared.state().submit(submission)) }))
}

async fn give(State(shared): State<Arc<Shared>>, Json(given): Json<Plural<Given>>) -> Json<Value> {
    Json(json!({ "given": given.each(|Given { id, status }| shared.state().set_status(&id, &status)) }))
}

async fn disorder(State(shared): State<Arc<Shared>>, Json(disorder): Json<bool>) -> Json<Value> {
    shared.state().disorder = disorder;
    Json(json!({}))
}

async fn faults(State(shared): State<Arc<Shared>>) -> Json<Vec<Planted>> {
    Json(shared.faults().waiting().to_vec())
}

async fn plant(State(shared): State<Arc<Shared>>, Json(given): Json<Plural<Planted>>) -> Json<Value> {
    Json(json!({ "planted": given.each(|planted| shared.faults().plant(planted)) }))
}

async fn reset(State(shared): State<Arc<Shared>>) -> Json<Value> {
    shared.reset();
    Json(json!({}))
}
