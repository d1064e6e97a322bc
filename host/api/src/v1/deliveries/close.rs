//! `POST /v1/deliveries/{delivery}/close`: nothing will come of it.

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
pub(super) struct CloseBody {
    why: String,
    attempts_seen: Option<u32>,
}

pub(super) async fn close(
    State(api): State<Arc<Api>>,
    Extension(token): Extension<Token>,
    Path(delivery): Path<String>,
    JsonBody(body): JsonBody<CloseBody>,
) -> Result<Json<DeliverySummary>, ApiError> {
    let CloseBody { why, attempts_seen } = body;
    act::act(&api, &delivery, token, Act::Close, Some(why), attempts_seen).await
}

pub(super) fn describe() -> Operation {
    let about = "It is closed as failed, and so is its run.";
    let body = object()
        .with("why", act::why().about("For whoever asks later; not empty."))
        .may_have("attempts_seen", number().about(act::ATTEMPTS_SEEN))
        .and_nothing_else();
    act::described("close-delivery", "Close a delivery as failed", about)
        .takes_json(body, json!({"why": "the applicant has withdrawn"}))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::described;

    #[test]
    fn it_is_as_described() {
        described::request::<CloseBody>(Method::POST, "/v1/deliveries/{delivery}/close");
    }
}
