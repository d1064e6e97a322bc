//! What is started for a run that fails: a run of the flow that its own names. It is given what was submitted, with the
//! files, what was done before, and what failed; so it can make a case of it for somebody.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sluse_model::{Attention, DeliveryState, Name, Problem, Reason, StandsFor, Timestamp};
use sluse_store::{NewRun, StoreError};

use crate::{
    Engine,
    causes::{CausedRun, Whose},
    flows::{CompiledFlow, FlowError, output_value},
    follow::outputs,
    notices::{Told, sample_of},
};

/// Where in the submission stands what was submitted before.
pub(crate) const SUBMITTED: &str = "/submission";

impl Engine {
    /// The run that is started for this failure, if any: one ever (the store drops a second one by its key, but nobody
    /// should read of it in the log), and none for what a delivery has caused itself.
    pub(crate) async fn failure(
        &self,
        told: &Told<'_>,
        flow: &CompiledFlow,
        whose: &Whose,
    ) -> Result<Option<NewRun>, StoreError> {
        let on_failure = flow.flow.on_failure.as_ref().filter(|on_failure| on_failure.is_meant(told.state));
        let Some(on_failure) = on_failure.filter(|_| !whose.is_caused && !whose.is_handled) else { return Ok(None) };
        let handler = match self.flows.present(&on_failure.flow).await {
            Ok(handler) => handler,
            Err(FlowError::Store(error)) => return Err(error),
            Err(error) => {
                tracing::error!(%error, run = %told.run, "nothing is started for the failure of {}", told.run);
                return Ok(None);
            }
        };
        let mut run = self.caused_run(CausedRun {
            flow: &handler,
            by: told.delivery,
            key: told.run.to_string(),
            submission: &submission(
                told,
                output_value(Some(&whose.submission)),
                &outputs(&whose.deliveries, told.just_done),
            ),
            attachments: whose.attachments.clone(),
            stands_for: Some(StandsFor { run: told.run, resolves: on_failure.resolves }),
        });
        tracing::info!(run = %told.run, by = %run.id, "run {} has failed; {} stands for it", told.run, run.id);
        // When not even that can begin, its owner is told like any other.
        let notice = match Told::of_first(&run) {
            Some(first) => self.notice(&first, &handler, &Whose::of_new(&run)).await?,
            None => None,
        };
        run.along.extend(notice);
        Ok(Some(run))
    }
}

/// What the run that is started is handed.
fn submission(told: &Told<'_>, submitted: Value, steps: &BTreeMap<Name, Value>) -> Value {
    let unknown = Problem::new("failed", "The step has failed.");
    let (reason, problem, at) = match told.state {
        DeliveryState::Attention(attention) => (Some(attention.reason), Some(&attention.problem), attention.since),
        DeliveryState::Closed { at, .. } => (None, told.problem, *at),
        _ => (None, told.problem, Timestamp::default()),
    };
    let problem = problem.unwrap_or(&unknown);
    json!({
        "submission": submitted,
        "steps": steps,
        "failure": {
            "step": told.step,
            "connection": told.connection,
            "operation": told.operation,
            "reason": reason,
            "code": problem.code,
            "message": problem.message,
            "at": at,
        },
        "run": told.run,
    })
}

/// The same of a made-up failure, for those who say beforehand whether they would take it.
pub(crate) fn sample() -> Value {
    let problem = Problem::new("rejected", "The target refused.");
    let state = DeliveryState::Attention(Attention::new(Reason::Rejected, problem, Timestamp::default()));
    sample_of(&state, |told| submission(told, json!({}), &BTreeMap::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_where_and_why_and_hands_on_what_was_submitted() {
        let sample = sample();
        let keys = |value: &Value| value.as_object().expect("a table").keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&sample), ["failure", "run", "steps", "submission"]);
        assert_eq!(keys(&sample["failure"]), ["at", "code", "connection", "message", "operation", "reason", "step"]);
        assert_eq!(
            (&sample["failure"]["reason"], &sample["failure"]["code"]),
            (&json!("rejected"), &json!("rejected"))
        );
    }

    #[test]
    fn what_was_closed_by_the_policy_has_its_problem_and_no_reason() {
        let closed = DeliveryState::Closed { resolution: sluse_model::Resolution::Failed, at: Timestamp::default() };
        let problem = Problem::new("too-old", "Nothing is tried any more.");
        let told = sample_of(&closed, |told| {
            submission(&Told { problem: Some(&problem), ..*told }, json!({"a": 1}), &BTreeMap::new())
        });
        assert_eq!((&told["failure"]["reason"], &told["failure"]["code"]), (&Value::Null, &json!("too-old")));
        assert_eq!(told["submission"], json!({"a": 1}));
    }
}
