//! `POST /v1/resume`: let go of what a paused start holds.

use std::sync::Arc;

use axum::{Extension, extract::State, http::StatusCode};
use serde_json::json;
use sluse_model::Token;

use super::actor;
use crate::{Api, openapi::Operation};

pub(super) async fn resume_all(State(api): State<Arc<Api>>, Extension(token): Extension<Token>) -> StatusCode {
    api.engine.resume_all(&actor(token));
    StatusCode::NO_CONTENT
}

pub(super) fn describe() -> Operation {
    let about = "Connections that somebody paused by name stay paused.";
    Operation::new("resume-host", "Let go of what a paused start holds", about)
        .answer(StatusCode::NO_CONTENT, json!({"description": "It is let go."}))
}
