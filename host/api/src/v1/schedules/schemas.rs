//! What schedules and their ticks look like when they are sent.

use sluse_model::{IntervalOf, Overlap, SkipReason, Wellbeing};

use super::super::{deliveries::schemas as deliveries, runs::schemas as runs};
use crate::openapi::schema::{
    Schema, anything, boolean, id, list, name, number, object, one_of_texts, text, timestamp,
};

pub(super) fn tick_id() -> Schema {
    id("tick").named("TickId")
}

pub(super) fn schedule() -> Schema {
    object()
        .with("name", name())
        .may_have("title", text())
        .may_have("every_ms", number().about("In equal steps of real time."))
        .may_have("jitter_ms", number().about("Each tick is fired up to so much later, by chance."))
        .may_have(
            "every_of",
            one_of_texts(IntervalOf::ALL.map(IntervalOf::as_str))
                .about("Who says how often, when the schedule does not: the connection's settings, or the feed."),
        )
        .may_have("cron", text().about("By the local time of `zone`: minute, hour, day, month, day of the week."))
        .may_have("zone", text().about("By its IANA name.").example("Europe/Copenhagen"))
        .with(
            "overlap",
            one_of_texts(Overlap::ALL.map(Overlap::as_str))
                .about("What becomes of a tick that comes while the one before is still at work."),
        )
        .with(
            "catch_up_ms",
            number().about("A tick that was missed is made up for when it is no longer ago than this."),
        )
        .with("enabled", boolean())
        .with("flow", name().about("The flow that is started, or that items start which name none."))
        .may_have("connection", name().about("It polls a feed of this connection."))
        .may_have("feed", name())
        .may_have("submission", anything().about("It starts its flow with this."))
        .with("changed_at", timestamp())
        .may_have("next", timestamp().about("When the next tick is fired."))
        .may_have("latest", tick().about("The latest tick."))
        .with("wellbeing", wellbeing())
        .may_have("succeeded_at", timestamp().about("When a tick last did what it was to do."))
        .may_have("last_failure", last_failure())
        .about("What happens again and again, and when.")
        .named("Schedule")
}

/// Whether it does what it is for.
fn wellbeing() -> Schema {
    let state = one_of_texts(Wellbeing::NAMES).about(
        "`not-run`: nothing that it was to do was done, though it was time. `failing`: tries in a row came to nothing. \
         `off`: it is switched off.",
    );
    object()
        .with("state", state)
        .may_have("since", timestamp())
        .may_have("tries", number().about("How many tries in a row came to nothing; 100 for as many or more."))
        .about("Whether a schedule does what it is for.")
        .named("Wellbeing")
}

fn last_failure() -> Schema {
    object()
        .with("at", timestamp())
        .with("problem", deliveries::problem())
        .about("The latest try that came to nothing and that is still known; a later one may have succeeded.")
        .named("LastFailure")
}

pub(super) fn tick() -> Schema {
    let states = ["queued", "running", "retrying", "done", "failed", "skipped"];
    let state = one_of_texts(states).about(
        "`queued`: waits for its poll to begin, or for the tick before. `retrying`: the source was unavailable. `done`: \
         it has started what it was to start. `failed`: the next tick asks again. `skipped`: it was not fired.",
    );
    object()
        .with("id", tick_id())
        .with("planned_at", timestamp().about("When it was to be, without jitter."))
        .may_have("planned_until", timestamp().about("When the last of several that were missed was to be."))
        .with("count", number().about("How many were missed, 1,000 for as many or more; 1 for one that was fired."))
        .with("noted_at", timestamp().about("When it was fired, or found to be missed."))
        .with("late", boolean().about("It was fired later than it should have been."))
        .may_have("by", text().about("Who fired it by hand."))
        .with("state", state)
        .may_have("why", one_of_texts(SkipReason::ALL.map(SkipReason::as_str)).about("Why it was skipped."))
        .may_have("due", timestamp().about("When it goes on."))
        .may_have("ended_at", timestamp())
        .may_have("problem", deliveries::problem())
        .with("attempts", number().about("How often its poll has begun."))
        .with("found", found())
        .may_have("run", runs::run_id().about("The run that it started, of a schedule that polls no feed."))
        .with("timeline", list(deliveries::timeline_line()).about("What the latest call of its poll wrote."))
        .about("One coming of a schedule.")
        .named("Tick")
}

fn found() -> Schema {
    object()
        .with("started", number().about("Items that started a run."))
        .with("known", number().about("Items that had started one before."))
        .with("held", number().about("Of those that started a run, items that do not fit: a person has to look."))
        .about("What a poll has found.")
        .named("Found")
}

/// Where a run came from.
pub(crate) fn origin() -> Schema {
    let item = object()
        .with("connection", name())
        .with("feed", name())
        .with("key", text().about("Names it at its source."))
        .with("group", text())
        .about("The item of a feed that started it.")
        .named("ItemOrigin");
    object()
        .with("schedule", name())
        .with("tick", tick_id())
        .with("planned_at", timestamp().about("When the tick was to be."))
        .may_have("item", item)
        .about("The tick of a schedule that a run came from.")
        .named("Origin")
}
