//! `GET /v1/runs/{run}`: a run with its deliveries, their attempts and timelines.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use serde_json::value::RawValue;
use sluse_model::{Attachment, Origin, Run, RunId, SkippedStep};
use sluse_store::RunDetail;

use super::{
    super::{
        deliveries::{self, DeliveryBody, raw},
        schedules::origin,
    },
    schemas,
};
use crate::{
    Api, ApiError,
    openapi::{
        Operation,
        schema::{anything, list, object},
    },
    path::Path,
    problem::kind,
};

#[derive(Debug, Serialize)]
pub(crate) struct RunBody {
    #[serde(flatten)]
    run: Run,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
    submission: Box<RawValue>,
    attachments: Vec<Attachment>,
    /// By step.
    deliveries: Vec<DeliveryBody>,
    /// By step.
    skipped: Vec<SkippedStep>,
}

pub(super) async fn show(State(api): State<Arc<Api>>, Path(text): Path<String>) -> Result<Json<RunBody>, ApiError> {
    let unknown = || ApiError::NotFound(format!("run `{text}`"));
    let id: RunId = text.parse().map_err(|_| unknown())?;
    let detail = api.engine.store().run(id).await?.ok_or_else(unknown)?;
    body(&api, detail).await.map(Json)
}

async fn body(api: &Api, detail: RunDetail) -> Result<RunBody, ApiError> {
    let mut deliveries = Vec::with_capacity(detail.deliveries.len());
    for delivery in detail.deliveries {
        if let Some(detail) = api.engine.store().delivery(delivery.id).await? {
            deliveries.push(DeliveryBody::from(detail));
        }
    }
    let origin = api.engine.store().origin(detail.run.id).await?;
    Ok(RunBody {
        run: detail.run,
        origin,
        submission: raw(detail.submission),
        attachments: detail.attachments,
        deliveries,
        skipped: detail.skipped,
    })
}

pub(super) fn describe() -> Operation {
    let more = object()
        .may_have("origin", origin().about("Where it came from, when nobody handed it in."))
        .with("submission", anything().about("As it was handed in."))
        .with("attachments", list(schemas::attachment()))
        .with("deliveries", list(deliveries::schemas::delivery()).about("By step."))
        .with("skipped", list(schemas::skipped_step()).about("The steps that were passed by, in their order."));
    let body = schemas::run().and(more).about("A run with everything that belongs to it.").named("RunDetail");
    Operation::new("show-run", "A run with its deliveries, their attempts and timelines", "")
        .place("run", "The run.", schemas::run_id())
        .answers(StatusCode::OK, "The run.", body)
        .problems(&[kind::NOT_FOUND])
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::{described, samples};

    #[test]
    fn it_is_as_described() {
        for run in samples::runs() {
            let body = RunBody {
                origin: (run.closed_at.is_some()).then(samples::origin),
                run,
                submission: raw("{\"reference\": 1}".into()),
                attachments: vec![samples::attachment()],
                deliveries: samples::states().into_iter().map(|state| samples::delivery(state).into()).collect(),
                skipped: vec![samples::skipped_step()],
            };
            described::answer(Method::GET, "/v1/runs/{run}", StatusCode::OK, &body);
        }
    }
}
