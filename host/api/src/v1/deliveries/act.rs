//! What people do about deliveries: what all of these endpoints share.

use axum::{Json, http::StatusCode};
use serde::Serialize;
use serde_json::value::RawValue;
use sluse_engine::MAX_WHY_CHARS;
use sluse_model::{Act, ActKind, Actor, BatchId, DeliveryId, DeliveryState, DoneAct, Timestamp, Token};
use sluse_store::ListedDelivery;

use super::{DeliverySummary, raw, schemas};
use crate::{
    Api, ApiError,
    openapi::{
        Operation,
        schema::{Schema, text},
    },
    problem::kind,
};

pub(super) const DID_NOT_HAPPEN: &str =
    "You have looked at the target: nothing of what may have happened did, and it may be sent again.";

pub(super) const ATTEMPTS_SEEN: &str = "The delivery's `attempt_count` when you looked at it: nothing is done when it is another one by now. Needed with `did_not_happen`.";

const NOT_SEEN: &str = "`did_not_happen` answers for what you have seen: add `attempts_seen`, the delivery's `attempt_count` when you looked at it. Another attempt may have begun since";

/// What somebody did about a delivery.
#[derive(Debug, Serialize)]
pub(super) struct DoneActBody {
    at: Timestamp,
    by: Actor,
    act: ActKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    did_not_happen: bool,
    before: DeliveryState,
    after: DeliveryState,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<BatchId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_before: Option<Box<RawValue>>,
}

impl From<DoneAct> for DoneActBody {
    fn from(act: DoneAct) -> Self {
        let DoneAct { at, by, act, why, did_not_happen, before, after, batch, input_before } = act;
        Self { at, by, act, why, did_not_happen, before, after, batch, input_before: input_before.map(raw) }
    }
}

/// Does it, and gives the delivery as it stands then.
pub(super) async fn act(
    api: &Api,
    delivery: &str,
    token: Token,
    act: Act,
    why: Option<String>,
    attempts_seen: Option<u32>,
) -> Result<Json<DeliverySummary>, ApiError> {
    if act.says_did_not_happen() && attempts_seen.is_none() {
        return Err(ApiError::BadBody(NOT_SEEN.into()));
    }
    let id: DeliveryId = delivery.parse().map_err(|_| ApiError::NotFound(format!("delivery `{delivery}`")))?;
    let by = Actor { token: token.id, name: token.name };
    let detail = api.engine.act(id, act, by, why, attempts_seen).await?;
    Ok(Json(ListedDelivery::from(detail.delivery).into()))
}

/// What all of them take and answer.
pub(super) fn described(id: &'static str, summary: &'static str, about: &'static str) -> Operation {
    Operation::new(id, summary, about)
        .place("delivery", "The delivery.", schemas::delivery_id())
        .answers(StatusCode::OK, "It is done; the delivery as it stands now.", schemas::summary())
        .problems(&[kind::NOT_FOUND, kind::NOT_POSSIBLE, kind::CHANGED_MEANWHILE, kind::DISK_FULL])
}

/// Why somebody does it.
pub(super) fn why() -> Schema {
    text().keyword("maxLength", MAX_WHY_CHARS)
}
