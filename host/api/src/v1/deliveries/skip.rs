//! `POST /v1/deliveries/{delivery}/skip`: those that share its ordering key go on without it.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use serde::Deserialize;
use serde_json::json;
use sluse_model::{Act, Token};

use super::{DeliverySummary, act};
use crate::{
    Api, ApiError,
    body::JsonBody,
    openapi::{
        Operation,
        schema::{number, object},
    },
    path::Path,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SkipBody {
    why: Option<String>,
    attempts_seen: Option<u32>,
}

pub(super) async fn skip(
    State(api): State<Arc<Api>>,
    Extension(token): Extension<Token>,
    Path(delivery): Path<String>,
    JsonBody(body): JsonBody<SkipBody>,
) -> Result<Json<DeliverySummary>, ApiError> {
    let SkipBody { why, attempts_seen } = body;
    act::act(&api, &delivery, token, Act::Skip, why, attempts_seen).await
}

pub(super) fn describe() -> Operation {
    let about = "It stays where it is, and is ordered by nothing any more.";
    let body = object()
        .may_have("why", act::why().about("For whoever asks later."))
        .may_have("attempts_seen", number().about(act::ATTEMPTS_SEEN))
        .and_nothing_else();
    act::described("skip-delivery", "Let those behind a delivery go on without it", about)
        .takes_json(body, json!({"why": "the others are urgent"}))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::described;

    #[test]
    fn it_is_as_described() {
        described::request::<SkipBody>(Method::POST, "/v1/deliveries/{delivery}/skip");
    }
}
