//! `POST /v1/connectors/{connector}/activate`: make an installed revision the active one.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Deserialize;
use sluse_model::{Digest, Name};

use super::InstalledBody;
use crate::{Api, ApiError, body::JsonBody, path::Path};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActivateBody {
    revision: Digest,
    #[serde(default)]
    force: bool,
}

pub(super) async fn activate(
    State(api): State<Arc<Api>>,
    Path(connector): Path<String>,
    JsonBody(body): JsonBody<ActivateBody>,
) -> Result<Json<InstalledBody>, ApiError> {
    let connector: Name = connector.parse().map_err(|_| ApiError::NotFound(format!("connector `{connector}`")))?;
    let installed = api.engine.activate(&connector, &body.revision, body.force).await?;
    Ok(Json(installed.into()))
}
