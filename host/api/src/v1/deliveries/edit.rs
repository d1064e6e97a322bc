//! `POST /v1/deliveries/{delivery}/edit`: try it again now, with another input.

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
        schema::{anything, boolean, number, object},
    },
    path::Path,
    problem::kind,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EditBody {
    input: Value,
    /// Nothing of what is in doubt happened: it may be sent again.
    #[serde(default)]
    did_not_happen: bool,
    why: Option<String>,
    attempts_seen: Option<u32>,
}

pub(super) async fn edit(
    State(api): State<Arc<Api>>,
    Extension(token): Extension<Token>,
    Path(delivery): Path<String>,
    JsonBody(body): JsonBody<EditBody>,
) -> Result<Json<DeliverySummary>, ApiError> {
    let EditBody { input, did_not_happen, why, attempts_seen } = body;
    act::act(&api, &delivery, token, Act::Edit { input: input.to_string(), did_not_happen }, why, attempts_seen).await
}

pub(super) fn describe() -> Operation {
    let about = "The input is held against the operation first. The one before stays readable in the delivery's `acts`. Refused while a request of it may have happened.";
    let body = object()
        .with("input", anything().about("What the operation is to be called with instead."))
        .may_have("did_not_happen", boolean().about(act::DID_NOT_HAPPEN))
        .may_have("why", act::why().about("For whoever asks later."))
        .may_have("attempts_seen", number().about(act::ATTEMPTS_SEEN))
        .and_nothing_else();
    act::described("edit-delivery", "Try a delivery again with another input", about)
        .takes_json(body, json!({"input": {"title": "Byggetilladelse"}, "why": "the title was empty"}))
        .problems(&[kind::TEXT_DOES_NOT_FIT, kind::IN_DOUBT, kind::NOT_READY])
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::described;

    #[test]
    fn it_is_as_described() {
        described::request::<EditBody>(Method::POST, "/v1/deliveries/{delivery}/edit");
    }
}
