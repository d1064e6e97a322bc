//! The routes under `/_control`: what a test reads and plants. They need no credentials and are not logged.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::entities::{Earlier, Writer, known_set};
use super::faults::Fault;
use super::ledger::Ledger;
use super::server::Shared;
use super::settings::{FieldKind, Settings};

type Answer = Result<Json<Value>, (StatusCode, String)>;

/// The control routes.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/_control/ledger", get(ledger))
        .route("/_control/requests", get(requests))
        .route("/_control/faults", get(faults).post(plant).delete(forget))
        .route("/_control/clock", get(clock).post(move_clock))
        .route("/_control/seed", post(seed_row))
        .route("/_control/rows/{set}", get(rows))
        .route("/_control/revoke-tokens", post(revoke))
        .route("/_control/reset", post(reset))
        .with_state(shared)
}

async fn ledger(State(shared): State<Arc<Shared>>) -> Answer {
    to_json(&ledger_of(&shared))
}

async fn requests(State(shared): State<Arc<Shared>>) -> Answer {
    to_json(&shared.log().entries())
}

async fn faults(State(shared): State<Arc<Shared>>) -> Answer {
    to_json(&shared.faults().waiting())
}

async fn plant(State(shared): State<Arc<Shared>>, Json(given): Json<Value>) -> Answer {
    let list = if given.is_array() { given } else { json!([given]) };
    let faults = serde_json::from_value::<Vec<Fault>>(list).map_err(|error| bad(error.to_string()))?;
    let planted = faults.len();
    for fault in faults {
        shared.faults().plant(fault);
    }
    Ok(Json(json!({ "planted": planted })))
}

async fn forget(State(shared): State<Arc<Shared>>) -> Answer {
    shared.faults().clear();
    Ok(Json(json!({})))
}

async fn clock(State(shared): State<Arc<Shared>>) -> Answer {
    Ok(Json(json!({ "unix_ms": shared.clock.now_unix_ms() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveClock {
    #[serde(default)]
    advance_ms: i64,
    unix_ms: Option<i64>,
}

async fn move_clock(State(shared): State<Arc<Shared>>, Json(wanted): Json<MoveClock>) -> Answer {
    if let Some(unix_ms) = wanted.unix_ms {
        shared.clock.set_unix_ms(unix_ms);
    }
    shared.clock.advance_ms(wanted.advance_ms);
    clock(State(shared)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedRow {
    set: String,
    row: Map<String, Value>,
}

async fn seed_row(State(shared): State<Arc<Shared>>, Json(wanted): Json<SeedRow>) -> Answer {
    seed(&shared, &wanted.set, wanted.row).map(|id| Json(json!({ "ID": id }))).map_err(bad)
}

async fn rows(State(shared): State<Arc<Shared>>, Path(set): Path<String>) -> Answer {
    rows_of(&shared, &set).map(|rows| Json(json!(rows))).map_err(bad)
}

async fn revoke(State(shared): State<Arc<Shared>>) -> Answer {
    shared.access().revoke();
    Ok(Json(json!({})))
}

async fn reset(State(shared): State<Arc<Shared>>) -> Answer {
    shared.reset();
    Ok(Json(json!({})))
}

/// Committed effects now.
pub(super) fn ledger_of(shared: &Shared) -> Ledger {
    Ledger::of(&shared.state(), key_field(&shared.settings))
}

/// The field of a case that carries the business key: the first Unique one.
fn key_field(settings: &Settings) -> &str {
    let unique = settings.custom_fields.iter().find(|field| field.set == "Files" && field.kind == FieldKind::Unique);
    unique.map_or("EXTREF", |field| &field.name)
}

/// Puts a row in as it is given; only the names of its properties are checked. Gives its `ID`.
pub(super) fn seed(shared: &Shared, set: &str, row: Map<String, Value>) -> Result<String, String> {
    let mut state = shared.state();
    let model = state.model();
    let set = known_set(&model, set).map_err(|refusal| refusal.message)?;
    if let Some(unknown) = row.keys().find(|name| set.field(name).is_none()) {
        return Err(format!("`{}` has no property `{unknown}`", set.name));
    }
    let earlier = Earlier::new();
    let mut writer =
        Writer { state: &mut state, settings: &shared.settings, now: shared.clock.now_text(), earlier: &earlier };
    Ok(writer.insert(set, row).to_string())
}

/// Rows of a set as stored, each with its `ID`.
pub(super) fn rows_of(shared: &Shared, set: &str) -> Result<Vec<Value>, String> {
    let state = shared.state();
    let model = state.model();
    let set = known_set(&model, set).map_err(|refusal| refusal.message)?;
    let with_id = |row: &super::state::Row| {
        let mut fields = row.fields.clone();
        fields.insert("ID".to_owned(), Value::from(row.key()));
        Value::Object(fields)
    };
    Ok(state.rows(&set.name).map(with_id).collect())
}

fn to_json<T: serde::Serialize + ?Sized>(value: &T) -> Answer {
    serde_json::to_value(value).map(Json).map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

fn bad(message: impl Into<String>) -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, message.into())
}
