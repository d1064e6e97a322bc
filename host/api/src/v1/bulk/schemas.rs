//! What batches look like when they are sent.

use sluse_model::{BatchRefusal, Reason};

use crate::{
    openapi::schema::{
        Schema, boolean, constant, id, map, name, number, object, one_of, one_of_texts, text, timestamp,
    },
    v1::deliveries::schemas::actor,
};

pub(crate) fn batch_id() -> Schema {
    id("bat").named("BatchId")
}

/// What is done about each.
pub(super) fn act() -> Schema {
    let of = |act: &str| object().with("act", constant(act));
    let said = "You have looked at the target: nothing of what may have happened did, and it may be sent again.";
    one_of([
        of("retry").with("did_not_happen", boolean().about(said)),
        of("close"),
        of("assign").with("queue", name().or_null().about("Without one it is nobody's in particular.")),
    ])
    .about("What is done about each.")
    .named("BatchAct")
}

/// Which deliveries are meant.
pub(super) fn filter() -> Schema {
    let states = ["queued", "retrying", "waiting", "attention"];
    object()
        .may_have("state", one_of_texts(states).about("`attention` unless something else is said."))
        .may_have("connection", name())
        .may_have("flow", name())
        .may_have("since", timestamp().about("Accepted then or later."))
        .may_have("until", timestamp().about("Accepted before."))
        .may_have("reason", one_of_texts(Reason::ALL.map(Reason::as_str)))
        .may_have("queue", name())
        .may_have("text", text().about("Stands in the problem that it met. An empty one is none."))
        .and_nothing_else()
        .about("Which deliveries are meant: all that is named has to hold, and something has to be named.")
        .named("BatchFilter")
}

/// How far it has come.
pub(super) fn batch() -> Schema {
    let end = object()
        .with("at", timestamp())
        .with("stopped_by", actor().or_null().about("`null` when it came to its end."))
        .named("BatchEnd");
    let refused =
        format!("How many were passed by, by the reason: {}.", BatchRefusal::ALL.map(BatchRefusal::as_str).join(", "));
    let more = object()
        .with("id", batch_id())
        .with("filter", filter())
        .with("per_second", number().about("At most so many acts in a second."))
        .with("by", actor())
        .may_have("why", text())
        .with("began_at", timestamp())
        .with("found", number().about("How many it was for when it began. What came later is not touched."))
        .with("done", number().about("How many it was done to."))
        .with("refused", map(number()).about(&refused))
        .with("left", number().about("How many are still to come, as far as one knows."))
        .with("state", one_of_texts(["running", "done", "stopped"]))
        .may_have("end", end);
    act().and(more).about("One act on many deliveries, and how far it has come.").named("Batch")
}
