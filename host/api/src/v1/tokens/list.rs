//! `GET /v1/tokens`: all tokens, without what their holders send.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use sluse_model::Token;

use crate::{Api, ApiError};

#[derive(Debug, Serialize)]
pub(super) struct TokensBody {
    items: Vec<Token>,
}

pub(super) async fn list(State(api): State<Arc<Api>>) -> Result<Json<TokensBody>, ApiError> {
    let tokens = api.engine.store().tokens().await?;
    Ok(Json(TokensBody { items: tokens.into_iter().map(|(token, _)| token).collect() }))
}
