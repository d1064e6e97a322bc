//! The routes under `/_control`: what a test reads and plants.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Ledger;
use super::people::Employment;
use super::soap::SoapFault;
use super::state::Shared;
use crate::simulated::{Planted, Plural};

/// The control routes.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/_control/ledger", get(ledger))
        .route("/_control/employments", post(employ))
        .route("/_control/faults", get(faults).post(plant))
        .route("/_control/soap-faults", post(answer_with))
        .route("/_control/reset", post(reset))
        .with_state(shared)
}

async fn ledger(State(shared): State<Arc<Shared>>) -> Json<Ledger> {
    Json(shared.state().ledger.clone())
}

async fn employ(State(shared): State<Arc<Shared>>, Json(given): Json<Plural<Employment>>) -> Json<Value> {
    Json(json!({ "employed": given.each(|employment| shared.state().employments.push(employment)) }))
}

async fn faults(State(shared): State<Arc<Shared>>) -> Json<Vec<Planted>> {
    Json(shared.faults().waiting().to_vec())
}

async fn plant(State(shared): State<Arc<Shared>>, Json(given): Json<Plural<Planted>>) -> Json<Value> {
    Json(json!({ "planted": given.each(|planted| shared.faults().plant(planted)) }))
}

async fn answer_with(State(shared): State<Arc<Shared>>, Json(given): Json<Plural<SoapFault>>) -> Json<Value> {
    Json(json!({ "planted": given.each(|fault| shared.state().soap_faults.push(fault)) }))
}

async fn reset(State(shared): State<Arc<Shared>>) -> Json<Value> {
    shared.reset();
    Json(json!({}))
}
