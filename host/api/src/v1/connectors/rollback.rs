//! `POST /v1/connectors/{connector}/rollback`: go back to the revision that was active before.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use sluse_model::Name;

use super::{InstalledBody, schemas};
use crate::{
    Api, ApiError,
    openapi::{Operation, schema::name},
    path::Path,
    problem::kind,
};

/// Going back is for emergencies: nothing that is configured holds it up, but it is told.
pub(super) async fn roll_back(
    State(api): State<Arc<Api>>,
    Path(connector): Path<String>,
) -> Result<Json<InstalledBody>, ApiError> {
    let connector: Name = connector.parse().map_err(|_| ApiError::NotFound(format!("connector `{connector}`")))?;
    let installed = api.engine.roll_back(&connector, true).await?;
    Ok(Json(installed.into()))
}

pub(super) fn describe() -> Operation {
    let about = "What is configured and would not work with it is told in `warnings` and holds nothing up.";
    Operation::new("roll-back", "Go back to the revision that was active before", about)
        .place("connector", "The connector.", name())
        .answers(StatusCode::OK, "Active.", schemas::installed())
        .problems(&[
            kind::NOT_FOUND,
            kind::UNKNOWN_REVISION,
            kind::NOTHING_BEFORE,
            kind::COMPONENT_REFUSED,
            kind::NOT_READY,
            kind::DISK_FULL,
        ])
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::{described, samples};

    #[test]
    fn it_is_as_described() {
        for body in samples::installed().map(InstalledBody::from) {
            described::answer(Method::POST, "/v1/connectors/{connector}/rollback", StatusCode::OK, &body);
        }
    }
}
