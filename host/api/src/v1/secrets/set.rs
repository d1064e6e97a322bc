//! `PUT /v1/secrets/{secret}`: write a value. The body is the value, byte for byte.

use std::sync::Arc;

use axum::{Json, body::Body, extract::State, http::StatusCode};
use serde::Serialize;
use serde_json::json;

use super::name;
use crate::{
    Api, ApiError,
    body::read,
    openapi::{
        Operation,
        schema::{name as name_schema, number, object, text},
    },
    path::Path,
    problem::kind,
};

/// A little more than the vault takes, so that it is the vault who says so.
const MAX_BODY_BYTES: u64 = (64 << 10) + 1;

#[derive(Debug, Serialize)]
pub(super) struct WrittenBody {
    version: u64,
    /// Too short to be recognised when a target echoes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'static str>,
}

pub(super) async fn set(
    State(api): State<Arc<Api>>,
    Path(secret): Path<String>,
    body: Body,
) -> Result<Json<WrittenBody>, ApiError> {
    let value = read(body, MAX_BODY_BYTES, "; that is no secret but a file").await?;
    let written = api.engine.set_secret(&name(&secret)?, value.to_vec()).await?;
    let warning = (!written.is_recognised)
        .then_some("the value is so short that it cannot be recognised and removed when a target echoes it");
    Ok(Json(WrittenBody { version: written.version, warning }))
}

pub(super) fn describe() -> Operation {
    let body = object()
        .with("version", number())
        .may_have("warning", text().about("Too short to be recognised when a target echoes it."))
        .named("WrittenSecret");
    let about = "The body is the value, byte for byte, whatever type it says. Deliveries that begin now use it.";
    Operation::new("set-secret", "Write a secret", about)
        .place("secret", "Its name.", name_schema())
        .takes("application/octet-stream", json!({}))
        .answers(StatusCode::OK, "Written.", body)
        .problems(&[kind::SECRET_REFUSED, kind::CHANGED_MEANWHILE, kind::DISK_FULL])
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::described;

    #[test]
    fn it_is_as_described() {
        for warning in [None, Some("the value is so short")] {
            let body = WrittenBody { version: 1, warning };
            described::answer(Method::PUT, "/v1/secrets/{secret}", StatusCode::OK, &body);
        }
    }
}
