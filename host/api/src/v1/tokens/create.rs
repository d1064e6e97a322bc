//! `POST /v1/tokens`: make a token. The answer is the only one that ever shows it.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sluse_model::{Scope, Token};

use crate::{
    Api, ApiError,
    access::create_token,
    body::JsonBody,
    openapi::{
        Operation,
        schema::{object, text},
    },
    problem::kind,
};

/// What people call a token fits on a line.
const MAX_NAME_CHARS: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateBody {
    /// Who holds it.
    name: String,
    scopes: Vec<Scope>,
}

#[derive(Debug, Serialize)]
pub(super) struct CreatedBody {
    #[serde(flatten)]
    token: Token,
    /// Send it as `Authorization: Bearer …`.
    secret: String,
}

pub(super) async fn create(
    State(api): State<Arc<Api>>,
    JsonBody(body): JsonBody<CreateBody>,
) -> Result<(StatusCode, Json<CreatedBody>), ApiError> {
    let length = body.name.chars().count();
    if length == 0 || length > MAX_NAME_CHARS || body.name.chars().any(char::is_control) {
        return Err(ApiError::BadRequest(format!(
            "`name` says who holds the token, in 1 to {MAX_NAME_CHARS} characters"
        )));
    }
    if body.scopes.is_empty() {
        return Err(ApiError::BadRequest("`scopes` is empty: name what the token allows".into()));
    }
    let created = create_token(&api.engine, body.name, body.scopes).await?;
    api.access.refresh();
    tracing::info!(token = %created.token.id, "token {} was created", created.token.id);
    Ok((StatusCode::CREATED, Json(CreatedBody { token: created.token, secret: created.text })))
}

pub(super) fn describe() -> Operation {
    let name = text().keyword("minLength", 1).keyword("maxLength", MAX_NAME_CHARS).about("Who holds it.");
    let body = object().with("name", name).with("scopes", super::scopes().keyword("minItems", 1)).and_nothing_else();
    let created = super::token()
        .and(object().with("secret", text().about("Send it as `Authorization: Bearer …`. Never shown again.")))
        .named("CreatedToken");
    Operation::new("create-token", "Make a token", "The answer is the only one that ever shows it.")
        .takes_json(body, json!({"name": "xflow", "scopes": ["submit"]}))
        .answers(StatusCode::CREATED, "Made.", created)
        .problems(&[kind::BAD_REQUEST, kind::DISK_FULL])
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::{described, samples};

    #[test]
    fn it_is_as_described() {
        for token in samples::tokens() {
            let body = CreatedBody { token, secret: "sluse_…".into() };
            described::answer(Method::POST, "/v1/tokens", StatusCode::CREATED, &body);
        }
        described::request::<CreateBody>(Method::POST, "/v1/tokens");
    }
}
