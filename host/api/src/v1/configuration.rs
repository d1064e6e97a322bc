//! Connections and flows.

mod apply;
mod show;

use axum::routing::{get, post};
use http::Method;
use sluse_model::Scope;

use crate::Route;

pub(super) fn routes() -> Vec<Route> {
    const READ: &[Scope] = &[Scope::Operate, Scope::Deploy];
    vec![
        Route {
            method: Method::POST,
            path: "/v1/configuration",
            scopes: &[Scope::Deploy],
            handler: post(apply::apply),
        },
        Route { method: Method::GET, path: "/v1/connections", scopes: READ, handler: get(show::connections) },
        Route { method: Method::GET, path: "/v1/flows", scopes: READ, handler: get(show::flows) },
    ]
}
