//! Values that nobody sees again.

mod confirm;
mod list;
mod remove;
mod set;
mod withdraw;

use axum::routing::{delete, get, post, put};
use http::Method;
use sluse_model::{Name, Scope};

use crate::{ApiError, Route};

pub(super) fn routes() -> Vec<Route> {
    const WRITE: &[Scope] = &[Scope::Secrets];
    vec![
        Route {
            method: Method::GET,
            path: "/v1/secrets",
            scopes: &[Scope::Secrets, Scope::Deploy],
            handler: get(list::list),
        },
        Route { method: Method::PUT, path: "/v1/secrets/{secret}", scopes: WRITE, handler: put(set::set) },
        Route { method: Method::DELETE, path: "/v1/secrets/{secret}", scopes: WRITE, handler: delete(remove::remove) },
        Route {
            method: Method::POST,
            path: "/v1/secrets/{secret}/origins",
            scopes: WRITE,
            handler: post(confirm::confirm),
        },
        Route {
            method: Method::DELETE,
            path: "/v1/secrets/{secret}/origins",
            scopes: WRITE,
            handler: delete(withdraw::withdraw),
        },
    ]
}

fn name(text: &str) -> Result<Name, ApiError> {
    text.parse().map_err(|error: sluse_model::InvalidName| ApiError::BadRequest(error.to_string()))
}
