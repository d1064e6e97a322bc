//! The way of one request. A folder has no service: there are the routes for tests and nothing else.

use std::sync::Arc;

use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use tower::ServiceExt;

use super::control;
use super::state::Shared;
use crate::simulated::Dropped;

pub(super) async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
    let answered = control::router(shared).oneshot(request.map(Body::new)).await;
    Ok(answered.unwrap_or_else(|never| match never {}))
}
