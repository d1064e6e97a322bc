//! `POST /v1/tokens`: make a token. The answer is the only one that ever shows it.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use sluse_model::{Scope, Token};

use crate::{Api, ApiError, access::create_token, body::JsonBody};

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
