//! Work that waits or is done.

mod act; // what the acts share
mod assign;
mod close;
mod edit;
mod list;
mod resolve;
mod retry;
pub(crate) mod schemas;
mod show;
mod skip;

use axum::routing::{get, post};
use http::Method;
use serde::Serialize;
use serde_json::value::RawValue;
use sluse_model::{Attempt, Callback, DeliveryState, Intent, TimelineLine, Timestamp};
use sluse_store::{DeliveryDetail, ListedDelivery};

use crate::Route;
use act::DoneActBody;
use sluse_model::Scope;

pub(super) fn routes() -> Vec<Route> {
    const READ: &[Scope] = &[Scope::Submit, Scope::Operate];
    // Who calls is told where to look for what goes on after the deadline.
    const LOOK: &[Scope] = &[Scope::Submit, Scope::Call, Scope::Operate];
    const ACT: &[Scope] = &[Scope::Operate];
    vec![
        Route::new(Method::POST, "/v1/deliveries/{delivery}/retry", ACT, post(retry::retry), retry::describe),
        Route::new(Method::POST, "/v1/deliveries/{delivery}/edit", ACT, post(edit::edit), edit::describe),
        Route::new(Method::POST, "/v1/deliveries/{delivery}/resolve", ACT, post(resolve::resolve), resolve::describe),
        Route::new(Method::POST, "/v1/deliveries/{delivery}/close", ACT, post(close::close), close::describe),
        Route::new(Method::POST, "/v1/deliveries/{delivery}/skip", ACT, post(skip::skip), skip::describe),
        Route::new(Method::POST, "/v1/deliveries/{delivery}/assign", ACT, post(assign::assign), assign::describe),
        Route::new(Method::GET, "/v1/deliveries", READ, get(list::list), list::describe),
        Route::new(Method::GET, "/v1/deliveries/{delivery}", LOOK, get(show::show), show::describe),
    ]
}

/// A delivery with everything that belongs to it.
#[derive(Debug, Serialize)]
pub(crate) struct DeliveryBody {
    #[serde(flatten)]
    summary: DeliverySummary,
    input: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Box<RawValue>>,
    attempts: Vec<Attempt>,
    timeline: Vec<TimelineLine>,
    journal: Vec<Intent>,
    callbacks: Vec<Callback>,
    /// What people did about it.
    acts: Vec<DoneActBody>,
}

/// A delivery, as lists have it.
#[derive(Debug, Serialize)]
pub(crate) struct DeliverySummary {
    id: String,
    run: String,
    step: String,
    connection: String,
    operation: String,
    #[serde(flatten)]
    state: DeliveryState,
    attempt_count: u32,
    accepted_at: Timestamp,
    changed_at: Timestamp,
}

impl From<ListedDelivery> for DeliverySummary {
    fn from(delivery: ListedDelivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            run: delivery.run.to_string(),
            step: delivery.step.to_string(),
            connection: delivery.connection.to_string(),
            operation: delivery.operation.to_string(),
            state: delivery.state,
            attempt_count: delivery.attempts,
            accepted_at: delivery.accepted_at,
            changed_at: delivery.changed_at,
        }
    }
}

impl From<DeliveryDetail> for DeliveryBody {
    fn from(detail: DeliveryDetail) -> Self {
        let DeliveryDetail { mut delivery, attempts, timeline, journal, callbacks, acts, .. } = detail;
        let summary_input = raw(std::mem::take(&mut delivery.input));
        let output = delivery.output.take().map(raw);
        Self {
            summary: ListedDelivery::from(delivery).into(),
            input: summary_input,
            output,
            attempts,
            timeline,
            journal,
            callbacks,
            acts: acts.into_iter().map(DoneActBody::from).collect(),
        }
    }
}

/// JSON text as it is kept, without being read again.
pub(crate) fn raw(text: String) -> Box<RawValue> {
    RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
