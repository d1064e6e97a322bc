//! The way of one request: the token, the route, and what was planted for it.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::control;
use super::ledger::DeliveryState;
use super::state::Shared;
use crate::simulated::{Dropped, befall, plain, with_json};

/// Larger bodies are refused.
const MAX_BODY_BYTES: usize = 1 << 20;

/// What is asked for, and about what.
enum Route {
    Waiting,
    State(String),
    Acknowledge(String),
    Reject(String),
    Process(String),
    Search,
    Advance(String),
    SendBack(String),
}

impl Route {
    fn of(method: &Method, path: &str) -> Option<Self> {
        let parts: Vec<_> = path.split('/').skip(1).map(|part| percent_decode_str(part).decode_utf8_lossy()).collect();
        let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
        Some(match (method, parts.as_slice()) {
            (&Method::GET, ["delivery"]) => Self::Waiting,
            (&Method::GET, ["delivery", id]) => Self::State((*id).to_owned()),
            (&Method::POST, ["delivery", id, "acknowledge"]) => Self::Acknowledge((*id).to_owned()),
            (&Method::POST, ["delivery", id, "reject"]) => Self::Reject((*id).to_owned()),
            (&Method::POST, ["Process", "Search"]) => Self::Search,
            (&Method::GET, ["Process", id]) => Self::Process((*id).to_owned()),
            (&Method::POST, ["Process", id, "Advance"]) => Self::Advance((*id).to_owned()),
            (&Method::POST, ["Process", id, "Reject"]) => Self::SendBack((*id).to_owned()),
            _ => return None,
        })
    }

    /// The name by which faults are planted, and what it is about.
    fn name(&self) -> (&'static str, &str) {
        match self {
            Self::Waiting => ("waiting", ""),
            Self::State(id) => ("state", id),
            Self::Acknowledge(id) => ("acknowledge", id),
            Self::Reject(id) => ("reject", id),
            Self::Process(id) => ("process", id),
            Self::Search => ("search", ""),
            Self::Advance(id) => ("advance", id),
            Self::SendBack(id) => ("send-back", id),
        }
    }
}

pub(super) async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
    let (parts, body) = request.into_parts();
    if parts.uri.path().starts_with("/_control/") {
        let control = control::router(shared).oneshot(Request::from_parts(parts, Body::new(body)));
        return Ok(control.await.unwrap_or_else(|never| match never {}));
    }
    let Ok(body) = axum::body::to_bytes(Body::new(body), MAX_BODY_BYTES).await else {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE));
    };
    let token = parts.headers.get("publicApiToken").and_then(|token| token.to_str().ok());
    if token != Some(shared.state().token.as_str()) {
        shared.state().ledger.refused += 1;
        return Ok(plain(StatusCode::UNAUTHORIZED));
    }
    let Some(route) = Route::of(&parts.method, parts.uri.path()) else { return Ok(plain(StatusCode::NOT_FOUND)) };
    let (name, key) = route.name();
    let fault = shared.faults().take(name, key);
    befall(fault, || act(&shared, &route, &body)).await
}

fn act(shared: &Shared, route: &Route, body: &Bytes) -> Response<Body> {
    let mut state = shared.state();
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    match route {
        Route::Waiting => with_json(StatusCode::OK, &state.give()),
        Route::State(id) => match state.delivery_state(id) {
            Some(is) => with_json(StatusCode::OK, &json!({ "id": id, "state": is })),
            None => plain(StatusCode::NOT_FOUND),
        },
        Route::Acknowledge(id) => closed(shared, state.close(id, DeliveryState::Acknowledged, None)),
        Route::Reject(id) => closed(shared, state.close(id, DeliveryState::Rejected, text("note"))),
        Route::Process(id) => match state.processes.get(id) {
            Some(process) => with_json(StatusCode::OK, &process.written()),
            None => plain(StatusCode::NOT_FOUND),
        },
        Route::Search => {
            let wanted = text("text").unwrap_or_default();
            let found = state.processes.values().filter(|process| process.has(&wanted));
            with_json(StatusCode::OK, &found.map(super::processes::Process::written).collect())
        }
        Route::Advance(id) => {
            let Some(process) = state.processes.get_mut(id) else { return plain(StatusCode::NOT_FOUND) };
            if !process.advance() {
                return plain(StatusCode::CONFLICT);
            }
            state.ledger.processes.entry(id.clone()).or_default().advanced += 1;
            plain(StatusCode::OK)
        }
        Route::SendBack(id) => {
            let Some(process) = state.processes.get_mut(id) else { return plain(StatusCode::NOT_FOUND) };
            if !text("rejectedToActivityId").is_some_and(|activity| process.send_back(&activity)) {
                return plain(StatusCode::BAD_REQUEST);
            }
            let entry = state.ledger.processes.entry(id.clone()).or_default();
            entry.sent_back += 1;
            entry.notes.extend(text("note"));
            misled(shared)
        }
    }
}

/// 404 for what is not there, 409 for what has come to something else, and else what misleads.
fn closed(shared: &Shared, closed: Option<bool>) -> Response<Body> {
    match closed {
        None => plain(StatusCode::NOT_FOUND),
        Some(false) => plain(StatusCode::CONFLICT),
        Some(true) => misled(shared),
    }
}

/// It is done. XFlow answers 500 all the same.
fn misled(shared: &Shared) -> Response<Body> {
    plain(if shared.settings.misleads { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK })
}
