//! Revisions, installed and active.

mod activate;
mod install;
mod list;
mod rollback;
mod schemas;

use axum::routing::{get, post};
use http::Method;
use serde::Serialize;
use sluse_engine::Installed;
use sluse_model::{Revision, Scope};

use crate::Route;

pub(super) fn routes() -> Vec<Route> {
    const DEPLOY: &[Scope] = &[Scope::Deploy];
    const READ: &[Scope] = &[Scope::Operate, Scope::Deploy];
    vec![
        Route::new(Method::POST, "/v1/connectors", DEPLOY, post(install::install), install::describe),
        Route::new(Method::GET, "/v1/connectors", READ, get(list::list), list::describe),
        Route::new(
            Method::POST,
            "/v1/connectors/{connector}/activate",
            DEPLOY,
            post(activate::activate),
            activate::describe,
        ),
        Route::new(
            Method::POST,
            "/v1/connectors/{connector}/rollback",
            DEPLOY,
            post(rollback::roll_back),
            rollback::describe,
        ),
    ]
}

/// What became of installing, activating or rolling back.
#[derive(Debug, Serialize)]
pub(crate) struct InstalledBody {
    revision: Revision,
    /// The digest that was active before.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced: Option<String>,
    /// What is configured and would not work with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl From<Installed> for InstalledBody {
    fn from(installed: Installed) -> Self {
        Self {
            revision: installed.revision,
            replaced: installed.replaced.map(|digest| digest.to_string()),
            warnings: installed.incompatibilities.iter().map(ToString::to_string).collect(),
        }
    }
}
