//! A run as people see it: what happened, when, and the link parameters that came of it.

use serde_json::Value;

use crate::output::say;

/// One thing that happened.
struct Event {
    at: String,
    text: String,
}

/// Prints what happened since it was last asked; remembers what it has printed.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    printed: usize,
}

impl Timeline {
    /// Prints what is new in a run.
    pub(crate) fn print(&mut self, run: &Value) {
        let events = events(run);
        for event in events.iter().skip(self.printed) {
            say(&format!("{}  {}", clock_time(&event.at), event.text));
        }
        self.printed = self.printed.max(events.len());
    }
}

/// The time of day, to the millisecond; the date is in the heading.
fn clock_time(at: &str) -> &str {
    at.get(11..23).unwrap_or(at)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn events(run: &Value) -> Vec<Event> {
    let accepted = Event {
        at: text(run, "accepted_at").into(),
        text: format!("accepted  {} of flow {}", text(run, "id"), text(run, "flow")),
    };
    let mut events = vec![accepted];
    for delivery in list(run, "deliveries") {
        events.extend(of_delivery(delivery));
    }
    if let Some(closed_at) = run.get("closed_at").and_then(Value::as_str) {
        events.push(Event { at: closed_at.into(), text: format!("run {}", text(run, "state")) });
    }
    events
}

fn of_delivery(delivery: &Value) -> Vec<Event> {
    let step = text(delivery, "step");
    let mut events = Vec::new();
    for attempt in list(delivery, "attempts") {
        let Some(result) = attempt.get("result").filter(|result| !result.is_null()) else { continue };
        let number = &attempt["number"];
        for line in list(delivery, "timeline").iter().filter(|line| line["attempt"] == *number) {
            events.push(Event { at: text(line, "at").into(), text: format!("  {step}: {}", text(line, "message")) });
        }
        let revision = text(attempt, "revision").get(..12).unwrap_or("");
        let problem = result.get("problem").filter(|problem| !problem.is_null());
        let why = problem.map(|problem| format!(": {} [{}]", text(problem, "message"), text(problem, "code")));
        events.push(Event {
            at: text(result, "ended_at").into(),
            text: format!(
                "{step}: attempt {number} {}{} (revision {revision})",
                text(result, "kind"),
                why.unwrap_or_default()
            ),
        });
    }
    let at = text(delivery, "changed_at").to_owned();
    match text(delivery, "state") {
        "closed" => events.extend(links(delivery).map(|link| Event { at: at.clone(), text: format!("  → {link}") })),
        "retrying" => events.push(Event { at, text: format!("{step}: next attempt at {}", text(delivery, "due")) }),
        "attention" => events
            .push(Event { at, text: format!("{step}: waits for a person, because: {}", text(delivery, "reason")) }),
        _ => {}
    }
    events
}

/// The outputs of a step, which later steps and people refer to by name.
fn links(delivery: &Value) -> impl Iterator<Item = String> + '_ {
    let step = text(delivery, "step");
    let output = delivery.get("output").and_then(Value::as_object);
    output
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()))
        .map(move |(name, value)| match value {
            Value::String(text) => format!("{step}.{name} = {text}"),
            other => format!("{step}.{name} = {other}"),
        })
}
