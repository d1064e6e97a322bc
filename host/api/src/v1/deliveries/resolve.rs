//! `POST /v1/deliveries/{delivery}/resolve`: it happened, and this came of it.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use serde::Deserialize;
use serde_json::{Value, json};
use sluse_model::{Act, Token};

use super::{DeliverySummary, act};
use crate::{
    Api, ApiError,
    body::JsonBody,
    openapi::{
        Operation,
        schema::{anything, number, object},
    },
    path::Path,
    problem::kind,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResolveBody {
    output: Value,
    why: String,
    attempts_seen: Option<u32>,
}

pub(super) async fn resolve(
    State(api): State<Arc<Api>>,
    Extension(token): Extension<Token>,
    Path(delivery): Path<String>,
    JsonBody(body): JsonBody<ResolveBody>,
) -> Result<Json<DeliverySummary>, ApiError> {
    let ResolveBody { output, why, attempts_seen } = body;
    act::act(&api, &delivery, token, Act::Resolve { output: output.to_string() }, Some(why), attempts_seen).await
}

pub(super) fn describe() -> Operation {
    let about =
        "It is closed as succeeded, and its run goes on with this output, which is held against the operation first.";
    let body = object()
        .with("output", anything().about("What came of it."))
        .with("why", act::why().about("For whoever asks later; not empty."))
        .may_have("attempts_seen", number().about(act::ATTEMPTS_SEEN))
        .and_nothing_else();
    act::described("resolve-delivery", "Close a delivery with what came of it", about)
        .takes_json(body, json!({"output": {"case_id": "67453"}, "why": "the case is there"}))
        .problems(&[kind::TEXT_DOES_NOT_FIT, kind::NOT_READY])
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::described;

    #[test]
    fn it_is_as_described() {
        described::request::<ResolveBody>(Method::POST, "/v1/deliveries/{delivery}/resolve");
    }
}
