//! A connection, tried without changing anything at its target.

mod check;

use axum::routing::post;
use http::Method;
use sluse_model::Scope;

use crate::Route;

pub(super) fn routes() -> Vec<Route> {
    const TRY: &[Scope] = &[Scope::Operate, Scope::Deploy];
    vec![Route::new(Method::POST, "/v1/connections/{connection}/check", TRY, post(check::check), check::describe)]
}
