//! The routes under `/_control`: what a test reads and plants.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::receipt::Refusal;
use super::state::Shared;
use super::{Ledger, Share};
use crate::simulated::Plural;

/// What shall become of the folder.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Becomes {
    Locked,
    Unlocked,
    LockedWhenStaged,
    Removed,
    Restored,
}

/// The control routes.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/_control/ledger", get(ledger))
        .route("/_control/faults", get(refusals).post(refuse))
        .route("/_control/share", post(become_of_it))
        .route("/_control/taking", post(take))
        .route("/_control/reset", post(reset))
        .with_state(shared)
}

async fn ledger(State(shared): State<Arc<Shared>>) -> Json<Ledger> {
    Json(shared.ledger().clone())
}

async fn refusals(State(shared): State<Arc<Shared>>) -> Json<Vec<Refusal>> {
    Json(shared.refusals().clone())
}

async fn refuse(State(shared): State<Arc<Shared>>, Json(given): Json<Plural<Refusal>>) -> Json<Value> {
    Json(json!({ "planted": given.each(|refusal| shared.refusals().push(refusal)) }))
}

async fn become_of_it(
    State(shared): State<Arc<Shared>>,
    Json(becomes): Json<Becomes>,
) -> Result<Json<Value>, (StatusCode, String)> {
    let share: &Share = &shared.share;
    share.refuse_renaming(matches!(becomes, Becomes::LockedWhenStaged));
    let become_so = match becomes {
        Becomes::Locked => share.lock(),
        Becomes::Unlocked => share.unlock(),
        Becomes::LockedWhenStaged => Ok(()),
        Becomes::Removed => share.remove(),
        Becomes::Restored => share.restore(),
    };
    become_so.map_err(|error| (StatusCode::CONFLICT, format!("{error:#}")))?;
    Ok(Json(json!({})))
}

async fn take(State(shared): State<Arc<Shared>>, Json(takes): Json<bool>) -> Json<Value> {
    shared.takes(takes);
    Json(json!({}))
}

async fn reset(State(shared): State<Arc<Shared>>) -> Json<Value> {
    shared.reset();
    Json(json!({}))
}
