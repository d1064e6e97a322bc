//! A connection, tried without changing anything at its target.

mod check;

use axum::routing::post;
use http::Method;
use sluse_model::Scope;

use crate::Route;

pub(super) fn routes() -> Vec<Route> {
    vec![Route {
        method: Method::POST,
        path: "/v1/connections/{connection}/check",
        scopes: &[Scope::Operate, Scope::Deploy],
        handler: post(check::check),
    }]
}
