//! `POST /v1/connectors/{connector}/rollback`: go back to the revision that was active before.

use std::sync::Arc;

use axum::{Json, extract::State};
use sluse_model::Name;

use super::InstalledBody;
use crate::{Api, ApiError, path::Path};

/// Going back is for emergencies: nothing that is configured holds it up, but it is told.
pub(super) async fn roll_back(
    State(api): State<Arc<Api>>,
    Path(connector): Path<String>,
) -> Result<Json<InstalledBody>, ApiError> {
    let connector: Name = connector.parse().map_err(|_| ApiError::NotFound(format!("connector `{connector}`")))?;
    let installed = api.engine.roll_back(&connector, true).await?;
    Ok(Json(installed.into()))
}
