//! `POST /v1/deliveries/{delivery}/retry`: try it again now.

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
        schema::{boolean, number, object},
    },
    path::Path,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RetryBody {
    /// Nothing of what is in doubt happened: it may be sent again.
    #[serde(default)]
    did_not_happen: bool,
    why: Option<String>,
    attempts_seen: Option<u32>,
}

pub(super) async fn retry(
    State(api): State<Arc<Api>>,
    Extension(token): Extension<Token>,
    Path(delivery): Path<String>,
    JsonBody(body): JsonBody<RetryBody>,
) -> Result<Json<DeliverySummary>, ApiError> {
    let RetryBody { did_not_happen, why, attempts_seen } = body;
    act::act(&api, &delivery, token, Act::Retry { did_not_happen }, why, attempts_seen).await
}

pub(super) fn describe() -> Operation {
    let about = "It is due at once, and begins also when the policy has nothing left for it. It counts as an attempt.";
    let body = object()
        .may_have("did_not_happen", boolean().about(act::DID_NOT_HAPPEN))
        .may_have("why", act::why().about("For whoever asks later."))
        .may_have("attempts_seen", number().about(act::ATTEMPTS_SEEN))
        .and_nothing_else();
    act::described("retry-delivery", "Try a delivery again now", about)
        .takes_json(body, json!({"why": "the target is back"}))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::described;

    #[test]
    fn it_is_as_described() {
        described::request::<RetryBody>(Method::POST, "/v1/deliveries/{delivery}/retry");
    }
}
