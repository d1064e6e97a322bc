//! `DELETE /v1/secrets/{secret}/origins?origin=…`: a secret may no longer go to an origin. The origin is in the
//! query, because a proxy may drop the body of a DELETE.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};

use super::name;
use crate::{
    Api, ApiError,
    openapi::{
        Operation,
        schema::{name as name_schema, object, text},
    },
    path::Path,
    problem::kind,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OriginQuery {
    /// `https://workzone.example.dk`
    origin: String,
}

#[derive(Debug, Serialize)]
pub(super) struct WithdrawnBody {
    /// As it is kept, the port always written.
    origin: String,
}

pub(super) async fn withdraw(
    State(api): State<Arc<Api>>,
    Path(secret): Path<String>,
    query: Result<Query<OriginQuery>, QueryRejection>,
) -> Result<Json<WithdrawnBody>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let origin = api.engine.withdraw_secret(&name(&secret)?, &query.origin).await?;
    Ok(Json(WithdrawnBody { origin }))
}

pub(super) fn describe() -> Operation {
    let about =
        "Requests that have not left are refused. Configuration alone never confirms it again; `confirm-secret` does.";
    let body = object().with("origin", text().about("As it is kept, the port always written."));
    Operation::new("withdraw-secret", "Let a secret no longer go to an origin", about)
        .place("secret", "Its name.", name_schema())
        .required_query("origin", "Where it may no longer go: `https://workzone.example.dk`.", text())
        .answers(StatusCode::OK, "It may no longer go there.", body)
        .problems(&[kind::UNKNOWN_SECRET, kind::NOT_CONFIRMED, kind::SECRET_REFUSED, kind::DISK_FULL])
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::described;

    #[test]
    fn it_is_as_described() {
        let body = WithdrawnBody { origin: "https://workzone.example.dk:443".into() };
        described::answer(Method::DELETE, "/v1/secrets/{secret}/origins", StatusCode::OK, &body);
    }
}
