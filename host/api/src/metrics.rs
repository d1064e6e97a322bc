//! `GET /metrics`: how the host does, as Prometheus reads it. What is counted where is the engine's business.

mod names; // what the metrics are called
mod text; // how they are written

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use http::Method;
use serde_json::json;
use sluse_engine::Figures;
use sluse_model::{Scope, Timestamp, Wellbeing};

use self::{
    names::{CONNECTION, FLOW, OPERATION, OUTCOME, SCHEDULE, VERSION},
    text::{MEDIA_TYPE, Text},
};
use crate::{Api, ApiError, Route, openapi::Operation};

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::new(Method::GET, "/metrics", &[Scope::Monitor], get(metrics), describe)]
}

async fn metrics(State(api): State<Arc<Api>>) -> Result<Response, ApiError> {
    let text = written(&api.engine.figures().await?, api.version);
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response())
}

fn describe() -> Operation {
    let about = "Its labels are names that people have chosen and outcomes of which there are few, and never ids. What is \
                 counted is counted since the host was started.";
    let answer =
        json!({"description": "The metrics, in Prometheus' text format 0.0.4.", "content": {(MEDIA_TYPE): {}}});
    Operation::new("read-metrics", "How the host does, for Prometheus", about).answer(StatusCode::OK, answer)
}

fn written(figures: &Figures, version: &str) -> String {
    let mut text = Text::default();
    text.metric(names::BUILD_INFO).count(&[(VERSION, version)], 1);
    text.metric(names::PROCESS_START).value(&[], seconds(figures.started_at));
    deliveries(&mut text, figures);
    exchanges(&mut text, figures);
    waiting(&mut text, figures);
    schedules(&mut text, figures);
    text.metric(names::COMMIT_SIZE).histogram(&[], &figures.commits.sizes);
    text.metric(names::COMMIT_DURATION).histogram(&[], &figures.commits.seconds);
    text.into_string()
}

fn seconds(at: Timestamp) -> f64 {
    at.as_millis() as f64 / 1000.0
}

fn deliveries(text: &mut Text, figures: &Figures) {
    let counts = &figures.counts;
    let mut runs = text.metric(names::RUNS_ACCEPTED);
    for (flow, count) in &counts.runs {
        runs.count(&[(FLOW, flow.as_str())], *count);
    }
    let mut accepted = text.metric(names::DELIVERIES_ACCEPTED);
    for (connection, counts) in &counts.connections {
        accepted.count(&[(CONNECTION, connection.as_str())], counts.accepted);
    }
    let mut settled = text.metric(names::DELIVERIES_SETTLED);
    for (connection, counts) in &counts.connections {
        let counts = counts.settled;
        let by_outcome = [("succeeded", counts.succeeded), ("failed", counts.failed), ("attention", counts.attention)];
        for (outcome, count) in by_outcome {
            settled.count(&[(CONNECTION, connection.as_str()), (OUTCOME, outcome)], count);
        }
    }
    let mut durations = text.metric(names::ATTEMPT_DURATION);
    for (connection, counts) in &counts.connections {
        for (operation, histogram) in &counts.durations {
            durations.histogram(&[(CONNECTION, connection.as_str()), (OPERATION, operation.as_str())], histogram);
        }
    }
}

fn exchanges(text: &mut Text, figures: &Figures) {
    let connections = &figures.counts.connections;
    let mut attempts = text.metric(names::ATTEMPTS);
    for (connection, counts) in connections {
        for (outcome, count) in &counts.attempts {
            attempts.count(&[(CONNECTION, connection.as_str()), (OUTCOME, outcome)], *count);
        }
    }
    let mut exchanges = text.metric(names::EXCHANGES);
    for (connection, counts) in connections {
        for (outcome, count) in &counts.exchanges {
            exchanges.count(&[(CONNECTION, connection.as_str()), (OUTCOME, outcome)], *count);
        }
    }
}

fn waiting(text: &mut Text, figures: &Figures) {
    text.metric(names::IN_FLIGHT).count(&[], figures.in_flight.into());
    let mut due = text.metric(names::DUE);
    for backlog in &figures.backlogs {
        due.count(&[(CONNECTION, backlog.connection.as_str())], backlog.due);
    }
    let mut oldest = text.metric(names::OLDEST_DUE);
    for backlog in &figures.backlogs {
        let waited = backlog.oldest_due.map_or(0.0, |due| figures.now.since(due).as_secs_f64());
        oldest.value(&[(CONNECTION, backlog.connection.as_str())], waited);
    }
    let mut attention = text.metric(names::ATTENTION);
    for backlog in &figures.backlogs {
        attention.count(&[(CONNECTION, backlog.connection.as_str())], backlog.attention);
    }
    let mut paused = text.metric(names::PAUSED);
    for gate in &figures.gates {
        paused.flag(&[(CONNECTION, gate.connection.as_str())], gate.is_paused);
    }
    let mut breaker = text.metric(names::BREAKER_OPEN);
    for gate in &figures.gates {
        breaker.flag(&[(CONNECTION, gate.connection.as_str())], gate.is_left_alone);
    }
}

fn schedules(text: &mut Text, figures: &Figures) {
    let mut polls = text.metric(names::POLLS);
    for (schedule, counts) in &figures.counts.polls {
        for (outcome, count) in [("done", counts.done), ("retrying", counts.retrying), ("failed", counts.failed)] {
            polls.count(&[(SCHEDULE, schedule.as_str()), (OUTCOME, outcome)], count);
        }
    }
    let mut well = text.metric(names::SCHEDULE_WELL);
    for one in figures.schedules.iter().filter(|one| one.wellbeing != Wellbeing::Off) {
        well.flag(&[(SCHEDULE, one.stored.schedule.name.as_str())], !one.wellbeing.is_ill());
    }
    let mut succeeded = text.metric(names::LAST_SUCCESS);
    for one in &figures.schedules {
        if let Some(at) = one.stored.past.succeeded_at {
            succeeded.value(&[(SCHEDULE, one.stored.schedule.name.as_str())], seconds(at));
        }
    }
    let mut failed = text.metric(names::LAST_POLL_FAILED);
    for one in &figures.schedules {
        failed.flag(&[(SCHEDULE, one.stored.schedule.name.as_str())], one.stored.past.in_a_row.is_some());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sluse_engine::{ConnectionCounts, Counts, DURATION_SECONDS, GateFigures, PollCounts, SettledCounts};
    use sluse_model::Histogram;
    use sluse_store::{Backlog, Commits};

    use super::*;
    use crate::openapi::samples;

    fn figures() -> Figures {
        let mut histogram = Histogram::new(DURATION_SECONDS);
        histogram.observe(0.02);
        let connection = ConnectionCounts {
            accepted: 5,
            settled: SettledCounts { succeeded: 3, failed: 1, attention: 1 },
            attempts: [("done", 3)].into(),
            durations: [(samples::name(), histogram)].into(),
            exchanges: [("2xx", 4), ("unreachable", 1)].into(),
        };
        let polls = PollCounts { done: 2, retrying: 1, failed: 0 };
        let now = samples::moment();
        Figures {
            started_at: now,
            now,
            counts: Counts {
                connections: [(samples::name(), connection)].into(),
                runs: [(samples::name(), 4)].into(),
                polls: [(samples::name(), polls)].into(),
            },
            in_flight: 7,
            commits: Commits::default(),
            backlogs: vec![Backlog {
                connection: samples::name(),
                due: 2,
                oldest_due: Some(now.minus(std::time::Duration::from_millis(1500))),
                attention: 1,
            }],
            gates: vec![GateFigures { connection: samples::name(), is_paused: false, is_left_alone: true }],
            schedules: samples::schedules(),
        }
    }

    #[test]
    fn everything_is_told_under_its_name() {
        let text = written(&figures(), "0.1.0");
        let name = samples::name();
        for expected in [
            "sluse_build_info{version=\"0.1.0\"} 1".to_owned(),
            format!("sluse_deliveries_settled_total{{connection=\"{name}\",outcome=\"succeeded\"}} 3"),
            format!("sluse_egress_exchanges_total{{connection=\"{name}\",outcome=\"unreachable\"}} 1"),
            format!("sluse_deliveries_oldest_due_seconds{{connection=\"{name}\"}} 1.5"),
            format!("sluse_breaker_open{{connection=\"{name}\"}} 1"),
            format!("sluse_schedule_well{{schedule=\"{name}\"}} 0"),
            "sluse_attempts_in_flight 7".to_owned(),
        ] {
            assert!(text.lines().any(|line| line == expected), "`{expected}` is missing in:\n{text}");
        }
    }

    /// Whoever adds a label thinks of how many there can be.
    #[test]
    fn labels_are_few_and_metrics_are_named_by_convention() {
        let text = written(&figures(), "0.1.0");
        let known: BTreeSet<_> = [CONNECTION, FLOW, OPERATION, OUTCOME, SCHEDULE, VERSION, "le"].into();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let labels =
                line.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or("", |(labels, _)| labels);
            for label in labels.split(',').filter_map(|label| label.split_once('=')) {
                assert!(known.contains(label.0), "{line}");
            }
        }
        let types: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
        assert!(types.len() > 15);
        assert_eq!(types.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>().len(), types.len());
        for (name, kind) in types {
            assert_eq!(name.ends_with("_total"), kind == "counter", "{name} {kind}");
        }
    }
}
