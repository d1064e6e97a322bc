//! `GET /v1/secrets`: names, versions and where each may go.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use sluse_model::Timestamp;

use crate::{Api, ApiError};

#[derive(Debug, Serialize)]
pub(super) struct SecretsBody {
    items: Vec<SecretBody>,
}

#[derive(Debug, Serialize)]
struct SecretBody {
    name: String,
    version: u64,
    changed_at: Timestamp,
    origins: Vec<String>,
    /// Where it may no longer go.
    withdrawn: Vec<String>,
    /// Whether the host's master key opens it.
    opens: bool,
}

pub(super) async fn list(State(api): State<Arc<Api>>) -> Result<Json<SecretsBody>, ApiError> {
    let secrets = api.engine.secrets().await?;
    let items = secrets
        .into_iter()
        .map(|secret| SecretBody {
            name: secret.name.to_string(),
            version: secret.version,
            changed_at: secret.changed_at,
            origins: secret.origins,
            withdrawn: secret.withdrawn,
            opens: secret.opens,
        })
        .collect();
    Ok(Json(SecretsBody { items }))
}
