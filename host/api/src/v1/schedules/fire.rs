//! `POST /v1/schedules/{schedule}/fire`: a tick now, whatever is planned.

use std::sync::Arc;

use axum::{Extension, Json, extract::State, http::StatusCode};
use serde::Serialize;
use sluse_model::{Actor, TickId, Token};

use super::{name, schemas};
use crate::{
    Api, ApiError,
    openapi::{
        Operation,
        schema::{name as name_schema, object},
    },
    path::Path,
    problem::kind,
};

#[derive(Debug, Serialize)]
pub(super) struct FiredBody {
    tick: TickId,
}

pub(super) async fn fire(
    State(api): State<Arc<Api>>,
    Extension(token): Extension<Token>,
    Path(schedule): Path<String>,
) -> Result<(StatusCode, Json<FiredBody>), ApiError> {
    let by = Actor { token: token.id, name: token.name };
    let tick = api.engine.fire(&name(&schedule)?, by).await?;
    Ok((StatusCode::ACCEPTED, Json(FiredBody { tick })))
}

pub(super) fn describe() -> Operation {
    let about = "Also of a schedule that is switched off. Who did it is kept with the tick. The tick that is planned next \
                 comes as if nothing had been.";
    let body = object().with("tick", schemas::tick_id()).named("Fired");
    Operation::new("fire-schedule", "Fire a tick of a schedule now", about)
        .place("schedule", "The schedule.", name_schema())
        .answers(StatusCode::ACCEPTED, "It is fired, durably.", body)
        .problems(&[
            kind::NOT_FOUND,
            kind::NOT_POSSIBLE,
            kind::FLOW_NOT_USABLE,
            kind::CHANGED_MEANWHILE,
            kind::DISK_FULL,
        ])
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::{described, samples};

    #[test]
    fn it_is_as_described() {
        let body = FiredBody { tick: samples::tick_id() };
        described::answer(Method::POST, "/v1/schedules/{schedule}/fire", StatusCode::ACCEPTED, &body);
    }
}
