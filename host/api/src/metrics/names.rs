//! What the metrics are called, and what each says. By the conventions of Prometheus: base units, `_total` for what only
//! grows. Labels are names that people have chosen, and outcomes of which there are few; never ids.

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// A metric: its name, what it is, and what it says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Metric(pub(super) &'static str, pub(super) Kind, pub(super) &'static str);

use Kind::{Counter, Gauge, Histogram};

pub(super) const CONNECTION: &str = "connection";
pub(super) const FLOW: &str = "flow";
pub(super) const OPERATION: &str = "operation";
pub(super) const OUTCOME: &str = "outcome";
pub(super) const SCHEDULE: &str = "schedule";
pub(super) const VERSION: &str = "version";

pub(super) const BUILD_INFO: Metric = Metric("sluse_build_info", Gauge, "The release, as a label.");
pub(super) const PROCESS_START: Metric =
    Metric("process_start_time_seconds", Gauge, "When the host was started, in seconds since 1970.");

pub(super) const RUNS_ACCEPTED: Metric =
    Metric("sluse_runs_accepted_total", Counter, "Runs that were accepted, by flow.");
pub(super) const DELIVERIES_ACCEPTED: Metric =
    Metric("sluse_deliveries_accepted_total", Counter, "Deliveries that were accepted.");
pub(super) const DELIVERIES_SETTLED: Metric = Metric(
    "sluse_deliveries_settled_total",
    Counter,
    "Deliveries that were closed (succeeded, failed), or came to wait for a person (attention).",
);
pub(super) const ATTEMPTS: Metric = Metric("sluse_attempts_total", Counter, "Attempts that have ended, by how.");
pub(super) const ATTEMPT_DURATION: Metric =
    Metric("sluse_attempt_duration_seconds", Histogram, "How long attempts took, by operation.");
pub(super) const EXCHANGES: Metric = Metric(
    "sluse_egress_exchanges_total",
    Counter,
    "Requests to targets, by the class of the status that was answered, or by what went wrong.",
);
pub(super) const POLLS: Metric = Metric(
    "sluse_polls_total",
    Counter,
    "Polls of feeds: done, retrying (is tried again soon), failed (the next tick is the next try).",
);

pub(super) const IN_FLIGHT: Metric = Metric("sluse_attempts_in_flight", Gauge, "Attempts under way.");
pub(super) const DUE: Metric = Metric(
    "sluse_deliveries_due",
    Gauge,
    "Deliveries that are due and have not begun; 10000 stands for as many or more. A few seconds old.",
);
pub(super) const OLDEST_DUE: Metric = Metric(
    "sluse_deliveries_oldest_due_seconds",
    Gauge,
    "How long the delivery that waits longest has been due; 0 when none is.",
);
pub(super) const ATTENTION: Metric = Metric(
    "sluse_deliveries_attention",
    Gauge,
    "Deliveries that wait for a person; 10000 stands for as many or more. A few seconds old.",
);
pub(super) const PAUSED: Metric = Metric("sluse_connection_paused", Gauge, "1 while nothing begins at a connection.");
pub(super) const BREAKER_OPEN: Metric =
    Metric("sluse_breaker_open", Gauge, "1 while a target that could not be reached is left alone.");

pub(super) const SCHEDULE_WELL: Metric = Metric(
    "sluse_schedule_well",
    Gauge,
    "1 while a schedule does what it is for, 0 when it has not run or fails. Absent while it is switched off.",
);
pub(super) const LAST_SUCCESS: Metric = Metric(
    "sluse_schedule_last_success_timestamp_seconds",
    Gauge,
    "When a tick of a schedule last did what it was to do, in seconds since 1970. Absent before the first time.",
);
pub(super) const LAST_POLL_FAILED: Metric =
    Metric("sluse_schedule_last_poll_failed", Gauge, "1 when the latest try of a schedule came to nothing.");

pub(super) const COMMIT_SIZE: Metric =
    Metric("sluse_store_commit_writes", Histogram, "How many writes shared a commit.");
pub(super) const COMMIT_DURATION: Metric =
    Metric("sluse_store_commit_duration_seconds", Histogram, "How long it took until a commit was durable.");
