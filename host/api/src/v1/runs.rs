//! Submissions and what became of them.

mod attachment;
mod list;
mod show;
mod submit;

use axum::routing::{get, post};
use http::Method;
use sluse_model::Scope;

use crate::Route;

pub(super) fn routes() -> Vec<Route> {
    const READ: &[Scope] = &[Scope::Submit, Scope::Operate];
    vec![
        Route {
            method: Method::POST,
            path: "/v1/flows/{flow}/runs",
            scopes: &[Scope::Submit],
            handler: post(submit::submit),
        },
        Route { method: Method::GET, path: "/v1/runs", scopes: READ, handler: get(list::list) },
        Route { method: Method::GET, path: "/v1/runs/{run}", scopes: READ, handler: get(show::show) },
        Route {
            method: Method::GET,
            path: "/v1/runs/{run}/attachments/{attachment}",
            scopes: &[Scope::Operate],
            handler: get(attachment::download),
        },
    ]
}
