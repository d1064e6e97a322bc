//! Revisions, installed and active.

mod activate;
mod install;
mod list;
mod rollback;

use axum::routing::{get, post};
use http::Method;
use serde::Serialize;
use sluse_engine::Installed;
use sluse_model::{Revision, Scope};

use crate::Route;

pub(super) fn routes() -> Vec<Route> {
    const DEPLOY: &[Scope] = &[Scope::Deploy];
    vec![
        Route { method: Method::POST, path: "/v1/connectors", scopes: DEPLOY, handler: post(install::install) },
        Route {
            method: Method::GET,
            path: "/v1/connectors",
            scopes: &[Scope::Operate, Scope::Deploy],
            handler: get(list::list),
        },
        Route {
            method: Method::POST,
            path: "/v1/connectors/{connector}/activate",
            scopes: DEPLOY,
            handler: post(activate::activate),
        },
        Route {
            method: Method::POST,
            path: "/v1/connectors/{connector}/rollback",
            scopes: DEPLOY,
            handler: post(rollback::roll_back),
        },
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
