//! Who may ask.

mod create;
mod list;
mod revoke;

use axum::routing::{delete, get, post};
use http::Method;
use sluse_model::Scope;

use crate::Route;

pub(super) fn routes() -> Vec<Route> {
    const ADMIN: &[Scope] = &[Scope::Admin];
    vec![
        Route { method: Method::POST, path: "/v1/tokens", scopes: ADMIN, handler: post(create::create) },
        Route { method: Method::GET, path: "/v1/tokens", scopes: ADMIN, handler: get(list::list) },
        Route { method: Method::DELETE, path: "/v1/tokens/{token}", scopes: ADMIN, handler: delete(revoke::revoke) },
    ]
}
