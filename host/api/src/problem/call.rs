//! What is said when a call came to no output: which kind it is, when to ask again, and what programs want to know of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sluse_engine::{CallClass, CallError, CallFailure};
use sluse_model::{Problem, Reason};

use super::{
    kind::{self, Kind},
    store_kind, submit_kind,
};
use crate::{
    openapi::schema::{Schema, object, one_of_texts},
    v1::{
        deliveries::schemas::{delivery_id, problem},
        gate::{self, GateBody},
    },
};

/// What a problem says of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CallDetails {
    /// What the connector said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
    /// What is kept of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delivery: Option<String>,
    /// Why the delivery waits for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    /// What lets nothing through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gate: Option<GateBody>,
}

impl CallDetails {
    pub(super) fn of(error: &CallError) -> Self {
        match error {
            CallError::GateClosed { hold, .. } => Self { gate: Some(hold.clone().into()), ..Self::default() },
            CallError::Failed(failure) => {
                let CallFailure { problem, delivery, .. } = &**failure;
                let reason = delivery.and_then(|failed| failed.reason);
                let delivery = delivery.map(|failed| failed.id.to_string());
                Self { problem: Some(problem.clone()), delivery, reason, gate: None }
            }
            _ => Self::default(),
        }
    }
}

/// What a problem with a call has beside what every problem has.
pub(super) fn properties() -> Schema {
    object()
        .may_have("problem", problem().about("What a call met at the target, or on the way there."))
        .may_have("delivery", delivery_id().about("What is kept of a call: ask at `/v1/deliveries/{delivery}`."))
        .may_have("reason", one_of_texts(Reason::ALL.map(Reason::as_str)).about("Why it waits for a person."))
        .may_have("gate", gate::schema().about("What lets nothing through."))
}

pub(super) fn call_kind(error: &CallError) -> Kind {
    match error {
        CallError::UnknownConnection(_) | CallError::UnknownOperation { .. } => kind::NOT_FOUND,
        CallError::DoesNotFit { .. } => kind::TEXT_DOES_NOT_FIT,
        CallError::NotReady(_) => kind::NOT_READY,
        CallError::GateClosed { .. } => kind::GATE_CLOSED,
        CallError::Busy => kind::BUSY,
        CallError::DeadlinePassed { .. } => kind::DEADLINE_PASSED,
        CallError::Failed(failure) => of_class(failure.class),
        CallError::Submit(error) => submit_kind(error),
        CallError::Store(error) => store_kind(error),
    }
}

fn of_class(class: CallClass) -> Kind {
    match class {
        CallClass::Invalid => kind::CALL_INVALID,
        CallClass::Rejected => kind::CALL_REJECTED,
        CallClass::Denied => kind::CALL_DENIED,
        CallClass::Unavailable => kind::CALL_UNAVAILABLE,
        CallClass::Unknown => kind::CALL_UNKNOWN,
        CallClass::Broken => kind::CALL_BROKEN,
        CallClass::Misconfigured => kind::CALL_MISCONFIGURED,
    }
}

/// Whether it is for the caller alone: nothing of the host has failed.
pub(super) fn is_foreseen(error: &CallError) -> bool {
    !matches!(error, CallError::Submit(_) | CallError::Store(_))
}

/// When to ask again, in whole seconds for `Retry-After`.
pub(super) fn retry_after_seconds(error: &CallError) -> Option<u64> {
    let whole = |wait: Duration| wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    error.retry_after().map(|wait| whole(wait).max(1))
}

#[cfg(test)]
mod tests {
    use http::Method;
    use sluse_engine::FailedDelivery;
    use sluse_model::{GateHold, GateKind, Name};

    use super::*;
    use crate::{
        ApiError, ProblemBody,
        openapi::{described, samples},
    };

    const PATH: &str = "/v1/connections/{connection}/operations/{operation}";

    fn name() -> Name {
        "workzone".parse().expect("a name")
    }

    fn closed() -> CallError {
        let message = "1 of 1 attempts are under way".to_owned();
        let hold = GateHold { kind: GateKind::Concurrency, since: samples::moment(), until: None, message };
        CallError::GateClosed { connection: name(), hold, retry_after: Duration::from_millis(1_001) }
    }

    fn failed(class: CallClass, delivery: Option<FailedDelivery>) -> CallError {
        let problem = Problem::new("no-such-case", "Sagen findes ikke.").with_detail("404");
        CallError::Failed(Box::new(CallFailure { class, problem, retry_after: None, delivery }))
    }

    #[test]
    fn what_came_of_a_call_is_as_described() {
        let kept = |reason| Some(FailedDelivery { id: samples::delivery_id(), reason });
        let mut errors: Vec<_> = CallClass::ALL.map(|class| failed(class, None)).into();
        errors.extend([
            failed(CallClass::Rejected, kept(Some(Reason::Rejected))),
            failed(CallClass::Rejected, kept(None)),
        ]);
        errors.extend([closed(), CallError::Busy, CallError::NotReady("no active revision".into())]);
        errors.push(CallError::DeadlinePassed { operation: name(), within_ms: 100 });
        for error in errors {
            let error = ApiError::from(error);
            let kind = error.kind();
            let body = ProblemBody {
                kind: kind.urn(),
                title: kind.title.into(),
                status: kind.status.as_u16(),
                detail: error.to_string(),
                errors: Vec::new(),
                call: error.call().map(CallDetails::of).unwrap_or_default(),
            };
            described::problem(Method::POST, PATH, kind.status, &body);
        }
    }

    /// Where something is kept nobody is told to send it again.
    #[test]
    fn whoever_may_ask_again_is_told_when() {
        let delivery = Some(FailedDelivery { id: samples::delivery_id(), reason: Some(Reason::AttemptsExhausted) });
        for (error, seconds) in [
            (closed(), Some(2)),
            (CallError::Busy, Some(1)),
            (failed(CallClass::Unavailable, None), Some(5)),
            (failed(CallClass::Unavailable, delivery), None),
            (failed(CallClass::Rejected, None), None),
        ] {
            assert_eq!(retry_after_seconds(&error), seconds, "{error}");
        }
    }
}
