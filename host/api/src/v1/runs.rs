//! Submissions and what became of them.

mod attachment;
mod list;
pub(crate) mod schemas;
mod show;
mod submit;

use axum::routing::{get, post};
use http::Method;
use sluse_model::Scope;

use crate::Route;

pub(super) fn routes() -> Vec<Route> {
    const READ: &[Scope] = &[Scope::Submit, Scope::Operate];
    const SUBMIT: &[Scope] = &[Scope::Submit];
    const FILES: &[Scope] = &[Scope::Operate];
    vec![
        Route::new(Method::POST, "/v1/flows/{flow}/runs", SUBMIT, post(submit::submit), submit::describe),
        Route::new(Method::GET, "/v1/runs", READ, get(list::list), list::describe),
        Route::new(Method::GET, "/v1/runs/{run}", READ, get(show::show), show::describe),
        Route::new(
            Method::GET,
            "/v1/runs/{run}/attachments/{attachment}",
            FILES,
            get(attachment::download),
            attachment::describe,
        ),
    ]
}
