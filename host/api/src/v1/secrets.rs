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
    const READ: &[Scope] = &[Scope::Secrets, Scope::Deploy];
    vec![
        Route::new(Method::GET, "/v1/secrets", READ, get(list::list), list::describe),
        Route::new(Method::PUT, "/v1/secrets/{secret}", WRITE, put(set::set), set::describe),
        Route::new(Method::DELETE, "/v1/secrets/{secret}", WRITE, delete(remove::remove), remove::describe),
        Route::new(Method::POST, "/v1/secrets/{secret}/origins", WRITE, post(confirm::confirm), confirm::describe),
        Route::new(
            Method::DELETE,
            "/v1/secrets/{secret}/origins",
            WRITE,
            delete(withdraw::withdraw),
            withdraw::describe,
        ),
    ]
}

fn name(text: &str) -> Result<Name, ApiError> {
    text.parse().map_err(|error: sluse_model::InvalidName| ApiError::BadRequest(error.to_string()))
}
