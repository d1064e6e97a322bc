//! What runs and their files look like when they are sent.

use sluse_model::RunState;

use super::super::deliveries::schemas::delivery_id;
use crate::openapi::schema::{Schema, digest, id, name, number, object, one_of_texts, text, timestamp};

pub(crate) fn run_id() -> Schema {
    id("run").named("RunId")
}

pub(super) fn attachment_id() -> Schema {
    id("att").named("AttachmentId")
}

pub(super) fn run_state() -> Schema {
    one_of_texts(RunState::ALL.map(RunState::as_str))
        .about(
            "`running`: a step is under way or waits to be tried again. `attention`: a step waits for a person. \
             `succeeded`, `failed`: final.",
        )
        .named("RunState")
}

pub(super) fn run() -> Schema {
    object()
        .with("id", run_id())
        .with("flow", name())
        .with("flow_digest", digest().about("The version of the flow that the run keeps to."))
        .with("state", run_state())
        .with("accepted_at", timestamp())
        .with("closed_at", timestamp().or_null().about("When its last delivery closed."))
        .with("idempotency_key", text().or_null().about("The key that the submission came with."))
        .with("caused_by", delivery_id().or_null().about("The delivery whose fate it tells of: the host handed it in."))
        .with("stands_for", run_id().or_null().about("The failed run that it was started for."))
        .with("handled_by", run_id().or_null().about("The run that was started because this one failed; one ever."))
        .about("One execution of a flow for one submission.")
        .named("Run")
}

pub(super) fn skipped_step() -> Schema {
    object()
        .with("step_index", number().about("Its place in the flow, from 0."))
        .with("step", name())
        .with("when", text().about("The condition, which was false."))
        .with("at", timestamp())
        .about("A step that was passed by.")
        .named("SkippedStep")
}

pub(super) fn attachment() -> Schema {
    object()
        .with("id", attachment_id())
        .with("name", text().about("The file name as submitted: text of a stranger, never a path."))
        .with("media_type", text().about("As submitted."))
        .with("size_bytes", number())
        .with("digest", digest())
        .about("A file of a run: submitted, or created or kept by a connector.")
        .named("Attachment")
}
