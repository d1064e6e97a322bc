//! `POST /v1/secrets/{secret}/origins`: let a secret go to an origin that it may not go to yet, or may no
//! longer.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::name;
use crate::{
    Api, ApiError,
    body::JsonBody,
    openapi::{
        Operation,
        schema::{name as name_schema, object, text},
    },
    path::Path,
    problem::kind,
};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OriginBody {
    /// `https://workzone.example.dk`
    origin: String,
}

pub(super) async fn confirm(
    State(api): State<Arc<Api>>,
    Path(secret): Path<String>,
    JsonBody(body): JsonBody<OriginBody>,
) -> Result<Json<OriginBody>, ApiError> {
    let origin = api.engine.confirm_secret(&name(&secret)?, &body.origin).await?;
    Ok(Json(OriginBody { origin }))
}

pub(super) fn describe() -> Operation {
    let body = || object().with("origin", text().about("Scheme, host and, unless it is the usual one, port."));
    Operation::new("confirm-secret", "Let a secret go to an origin that it has not gone to before", "")
        .place("secret", "Its name.", name_schema())
        .takes_json(body().and_nothing_else(), json!({"origin": "https://workzone.example.dk"}))
        .answers(StatusCode::OK, "It may go there.", body())
        .problems(&[kind::UNKNOWN_SECRET, kind::SECRET_REFUSED, kind::DISK_FULL])
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::described;

    #[test]
    fn it_is_as_described() {
        let body = OriginBody { origin: "https://workzone.example.dk:443".into() };
        described::answer(Method::POST, "/v1/secrets/{secret}/origins", StatusCode::OK, &body);
        described::request::<OriginBody>(Method::POST, "/v1/secrets/{secret}/origins");
    }
}
