//! A connection: one of its operations done, tried without changing anything at its target, paused and resumed.

mod call;
mod check;
mod pause;
mod resume;
mod resume_all;

use axum::routing::post;
use http::Method;
use sluse_model::{Actor, Name, Scope, Token};

use crate::{ApiError, Route};

pub(super) fn routes() -> Vec<Route> {
    const ASK: &[Scope] = &[Scope::Call];
    const TRY: &[Scope] = &[Scope::Operate, Scope::Deploy];
    const ACT: &[Scope] = &[Scope::Operate];
    vec![
        Route::new(Method::POST, call::PATH, ASK, post(call::call), call::describe),
        Route::new(Method::POST, "/v1/connections/{connection}/check", TRY, post(check::check), check::describe),
        Route::new(Method::POST, "/v1/connections/{connection}/pause", ACT, post(pause::pause), pause::describe),
        Route::new(Method::POST, "/v1/connections/{connection}/resume", ACT, post(resume::resume), resume::describe),
        Route::new(Method::POST, "/v1/resume", ACT, post(resume_all::resume_all), resume_all::describe),
    ]
}

fn name(text: &str) -> Result<Name, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound(format!("connection `{text}`")))
}

fn actor(token: Token) -> Actor {
    Actor { token: token.id, name: token.name }
}
