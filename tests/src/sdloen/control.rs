//! The routes under `/_control`: what a test reads and plants.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Ledger;
use super::people::Employment;
use super::soap::SoapFault;
use super::state::Shared;
use crate::simulated::{Planted, Plural};

/// What shall happen with a request: by its route, or as a SOAP fault in place of the answer to a claim.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Wanted {
    Planted(Planted),
    Soap(SoapFault),
}

/// The control routes.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/_control/ledger", get(ledger))
        .route("/_control/employments", post(employ))
        .route("/_control/faults", get(faults).post(plant))
        .route("/_control/reset", post(reset))
        .with_state(shared)
}

async fn ledger(State(shared): State<Arc<Shared>>) -> Json<Ledger> {
    Json(shared.state().ledger.clone())
}

async fn employ(State(shared): State<Arc<Shared>>, Json(given): Json<Plural<Employment>>) -> Json<Value> {
    Json(json!({ "employed": given.each(|employment| shared.state().employments.push(employment)) }))
}

async fn faults(State(shared): State<Arc<Shared>>) -> Json<Vec<Wanted>> {
    let soap = shared.state().soap_faults.clone().into_iter().map(Wanted::Soap);
    let planted = shared.faults().waiting().to_vec().into_iter().map(Wanted::Planted);
    Json(planted.chain(soap).collect())
}

async fn plant(State(shared): State<Arc<Shared>>, Json(given): Json<Plural<Wanted>>) -> Json<Value> {
    let plant = |wanted| match wanted {
        Wanted::Planted(planted) => shared.faults().plant(planted),
        Wanted::Soap(fault) => shared.state().soap_faults.push(fault),
    };
    Json(json!({ "planted": given.each(plant) }))
}

async fn reset(State(shared): State<Arc<Shared>>) -> Json<Value> {
    shared.reset();
    Json(json!({}))
}
