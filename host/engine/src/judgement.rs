//! What an attempt amounts to: what the connector said, held against what it promised, or why it could not begin.

use std::time::Duration;

use sluse_connector::{Breakage, BreakageKind, Ended};
use sluse_model::{AttemptEnd, Failure, Outcome, Problem, Timestamp};
use sluse_store::{Claimed, StoreError};

use crate::{
    connections::{ConnectionError, LiveConnection},
    host::HostRecord,
    revisions::{LoadedRevision, OperationSchemas, RevisionError},
};

/// The code of the problem when a call as a whole ran out of time.
const CALL_TIMED_OUT: &str = "call-timed-out";

/// The call as a whole ran out of time.
pub(crate) fn took_too_long(end: &AttemptEnd) -> bool {
    end.problem().is_some_and(|problem| problem.code == CALL_TIMED_OUT)
}

/// The code of the problem when the host stopped and could not wait any longer.
const HOST_STOPPED: &str = "host-stopped";

/// The host stopped, and the call was not at its end in time.
pub(crate) fn cut_off() -> AttemptEnd {
    let problem = Problem::new(HOST_STOPPED, "The host stopped while the call was under way.");
    AttemptEnd::Failed(Failure::Unavailable { problem, retry_after_ms: None })
}

pub(crate) fn was_cut_off(problem: &Problem) -> bool {
    problem.code == HOST_STOPPED
}

/// An attempt that cannot begin because nobody knows what was sent before it.
pub(crate) fn not_read(error: &StoreError) -> AttemptEnd {
    let problem = Problem::new("journal-not-read", error.to_string());
    AttemptEnd::Failed(Failure::Unavailable { problem, retry_after_ms: None })
}

/// An attempt that cannot begin because its revision is not there. What passes by itself is tried again.
pub(crate) fn not_ready(error: &RevisionError) -> AttemptEnd {
    let problem = Problem::new("revision-not-loaded", error.to_string());
    match error {
        RevisionError::Store(_) => AttemptEnd::Failed(Failure::Unavailable { problem, retry_after_ms: None }),
        RevisionError::Gone(_) | RevisionError::NotLoaded { .. } => AttemptEnd::Misconfigured(problem),
    }
}

pub(crate) fn not_connected(error: &ConnectionError) -> AttemptEnd {
    let problem = Problem::new("connection-not-usable", error.to_string());
    match error {
        ConnectionError::Store(_) => AttemptEnd::Failed(Failure::Unavailable { problem, retry_after_ms: None }),
        _ => AttemptEnd::Misconfigured(problem),
    }
}

/// The connection was pointed at another connector after the revision was chosen: it must not see settings and
/// endpoints that are not its own.
pub(crate) fn of_another_connector(revision: &LoadedRevision, connection: &LiveConnection) -> Option<Problem> {
    let connection = connection.connection();
    (revision.connector.description().name != connection.connector.as_str()).then(|| {
        let message = format!("Connection `{}` uses connector `{}` by now.", connection.name, connection.connector);
        Problem::new("connection-changed", message)
    })
}

/// Why the operation cannot be asked for with this input: the revision may be a newer one than the flow was
/// applied under.
pub(crate) fn unfit(revision: &LoadedRevision, claimed: &Claimed) -> Option<AttemptEnd> {
    let operation = &claimed.delivery.operation;
    let Some(schemas) = revision.asked(&claimed.flow, operation) else {
        let message = format!("revision {} of the connector has no operation `{operation}`", claimed.revision.short());
        return Some(AttemptEnd::Misconfigured(Problem::new("unknown-operation", message)));
    };
    let input = serde_json::from_str(&claimed.delivery.input).unwrap_or(serde_json::Value::Null);
    let violations = schemas.input.check(&input).err()?;
    let detail = violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let message = format!("The input of step `{}` does not fit operation `{operation}`.", claimed.delivery.step);
    let problem = Problem::new("input-does-not-fit", message).with_detail(detail);
    Some(AttemptEnd::Failed(Failure::Invalid { problem }))
}

/// A report that cannot be told: the input is not what the host wrote.
pub(crate) fn no_report(error: &serde_json::Error) -> AttemptEnd {
    let problem = Problem::new("no-report", "This is no report that a source could be told.");
    AttemptEnd::Failed(Failure::Invalid { problem: problem.with_detail(error.to_string()) })
}

/// What an ended call amounts to.
pub(crate) fn judge(ended: Ended<Outcome>, wait: Option<Duration>, now: Timestamp) -> AttemptEnd {
    match ended {
        Ok(Ok(Outcome::Done { output })) => AttemptEnd::Done { output },
        Ok(Ok(Outcome::Waiting { state })) => match wait {
            Some(wait) => AttemptEnd::Waiting { state, until: now.plus(wait) },
            None => AttemptEnd::Broken(Problem::new(
                "waits-for-nothing",
                "The connector waits for a callback without having opened an address for one.",
            )),
        },
        Ok(Err(failure)) => judge_failure(Ok(failure)),
        Err(breakage) => judge_failure(Err(breakage)),
    }
}

/// What a call amounts to that came to nothing: it says what failed, or it broke.
pub(crate) fn judge_failure(ended: Result<Failure, Breakage>) -> AttemptEnd {
    match ended {
        Ok(failure) => AttemptEnd::Failed(failure),
        Err(Breakage { kind: BreakageKind::TimedOut, message }) => {
            let problem = Problem::new(CALL_TIMED_OUT, "The target took too long.").with_detail(message);
            AttemptEnd::Failed(Failure::Unavailable { problem, retry_after_ms: None })
        }
        Err(Breakage { kind, message }) => AttemptEnd::Broken(
            Problem::new(breakage_code(kind), "The connector failed. Its supplier has to look.").with_detail(message),
        ),
    }
}

/// What the connector said, completed by what only the host knows: that it was itself not set up for a request,
/// or that a token endpoint asked for patience.
pub(crate) fn with_the_host_s_part(end: AttemptEnd, left: &HostRecord) -> AttemptEnd {
    match (end, &left.misconfigured) {
        (AttemptEnd::Failed(_), Some(message)) if !left.in_doubt => {
            AttemptEnd::Misconfigured(Problem::new("not-signed-in", message.clone()))
        }
        (AttemptEnd::Failed(Failure::Unavailable { problem, retry_after_ms }), _) => {
            let retry_after_ms = retry_after_ms.max(left.retry_after_ms);
            AttemptEnd::Failed(Failure::Unavailable { problem, retry_after_ms })
        }
        (end, _) => end,
    }
}

fn breakage_code(kind: BreakageKind) -> &'static str {
    match kind {
        BreakageKind::Trapped => "connector-trapped",
        BreakageKind::CpuExceeded => "cpu-exceeded",
        BreakageKind::MemoryExceeded => "memory-exceeded",
        BreakageKind::TimedOut => CALL_TIMED_OUT,
        BreakageKind::ContractBroken => "contract-broken",
        BreakageKind::NotExported => "not-exported",
    }
}

/// Holds what a connector is done with against what it promised.
pub(crate) fn checked(revision: &LoadedRevision, claimed: &Claimed, end: AttemptEnd) -> AttemptEnd {
    fitting(revision.asked(&claimed.flow, &claimed.delivery.operation), end)
}

/// The same, by the operation's schemas.
pub(crate) fn fitting(schemas: Option<&OperationSchemas>, end: AttemptEnd) -> AttemptEnd {
    let (AttemptEnd::Done { output }, Some(schemas)) = (&end, schemas) else { return end };
    let broken = |detail: String| {
        let message = "The connector is done, but its answer does not fit its own schema.";
        AttemptEnd::Broken(Problem::new("output-does-not-fit", message).with_detail(detail))
    };
    match serde_json::from_str(output) {
        Err(error) => broken(format!("not JSON: {error}")),
        Ok(value) => match schemas.output.check(&value) {
            Ok(()) => end,
            Err(violations) => broken(violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
        },
    }
}
