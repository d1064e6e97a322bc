//! `POST /v1/bulk`: do something about many deliveries, or say how many it would be.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sluse_engine::{Bulk, MAX_WHY_CHARS};
use sluse_model::{BatchAct, MAX_BATCH_RATE, Name, Token, USUAL_BATCH_RATE};
use sluse_store::DeliveryFilter;

use super::{
    super::deliveries::{DeliverySummary, schemas::summary},
    BatchBody, actor, schemas,
};
use crate::{
    Api, ApiError,
    body::JsonBody,
    openapi::{
        Operation,
        schema::{boolean, list, name, number, object, one_of_texts, text},
    },
    problem::kind,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BulkBody {
    act: BulkAct,
    filter: DeliveryFilter,
    #[serde(default)]
    did_not_happen: bool,
    #[serde(default)]
    queue: Option<Name>,
    #[serde(default)]
    per_second: Option<u32>,
    #[serde(default)]
    why: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum BulkAct {
    Retry,
    Close,
    Assign,
}

/// What it would be for.
#[derive(Debug, Serialize)]
struct PreviewBody {
    count: u64,
    examples: Vec<DeliverySummary>,
}

pub(super) async fn begin(
    State(api): State<Arc<Api>>,
    Extension(token): Extension<Token>,
    JsonBody(body): JsonBody<BulkBody>,
) -> Result<Response, ApiError> {
    let act = match body.act {
        BulkAct::Retry => BatchAct::Retry { did_not_happen: body.did_not_happen },
        BulkAct::Close => BatchAct::Close,
        BulkAct::Assign => BatchAct::Assign { queue: body.queue },
    };
    let BulkBody { filter, per_second, why, dry_run, .. } = body;
    let bulk = Bulk { act, filter, per_second, by: actor(token), why };
    if dry_run {
        let preview = api.engine.preview_bulk(bulk).await?;
        let examples = preview.examples.into_iter().map(DeliverySummary::from).collect();
        return Ok(Json(PreviewBody { count: preview.count, examples }).into_response());
    }
    let batch = BatchBody::from(api.engine.begin_bulk(bulk).await?);
    let location = format!("/v1/bulk/{}", batch.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(batch)).into_response())
}

pub(super) fn describe() -> Operation {
    let about = "Each is done as by itself: it is kept with who did it and why, and one that stands otherwise by then \
                 is passed by. What came after it began is not touched. It goes on over restarts, until it is through \
                 or stopped.";
    let said = "With `retry`: nothing of what may have happened did, and it may be sent again.";
    let rate = number().keyword("minimum", 1).keyword("maximum", MAX_BATCH_RATE).keyword("default", USUAL_BATCH_RATE);
    let why = "For whoever asks later. Needed to close, but for a dry run.";
    let why = text().keyword("maxLength", MAX_WHY_CHARS).about(why);
    let body = object()
        .with("act", one_of_texts(["retry", "close", "assign"]))
        .with("filter", schemas::filter())
        .may_have("did_not_happen", boolean().about(said))
        .may_have("queue", name().or_null().about("With `assign`: whose work they are."))
        .may_have("per_second", rate.or_null().about("At most so many acts in a second."))
        .may_have("why", why.or_null())
        .may_have("dry_run", boolean().about("Do nothing, and say how many it would be."))
        .and_nothing_else();
    let preview = object()
        .with("count", number())
        .with("examples", list(summary()).about("A few of them, the latest."))
        .about("What it would be for.")
        .named("BatchPreview");
    let filter = json!({"connection": "workzone", "reason": "attempts-exhausted"});
    Operation::new("begin-bulk", "Do something about many deliveries", about)
        .takes_json(body, json!({"act": "retry", "filter": filter, "why": "the target is back"}))
        .answers(StatusCode::OK, "How many it would be; nothing was done.", preview)
        .answers(StatusCode::ACCEPTED, "It has begun.", schemas::batch())
        .answers_header(StatusCode::ACCEPTED, "Location", "The path of the batch.")
        .problems(&[kind::BAD_REQUEST, kind::DISK_FULL])
}

#[cfg(test)]
mod tests {
    use http::Method;
    use sluse_store::ListedDelivery;

    use super::*;
    use crate::openapi::{described, samples};

    #[test]
    fn it_is_as_described() {
        described::request::<BulkBody>(Method::POST, "/v1/bulk");
        let examples = samples::states().into_iter().map(samples::delivery);
        let examples = examples.map(|detail| ListedDelivery::from(detail.delivery).into()).collect();
        described::answer(Method::POST, "/v1/bulk", StatusCode::OK, &PreviewBody { count: 7, examples });
        for batch in samples::batches() {
            described::answer(Method::POST, "/v1/bulk", StatusCode::ACCEPTED, &BatchBody::from(batch));
        }
    }
}
