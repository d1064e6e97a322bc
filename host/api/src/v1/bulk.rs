//! One act on many deliveries.

mod begin;
mod list;
mod schemas;
mod show;
mod stop;

use std::collections::BTreeMap;

use axum::routing::{get, post};
use http::Method;
use serde::Serialize;
use sluse_model::{Actor, BatchAct, BatchEnd, BatchId, BatchRefusal, Scope, Timestamp, Token};
use sluse_store::{Batch, DeliveryFilter};

use crate::{ApiError, Route};

pub(crate) use schemas::batch_id;

pub(super) fn routes() -> Vec<Route> {
    const ACT: &[Scope] = &[Scope::Operate];
    vec![
        Route::new(Method::POST, "/v1/bulk", ACT, post(begin::begin), begin::describe),
        Route::new(Method::GET, "/v1/bulk", ACT, get(list::list), list::describe),
        Route::new(Method::GET, "/v1/bulk/{batch}", ACT, get(show::show), show::describe),
        Route::new(Method::POST, "/v1/bulk/{batch}/stop", ACT, post(stop::stop), stop::describe),
    ]
}

/// A batch as it is sent.
#[derive(Debug, Serialize)]
struct BatchBody {
    id: BatchId,
    #[serde(flatten)]
    act: BatchAct,
    filter: DeliveryFilter,
    per_second: u32,
    by: Actor,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    began_at: Timestamp,
    found: u64,
    done: u64,
    refused: BTreeMap<BatchRefusal, u64>,
    /// Those that are still to come, as far as one knows.
    left: u64,
    /// `running`, `done` or `stopped`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<BatchEnd>,
}

impl From<Batch> for BatchBody {
    fn from(batch: Batch) -> Self {
        let passed = batch.refused.values().sum::<u64>() + batch.done;
        let (left, state) = match &batch.end {
            None => (batch.found.saturating_sub(passed), "running"),
            Some(BatchEnd { stopped_by: Some(_), .. }) => (batch.found.saturating_sub(passed), "stopped"),
            Some(_) => (0, "done"),
        };
        let Batch { id, act, filter, per_second, by, why, began_at, found, done, refused, end } = batch;
        Self { id, act, filter, per_second, by, why, began_at, found, done, refused, left, state, end }
    }
}

fn id(text: &str) -> Result<BatchId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound(format!("batch `{text}`")))
}

fn actor(token: Token) -> Actor {
    Actor { token: token.id, name: token.name }
}
