//! `POST /v1/deliveries/{delivery}/assign`: whose work it is.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use serde::Deserialize;
use serde_json::json;
use sluse_model::{Act, Name, Token};

use super::{DeliverySummary, act};
use crate::{
    Api, ApiError,
    body::JsonBody,
    openapi::{
        Operation,
        schema::{name, number, object},
    },
    path::Path,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AssignBody {
    queue: Option<Name>,
    why: Option<String>,
    attempts_seen: Option<u32>,
}

pub(super) async fn assign(
    State(api): State<Arc<Api>>,
    Extension(token): Extension<Token>,
    Path(delivery): Path<String>,
    JsonBody(body): JsonBody<AssignBody>,
) -> Result<Json<DeliverySummary>, ApiError> {
    let AssignBody { queue, why, attempts_seen } = body;
    act::act(&api, &delivery, token, Act::Assign { queue }, why, attempts_seen).await
}

pub(super) fn describe() -> Operation {
    let about = "Without a queue it is nobody's in particular.";
    let body = object()
        .may_have("queue", name().about("Whose work it is."))
        .may_have("why", act::why().about("For whoever asks later."))
        .may_have("attempts_seen", number().about(act::ATTEMPTS_SEEN))
        .and_nothing_else();
    act::described("assign-delivery", "Say whose work a delivery is", about)
        .takes_json(body, json!({"queue": "payroll"}))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::described;

    #[test]
    fn it_is_as_described() {
        described::request::<AssignBody>(Method::POST, "/v1/deliveries/{delivery}/assign");
    }
}
