//! `GET /v1/tokens`: all tokens, without what their holders send.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use sluse_model::Token;

use super::super::list::items;
use crate::{Api, ApiError, openapi::Operation};

#[derive(Debug, Serialize)]
pub(super) struct TokensBody {
    items: Vec<Token>,
}

pub(super) async fn list(State(api): State<Arc<Api>>) -> Result<Json<TokensBody>, ApiError> {
    let tokens = api.engine.store().tokens().await?;
    Ok(Json(TokensBody { items: tokens.into_iter().map(|(token, _)| token).collect() }))
}

pub(super) fn describe() -> Operation {
    Operation::new("list-tokens", "All tokens, without what their holders send", "").answers(
        StatusCode::OK,
        "The tokens.",
        items(super::token()),
    )
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::{described, samples};

    #[test]
    fn it_is_as_described() {
        let body = TokensBody { items: samples::tokens() };
        described::answer(Method::GET, "/v1/tokens", StatusCode::OK, &body);
    }
}
