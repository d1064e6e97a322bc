//! `POST /v1/connections/{connection}/check`: try sign-in and rights, without writing.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use sluse_engine::CheckReport;
use sluse_model::Name;

use crate::{
    Api, ApiError,
    openapi::{
        Operation,
        schema::{boolean, list, name, object, text},
    },
    path::Path,
    problem::kind,
};

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

pub(super) fn describe() -> Operation {
    let finding = object()
        .with("subject", text().about("What was looked at."))
        .with("passed", boolean())
        .with("message", text())
        .named("CheckFinding");
    let body = object()
        .with("passed", boolean().about("Every finding has passed."))
        .with("findings", list(finding))
        .named("CheckReport");
    let about = "The connector signs in and looks; it changes nothing at the target.";
    Operation::new("check-connection", "Try sign-in and rights of a connection", about)
        .place("connection", "The connection.", name())
        .answers(StatusCode::OK, "It was tried.", body)
        .problems(&[kind::NOT_FOUND])
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::described;

    #[test]
    fn it_is_as_described() {
        let finding = FindingBody { subject: "sign-in".into(), passed: true, message: "a token was given".into() };
        let body = CheckBody { passed: true, findings: vec![finding] };
        described::answer(Method::POST, "/v1/connections/{connection}/check", StatusCode::OK, &body);
    }
}
