//! `DELETE /v1/tokens/{token}`: revoke a token for good.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use serde_json::json;
use sluse_model::TokenId;
use sluse_store::Revocation;

use crate::{Api, ApiError, openapi::Operation, path::Path, problem::kind};

pub(super) async fn revoke(State(api): State<Arc<Api>>, Path(token): Path<String>) -> Result<StatusCode, ApiError> {
    let unknown = || ApiError::NotFound(format!("token `{token}` that could be revoked"));
    let id: TokenId = token.parse().map_err(|_| unknown())?;
    match api.engine.store().revoke_token(id, api.engine.clock().now()).await? {
        Revocation::Revoked => {}
        Revocation::Unknown => return Err(unknown()),
        Revocation::LastAdmin => return Err(ApiError::LastAdminToken),
    }
    api.access.refresh();
    tracing::info!(token = %id, "token {id} was revoked");
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn describe() -> Operation {
    Operation::new("revoke-token", "Revoke a token for good", "The last live one with scope `admin` cannot be revoked.")
        .place("token", "The token's id.", super::token_id())
        .answer(StatusCode::NO_CONTENT, json!({"description": "Revoked."}))
        .problems(&[kind::NOT_FOUND, kind::NOT_POSSIBLE, kind::DISK_FULL])
}
