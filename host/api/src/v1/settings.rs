//! `GET /v1/settings`: what the host was started with, for whoever wonders why it does not do what a file says.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode, routing::get};
use http::Method;
use serde::Serialize;
use serde_json::{Map, Value};
use sluse_model::Scope;

use crate::{
    Api, Route,
    openapi::{
        Operation,
        schema::{anything, map, object},
    },
};

pub(super) fn routes() -> Vec<Route> {
    const READ: &[Scope] = &[Scope::Operate, Scope::Deploy];
    vec![Route::new(Method::GET, "/v1/settings", READ, get(settings), describe)]
}

#[derive(Debug, Serialize)]
struct SettingsBody {
    settings: Map<String, Value>,
}

async fn settings(State(api): State<Arc<Api>>) -> Json<SettingsBody> {
    Json(SettingsBody { settings: api.settings.clone() })
}

fn describe() -> Operation {
    let about = "Read when it started: a file that was changed since then holds from the next start on.";
    let settings = map(anything()).about("By the names of `sluse.toml`; `file` is the one that was read.");
    Operation::new("show-settings", "What the host was started with", about).answers(
        StatusCode::OK,
        "The settings.",
        object().with("settings", settings).named("Settings"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::described;

    #[test]
    fn they_are_as_described() {
        let settings = [("egress.hosts".to_owned(), Value::from(vec!["a.example.dk"]))].into_iter().collect();
        described::answer(Method::GET, "/v1/settings", StatusCode::OK, &SettingsBody { settings });
    }
}
