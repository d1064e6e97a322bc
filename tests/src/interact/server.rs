//! The way of one request: the route, and what was planted for it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::control;
use super::state::{Shared, Told, Wanted};
use crate::simulated::{Dropped, befall, plain, with_json};

/// Larger bodies are refused.
const MAX_BODY_BYTES: usize = 64 << 10;

/// What is asked for.
enum Route {
    List,
    Describe(String),
    File(String, String),
    Status(String),
}

impl Route {
    fn of(method: &Method, path: &str) -> Option<Self> {
        let parts: Vec<_> = path.split('/').skip(1).map(|part| percent_decode_str(part).decode_utf8_lossy()).collect();
        let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
        Some(match (method, parts.as_slice()) {
            (&Method::GET, ["submissions"]) => Self::List,
            (&Method::GET, ["submissions", id]) => Self::Describe((*id).to_owned()),
            (&Method::GET, ["submissions", id, "files", file]) => Self::File((*id).to_owned(), (*file).to_owned()),
            (&Method::PUT, ["submissions", id, "status"]) => Self::Status((*id).to_owned()),
            _ => return None,
        })
    }

    /// The name by which faults are planted, and the submission that it is about.
    fn name(&self) -> (&'static str, &str) {
        match self {
            Self::List => ("list", ""),
            Self::Describe(id) => ("describe", id),
            Self::File(id, _) => ("file", id),
            Self::Status(id) => ("status", id),
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
    let Some(route) = Route::of(&parts.method, parts.uri.path()) else { return Ok(plain(StatusCode::NOT_FOUND)) };
    let query = parameters(parts.uri.query().unwrap_or_default());
    if query.get("clientId").is_none_or(String::is_empty) {
        return Ok(plain(StatusCode::FORBIDDEN));
    }
    let (name, key) = route.name();
    let fault = shared.faults().take(name, key);
    befall(fault, || act(&shared, &route, &query, &body)).await
}

fn parameters(query: &str) -> HashMap<String, String> {
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn act(shared: &Shared, route: &Route, query: &HashMap<String, String>, body: &Bytes) -> Response<Body> {
    let mut state = shared.state();
    match route {
        Route::List => {
            let number = |name: &str| query.get(name).and_then(|text| text.parse().ok());
            let wanted = Wanted {
                form_id: query.get("formId").cloned(),
                status: query.get("status").cloned(),
                page_size: number("pageSize").unwrap_or(50),
                page: number("page").unwrap_or(0),
            };
            match state.list(&wanted) {
                Some(page) => with_json(StatusCode::OK, &page),
                None => plain(StatusCode::NOT_FOUND),
            }
        }
        Route::Describe(id) => match state.find(id) {
            Some(submission) => with_json(StatusCode::OK, &submission.described(state.status(id))),
            None => plain(StatusCode::NOT_FOUND),
        },
        Route::File(id, file) => {
            let Some(bytes) = state.find(id).and_then(|submission| submission.file(file)) else {
                return plain(StatusCode::NOT_FOUND);
            };
            state.fetched(id);
            Response::new(Body::from(bytes))
        }
        Route::Status(id) => {
            let body: Value = serde_json::from_slice(body).unwrap_or_default();
            let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
            match state.tell(id, &text("status").unwrap_or_default(), text("message")) {
                Told::Taken => plain(StatusCode::NO_CONTENT),
                Told::NoSubmission => plain(StatusCode::NOT_FOUND),
                Told::NoStatus => plain(StatusCode::BAD_REQUEST),
                Told::AlreadyImported => with_json(StatusCode::CONFLICT, &json!({ "status": state.status(id) })),
            }
        }
    }
}
