//! Answers without anything special.

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode};
use serde_json::Value;

/// A status and nothing else.
pub(crate) fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// A status with a JSON body.
pub(crate) fn with_json(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}
