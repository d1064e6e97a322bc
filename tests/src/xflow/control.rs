//! The routes under `/_control`: what a test reads and plants.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ledger::Ledger;
use super::processes::Process;
use super::state::{Delivery, Shared};
use crate::simulated::{Planted, Plural};

/// A process to have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    id: String,
    #[serde(default)]
    fields: Value,
}

/// The control routes.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/_control/ledger", get(ledger))
        .route("/_control/deliveries", post(deliver))
        .route("/_control/processes", post(have))
        .route("/_control/faults", get(faults).post(plant))
        .route("/_control/token", post(rotate))
        .route("/_control/reset", post(reset))
        .with_state(shared)
}

async fn ledger(State(shared): State<Arc<Shared>>) -> Json<Ledger> {
    Json(shared.state().ledger.clone())
}

async fn deliver(State(shared): State<Arc<Shared>>, Json(given): Json<Plural<Delivery>>) -> Json<Value> {
    Json(json!({ "waiting": given.each(|delivery| shared.state().deliver(delivery)) }))
}

async fn have(State(shared): State<Arc<Shared>>, Json(given): Json<Plural<Wanted>>) -> Json<Value> {
    let have = |Wanted { id, fields }| {
        let process = Process::new(&id, fields);
        shared.state().processes.insert(id, process);
    };
    Json(json!({ "processes": given.each(have) }))
}

async fn faults(State(shared): State<Arc<Shared>>) -> Json<Vec<Planted>> {
    Json(shared.faults().waiting().to_vec())
}

async fn plant(State(shared): State<Arc<Shared>>, Json(given): Json<Plural<Planted>>) -> Json<Value> {
    Json(json!({ "planted": given.each(|planted| shared.faults().plant(planted)) }))
}

async fn rotate(State(shared): State<Arc<Shared>>, Json(token): Json<String>) -> Json<Value> {
    shared.state().token = token;
    Json(json!({}))
}

async fn reset(State(shared): State<Arc<Shared>>) -> Json<Value> {
    shared.reset();
    Json(json!({}))
}
