//! `POST /v1/connections/{connection}/check`: try sign-in and rights, without writing.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use sluse_engine::CheckReport;
use sluse_model::Name;

use crate::{Api, ApiError, path::Path};

#[derive(Debug, Serialize)]
pub(super) struct CheckBody {
    passed: bool,
    findings: Vec<FindingBody>,
}

#[derive(Debug, Serialize)]
struct FindingBody {
    subject: String,
    passed: bool,
    message: String,
}

pub(super) async fn check(
    State(api): State<Arc<Api>>,
    Path(connection): Path<String>,
) -> Result<Json<CheckBody>, ApiError> {
    let unknown = || ApiError::NotFound(format!("connection `{connection}`"));
    let name: Name = connection.parse().map_err(|_| unknown())?;
    let CheckReport { findings } = api.engine.check_connection(&name).await?.ok_or_else(unknown)?;
    let findings: Vec<FindingBody> = findings
        .into_iter()
        .map(|finding| FindingBody { subject: finding.subject, passed: finding.passed, message: finding.message })
        .collect();
    Ok(Json(CheckBody { passed: findings.iter().all(|finding| finding.passed), findings }))
}
