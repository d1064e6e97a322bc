//! `POST /v1/connectors/{connector}/activate`: make an installed revision the active one.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::json;
use sluse_model::{Digest, Name};

use super::{InstalledBody, schemas};
use crate::{
    Api, ApiError,
    body::JsonBody,
    openapi::{
        Operation,
        schema::{boolean, digest, name, object},
    },
    path::Path,
    problem::kind,
};

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

pub(super) fn describe() -> Operation {
    let body = object()
        .with("revision", digest())
        .may_have("force", boolean().about("Activate it although something configured would not work."))
        .and_nothing_else();
    let example = json!({"revision": "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"});
    Operation::new("activate", "Make an installed revision the active one", "")
        .place("connector", "The connector.", name())
        .takes_json(body, example)
        .answers(StatusCode::OK, "Active.", schemas::installed())
        .problems(&[
            kind::NOT_FOUND,
            kind::UNKNOWN_REVISION,
            kind::COMPONENT_REFUSED,
            kind::INCOMPATIBLE,
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
        described::request::<ActivateBody>(Method::POST, "/v1/connectors/{connector}/activate");
        for body in samples::installed().map(InstalledBody::from) {
            described::answer(Method::POST, "/v1/connectors/{connector}/activate", StatusCode::OK, &body);
        }
    }
}
