//! What deliveries look like when they are sent.

use sluse_model::{ActKind, CallbackStanding, Reason, Standing, TimelineLevel};

use crate::openapi::schema::{
    Schema, anything, boolean, constant, digest, id, list, name, number, object, one_of, one_of_texts, text, timestamp,
};
use crate::v1::{bulk::batch_id, gate, tokens::token_id};

const LEVELS: [TimelineLevel; 4] =
    [TimelineLevel::Debug, TimelineLevel::Info, TimelineLevel::Warn, TimelineLevel::Error];

/// How an attempt can end: what the connector says, what the host sees, and `lost`.
const ENDS: [&str; 11] = [
    "done",
    "waiting",
    "invalid",
    "rejected",
    "denied",
    "unavailable",
    "unknown",
    "broken",
    "misconfigured",
    "timed-out",
    "lost",
];

pub(crate) fn delivery_id() -> Schema {
    id("del").named("DeliveryId")
}

/// A delivery, as lists have it.
pub(crate) fn summary() -> Schema {
    object()
        .with("id", delivery_id())
        .with("run", id("run").named("RunId"))
        .with("step", name())
        .with("connection", name())
        .with("operation", name())
        .with("attempt_count", number().about("How many attempts have begun."))
        .with("accepted_at", timestamp())
        .with("changed_at", timestamp())
        .and(state())
        .about("A delivery, as lists have it.")
        .named("DeliverySummary")
}

/// A delivery with everything that belongs to it.
pub(crate) fn delivery() -> Schema {
    let more = object()
        .with("input", anything().about("What the operation was called with."))
        .may_have("output", anything().about("What came of it, once it has succeeded."))
        .with("attempts", list(attempt()))
        .with("timeline", list(timeline_line()))
        .with("journal", list(intent()).about("What its attempts have sent that must happen once."))
        .with("callbacks", list(callback()).about("What its target answered at the addresses that it was given."))
        .with("acts", list(done_act()).about("What people did about it, by time."));
    summary().and(more).about("A delivery with everything that belongs to it.").named("Delivery")
}

/// A delivery, and how it looks for it.
pub(super) fn shown() -> Schema {
    let most = "The most attempts that it may have had since it was accepted, the first one included. Automatic ones \
        end at the limit of now, which may be lower.";
    let last_error = object().with("at", timestamp()).with("problem", problem()).named("LastError");
    let more = object()
        .with("max_attempts", number().about(most))
        .may_have("last_error", last_error.about("What the latest attempt met that did not succeed, and when."))
        .may_have("gate", gate::schema().about("What holds it although it is due."));
    delivery().and(more).about("A delivery, and how it looks for it.").named("ShownDelivery")
}

/// Where a delivery stands, with what exists in that state.
fn state() -> Schema {
    let of = |state: &str, about: &str| object().with("state", constant(state)).about(about);
    one_of([
        of("queued", "Waits for its first attempt, or for one that somebody asked for.").with("due", timestamp()),
        of("running", "An attempt is under way.").with("lease", lease()),
        of("retrying", "The target was unavailable; the next attempt begins at `due`.")
            .with("due", timestamp())
            .with("problem", problem()),
        of("waiting", "The target is to answer; it goes on at `until` in any case.").with("until", timestamp()),
        of("attention", "Waits for a person.")
            .with("reason", one_of_texts(Reason::ALL.map(Reason::as_str)))
            .with("problem", problem())
            .with("since", timestamp())
            .may_have("queue", name().about("Whose work it is.")),
        of("closed", "Final.").with("resolution", one_of_texts(["succeeded", "failed"])).with("at", timestamp()),
    ])
    .about("Where a delivery stands, with what exists in that state.")
    .named("DeliveryState")
}

fn lease() -> Schema {
    object()
        .with("number", number().about("Grows with every claim of this delivery."))
        .with("until", timestamp())
        .about("Who works on it, and until when.")
        .named("Lease")
}

fn attempt() -> Schema {
    let result = object()
        .with("ended_at", timestamp())
        .with("kind", one_of_texts(ENDS))
        .with("problem", problem().or_null())
        .named("AttemptResult");
    object()
        .with("number", number().about("From 1. What goes on after a callback has the number of what began to wait."))
        .with("resumed", boolean().about("It went on with what had waited for a callback."))
        .with("revision", digest().about("The revision that it ran on."))
        .with("began_at", timestamp())
        .with("result", result.or_null().about("`null` while it is under way."))
        .about("One try of a delivery.")
        .named("Attempt")
}

fn intent() -> Schema {
    object()
        .with("number", number().about("Its place in the journal, from 1."))
        .with("attempt", number().about("The attempt that sent it."))
        .with("request", text().about("Method and path, without query and personal numbers."))
        .with("opened_at", timestamp())
        .with(
            "standing",
            one_of_texts(Standing::ALL.map(Standing::as_str)).about("`open`: it may have happened, and nobody knows."),
        )
        .about("A request that must happen once.")
        .named("Intent")
}

fn callback() -> Schema {
    let standing = one_of_texts(CallbackStanding::ALL.map(CallbackStanding::as_str));
    object()
        .with("number", number().about("The address that it came to."))
        .with("arrived_at", timestamp())
        .with("standing", standing.about("`late`: nothing waited for it any more, and it was refused."))
        .about("An answer that came in.")
        .named("Callback")
}

fn done_act() -> Schema {
    object()
        .with("at", timestamp())
        .with("by", actor())
        .with("act", one_of_texts(ActKind::ALL.map(ActKind::as_str)))
        .may_have("why", text())
        .with("did_not_happen", boolean().about("It said of what was in doubt that it did not happen."))
        .with("before", state())
        .with("after", state())
        .may_have("batch", batch_id().about("It was done to many at once."))
        .may_have("input_before", anything().about("The input until then, where it was edited."))
        .about("What somebody did about a delivery.")
        .named("DoneAct")
}

/// Who did something.
pub(crate) fn actor() -> Schema {
    object()
        .with("token", token_id())
        .with("name", text().about("As it was called then."))
        .about("The token of whoever did it.")
        .named("Actor")
}

pub(crate) fn timeline_line() -> Schema {
    object()
        .with("at", timestamp())
        .with("attempt", number().about("The attempt that it belongs to; 0 for what happened between attempts."))
        .with("level", one_of_texts(LEVELS.map(TimelineLevel::as_str)))
        .with("message", text())
        .named("TimelineLine")
}

pub(crate) fn problem() -> Schema {
    object()
        .with("code", text().about("A stable short name in kebab-case, for programs."))
        .with("message", text().about("One sentence for the person who runs the flow."))
        .may_have("detail", text().about("What support needs to find the cause."))
        .about("What went wrong at the target, or on the way there.")
        .named("Problem")
}

#[cfg(test)]
mod tests {
    use sluse_model::{AttemptEnd, Failure, Problem, Timestamp};

    use super::*;

    /// Another one does not compile until it stands here, and then it is missing above.
    #[test]
    fn every_reason_and_level_is_listed() {
        for reason in Reason::ALL {
            match reason {
                Reason::Invalid | Reason::Rejected | Reason::Denied | Reason::OutcomeUnknown => {}
                Reason::AttemptsExhausted | Reason::ConnectorBroken => {}
                Reason::MappingFailed | Reason::Misconfigured | Reason::TimedOut => {}
            }
            assert_eq!(serde_json::json!(reason), reason.as_str());
        }
        for level in LEVELS {
            match level {
                TimelineLevel::Debug | TimelineLevel::Info | TimelineLevel::Warn | TimelineLevel::Error => {}
            }
            assert_eq!(serde_json::json!(level), level.as_str());
        }
    }

    #[test]
    fn every_end_of_an_attempt_is_listed() {
        let problem = || Problem::new("code", "message");
        let ends = [
            AttemptEnd::Done { output: String::new() },
            AttemptEnd::Waiting { state: String::new(), until: Timestamp::from_millis(0) },
            AttemptEnd::TimedOut(problem()),
            AttemptEnd::Failed(Failure::Invalid { problem: problem() }),
            AttemptEnd::Failed(Failure::Rejected { problem: problem() }),
            AttemptEnd::Failed(Failure::Denied { problem: problem() }),
            AttemptEnd::Failed(Failure::Unavailable { problem: problem(), retry_after_ms: None }),
            AttemptEnd::Failed(Failure::Unknown { problem: problem() }),
            AttemptEnd::Broken(problem()),
            AttemptEnd::Misconfigured(problem()),
        ];
        for end in ends {
            match &end {
                AttemptEnd::Waiting { .. } | AttemptEnd::TimedOut(_) => {}
                AttemptEnd::Done { .. } | AttemptEnd::Broken(_) | AttemptEnd::Misconfigured(_) => {}
                AttemptEnd::Failed(failure) => match failure {
                    Failure::Invalid { .. } | Failure::Rejected { .. } | Failure::Denied { .. } => {}
                    Failure::Unavailable { .. } | Failure::Unknown { .. } => {}
                },
            }
            assert!(ENDS.contains(&end.kind()), "{}", end.kind());
        }
    }
}
