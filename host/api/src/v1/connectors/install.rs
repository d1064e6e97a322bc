//! `POST /v1/connectors`: hand in a component (`application/wasm`). It becomes active unless `activate=false`.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, Request, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::json;
use sluse_engine::InstallOptions;
use sluse_model::Name;

use super::{InstalledBody, schemas};
use crate::{
    Api, ApiError,
    body::{is_media_type, read},
    openapi::{
        Operation,
        schema::{boolean, name},
    },
    problem::kind,
};

/// A little more than the sandbox takes, so that it is the sandbox who says so.
const MAX_COMPONENT_BYTES: u64 = (32 << 20) + 1;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InstallQuery {
    /// The connector that it must be.
    connector: Option<Name>,
    activate: Option<bool>,
    force: Option<bool>,
}

pub(super) async fn install(
    State(api): State<Arc<Api>>,
    query: Result<Query<InstallQuery>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Result<(StatusCode, Json<InstalledBody>), ApiError> {
    let Query(query) = query.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    if !is_media_type(request.headers(), "application/wasm") {
        return Err(ApiError::UnsupportedMediaType("send the component as `application/wasm`".into()));
    }
    let advice = "; a component has at most 32 MiB: strip it, or build it in release mode";
    let component = read(request.into_body(), MAX_COMPONENT_BYTES, advice).await?;
    let options = InstallOptions {
        expected: query.connector,
        activate: query.activate.unwrap_or(true),
        force: query.force.unwrap_or(false),
    };
    let installed = api.engine.install(component, options).await?;
    Ok((StatusCode::CREATED, Json(installed.into())))
}

pub(super) fn describe() -> Operation {
    let about = "It is verified, compiled and described before it serves. Whatever fails leaves the active revision \
                 as it is.";
    Operation::new("install", "Hand in a component", about)
        .query("connector", "The connector that it must be.", name())
        .query("activate", "Whether it becomes active at once.", boolean().keyword("default", true))
        .query(
            "force",
            "Activate it although something configured would not work.",
            boolean().keyword("default", false),
        )
        .takes("application/wasm", json!({}))
        .answers(StatusCode::CREATED, "Installed.", schemas::installed())
        .problems(&[
            kind::UNSUPPORTED_MEDIA_TYPE,
            kind::COMPONENT_REFUSED,
            kind::INCOMPATIBLE,
            kind::UNKNOWN_REVISION,
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
            described::answer(Method::POST, "/v1/connectors", StatusCode::CREATED, &body);
        }
    }

    #[test]
    fn a_misspelt_name_is_refused() {
        let refused = Query::<InstallQuery>::try_from_uri(&http::Uri::from_static("/v1/connectors?conection=workzone"));
        let told = refused.expect_err("no such name").body_text();
        assert!(told.contains("`conection`"), "{told}");
    }
}
