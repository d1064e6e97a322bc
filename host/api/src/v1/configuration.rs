//! Connections and flows.

mod apply;
mod schemas;
mod show;

use axum::routing::{get, post};
use http::Method;
use sluse_model::Scope;

use crate::Route;

pub(super) fn routes() -> Vec<Route> {
    const READ: &[Scope] = &[Scope::Operate, Scope::Deploy];
    const DEPLOY: &[Scope] = &[Scope::Deploy];
    vec![
        Route::new(Method::POST, "/v1/configuration", DEPLOY, post(apply::apply), apply::describe),
        Route::new(Method::GET, "/v1/connections", READ, get(show::connections), show::describe_connections),
        Route::new(Method::GET, "/v1/flows", READ, get(show::flows), show::describe_flows),
    ]
}
