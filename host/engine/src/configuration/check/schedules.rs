//! Schedules: a time that comes, a feed that is there, a submission that fits.

use sluse_model::{CALL_FLOW, Flow, Name, Overlap, SETTLE_FLOW, Schedule, Task, zone_names};

use super::{Catalog, connection, shapes::pointer_to_path};
use crate::{
    configuration::{Located, Parsed, finding::Finding, intervals},
    mapping::did_you_mean,
    schema::Schema,
};

/// A year: what was missed longer ago, nobody waits for.
const MAX_CATCH_UP_MS: u64 = 366 * 24 * 60 * 60 * 1000;

pub(super) fn check(located: &Located<Schedule>, parsed: &Parsed, catalog: &Catalog<'_>, findings: &mut Vec<Finding>) {
    let schedule = &located.value;
    let mut refuse = |path: &str, message: String| findings.push(located.origin.finding(path, message));
    let calendar = if located.is_without_interval() { None } else { schedule.cadence.calendar().err() };
    if let Some(fault) = calendar {
        let hint = match &schedule.cadence {
            sluse_model::Cadence::Cron { zone, .. } if fault.key == "zone" => {
                let names = zone_names();
                did_you_mean(zone, names.iter().map(String::as_str))
            }
            _ => String::new(),
        };
        refuse(fault.key, format!("{}{hint}", fault.message));
    }
    if schedule.catch_up_ms > MAX_CATCH_UP_MS {
        refuse("catch_up", "it is at most 366 days (`8784h`)".to_owned());
    }
    let flow = flow(&schedule.flow, parsed, catalog, &mut refuse);
    match &schedule.task {
        Task::Poll { connection, feed } => polled(located, (connection, feed), parsed, catalog, &mut refuse),
        Task::Submit { submission } => {
            if flow.is_some_and(|flow| flow.min_attachments > 0) {
                refuse(
                    "flow",
                    format!("flow `{}` needs files (`min_attachments`), and a schedule has none", schedule.flow),
                );
            }
            let schema = flow.and_then(|flow| Schema::compile_value(&flow.schema).ok());
            for violation in schema.and_then(|schema| schema.check(submission).err()).unwrap_or_default() {
                let path = pointer_to_path("submission", &violation.path);
                refuse(&path, format!("flow `{}` expects {}", schedule.flow, violation.expected));
            }
        }
    }
}

/// No flow is called as the host's own.
pub(super) fn reserved(located: &Located<Flow>, findings: &mut Vec<Finding>) {
    let what = match located.value.name.as_str() {
        SETTLE_FLOW => "tells sources what became of their items",
        CALL_FLOW => "does single operations for those who wait for them",
        _ => return,
    };
    let message = format!("`{}` is the host's own flow, which {what}: choose another name", located.value.name);
    findings.push(located.origin.finding("name", message));
}

fn flow<'c>(
    name: &Name,
    parsed: &'c Parsed,
    catalog: &'c Catalog<'_>,
    refuse: &mut impl FnMut(&str, String),
) -> Option<&'c Flow> {
    let found = parsed.flows().find(|flow| flow.name == *name).or_else(|| catalog.flows.get(name));
    if found.is_none() {
        let known = parsed.flows().map(|flow| &flow.name).chain(catalog.flows.keys());
        let hint = did_you_mean(name.as_str(), known.map(Name::as_str));
        let message = format!("there is no flow `{name}`{hint}: apply its file, before or together with this one");
        refuse("flow", message);
    }
    found
}

fn polled(
    located: &Located<Schedule>,
    (name, feed): (&Name, &Name),
    parsed: &Parsed,
    catalog: &Catalog<'_>,
    refuse: &mut impl FnMut(&str, String),
) {
    if located.value.overlap == Overlap::Allow {
        refuse("overlap", "a connection is polled once at a time: use `skip` or `wait`".to_owned());
    }
    let Some(connection) = connection(name, parsed, catalog) else {
        let known = parsed.connections().map(|connection| &connection.name).chain(catalog.connections.keys());
        let hint = did_you_mean(name.as_str(), known.map(Name::as_str));
        let message =
            format!("there is no connection `{name}`{hint}: apply its file, before or together with this one");
        return refuse("connection", message);
    };
    // A missing connector is told where the connection stands.
    let Some(description) = catalog.connectors.get(&connection.connector) else { return };
    let known = || description.feeds.iter().map(|feed| feed.name.as_str());
    if !known().any(|known| known == feed.as_str()) {
        let hint = did_you_mean(feed.as_str(), known());
        let there_are = known().collect::<Vec<_>>().join(", ");
        let there_are = if there_are.is_empty() { "none".to_owned() } else { there_are };
        return refuse("feed", format!("`{}` has no feed `{feed}`{hint}: there are {there_are}", description.name));
    }
    // A setting that is no interval is told where the connection stands.
    let is_set = !intervals::settings_of(connection, description, |marked| marked == feed.as_str()).is_empty();
    if located.is_without_interval() && !is_set {
        refuse("every", "`every` is missing, and the connector does not say how often this feed is asked".to_owned());
    }
}
