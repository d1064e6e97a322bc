//! A run as people see it: what happened, when, and the link parameters that came of it.

use std::collections::HashMap;

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
    /// How often each event was printed. Not only how many there were: that an attempt is due is over once it has begun.
    printed: HashMap<String, usize>,
}

impl Timeline {
    /// Prints what is new in a run.
    pub(crate) fn print(&mut self, run: &Value) {
        self.news(run).iter().for_each(|line| say(line));
    }

    fn news(&mut self, run: &Value) -> Vec<String> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut news = Vec::new();
        for event in events(run) {
            let identity = format!("{} {}", event.at, event.text);
            let times = seen.entry(identity.clone()).or_default();
            *times += 1;
            let printed = self.printed.entry(identity).or_default();
            if *times > *printed {
                *printed = *times;
                news.push(format!("{}  {}", event.at, event.text));
            }
        }
        news
    }
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
    // By step: each place is of one that was skipped, or of the next delivery.
    let (mut skipped, mut place) = (list(run, "skipped").iter().peekable(), 0);
    for delivery in list(run, "deliveries") {
        while let Some(step) = skipped.next_if(|step| step["step_index"] == place) {
            events.push(of_skipped(step));
            place += 1;
        }
        events.extend(of_delivery(delivery));
        place += 1;
    }
    events.extend(skipped.map(of_skipped));
    if let Some(closed_at) = run.get("closed_at").and_then(Value::as_str) {
        let other = run.get("handled_by").and_then(Value::as_str);
        let other = other.map(|other| format!("; {other} stands for it")).unwrap_or_default();
        events.push(Event { at: closed_at.into(), text: format!("run {}{other}", text(run, "state")) });
    }
    events
}

fn of_skipped(step: &Value) -> Event {
    let text_of = format!("{}: skipped: when {} is false", text(step, "step"), text(step, "when"));
    Event { at: text(step, "at").into(), text: text_of }
}

fn of_delivery(delivery: &Value) -> Vec<Event> {
    let step = text(delivery, "step");
    let mut events = Vec::new();
    for (place, attempt) in list(delivery, "attempts").iter().enumerate() {
        let Some(result) = attempt.get("result").filter(|result| !result.is_null()) else { continue };
        let number = &attempt["number"];
        for line in lines_of(delivery, place) {
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
        "waiting" => {
            events.push(Event { at, text: format!("{step}: waits for an answer until {}", text(delivery, "until")) })
        }
        "attention" => events.extend(of_attention(delivery, at)),
        _ => {}
    }
    events
}

/// Why it waits, and what to type. What an attempt met stands there already; where there was none, nobody has said it.
fn of_attention(delivery: &Value, at: String) -> Vec<Event> {
    let (step, see) = (text(delivery, "step"), format!("see `sluse delivery show {}`", text(delivery, "id")));
    let detail = delivery["problem"]["detail"].as_str().filter(|_| list(delivery, "attempts").is_empty());
    let detail = detail.map(|detail| Event { at: at.clone(), text: format!("  {step}: {detail}") });
    let waits = format!("{step}: waits for a person, because: {}: {see}", text(delivery, "reason"));
    detail.into_iter().chain([Event { at, text: waits }]).collect()
}

/// The lines of the timeline that belong to the attempt in this place. What goes on after a wait has the number of what
/// began to wait; times, as texts of one length, tell them apart.
pub(crate) fn lines_of(delivery: &Value, place: usize) -> impl Iterator<Item = &Value> {
    let attempts = list(delivery, "attempts");
    let belongs = move |line: &&Value| {
        let mut of_its_number = attempts.iter().enumerate().filter(|(_, attempt)| attempt["number"] == line["attempt"]);
        let begun = of_its_number.clone().rfind(|(_, attempt)| text(attempt, "began_at") <= text(line, "at"));
        begun.or_else(|| of_its_number.next()).is_some_and(|(found, _)| found == place)
    };
    list(delivery, "timeline").iter().filter(belongs)
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn attempt(number: u32, kind: &str) -> Value {
        let problem = (kind != "done").then(|| json!({"code": "busy", "message": "Busy."}));
        let result = json!({"ended_at": format!("2026-01-01T00:00:0{number}.000Z"), "kind": kind, "problem": problem});
        json!({"number": number, "revision": "0123456789abcdef", "result": result})
    }

    fn run(state: &str, delivery: Value) -> Value {
        json!({"id": "run-1", "flow": "permit", "accepted_at": "2026-01-01T00:00:00.000Z", "state": state,
            "closed_at": (state != "running").then_some("2026-01-01T00:00:09.000Z"), "deliveries": [delivery]})
    }

    #[test]
    fn what_goes_on_after_a_wait_has_lines_of_its_own() {
        let attempt = |began_at: &str| json!({"number": 1, "began_at": began_at});
        let line = |at: &str| json!({"attempt": 1, "at": at});
        let delivery = json!({"attempts": [attempt("2"), attempt("5")], "timeline": [line("1"), line("3"), line("5")]});
        let at = |place| lines_of(&delivery, place).map(|line| text(line, "at")).collect::<Vec<_>>();
        assert_eq!((at(0), at(1)), (vec!["1", "3"], vec!["5"]));
    }

    #[test]
    fn a_step_that_was_skipped_stands_in_its_place() {
        let skipped =
            json!({"step_index": 1, "step": "pay", "when": "{{ submission.pays }}", "at": "2026-01-01T00:00:01.000Z"});
        let step =
            |step: &str| json!({"step": step, "state": "closed", "changed_at": "", "attempts": [attempt(1, "done")]});
        let mut run = run("succeeded", step("open"));
        run["deliveries"].as_array_mut().expect("a list").push(step("tell"));
        run["skipped"] = json!([skipped]);
        let told = Timeline::default().news(&run);
        assert!(told[1].contains("open: attempt") && told[3].contains("tell: attempt"), "{told:?}");
        assert_eq!(told[2], "2026-01-01T00:00:01.000Z  pay: skipped: when {{ submission.pays }} is false");
    }

    #[test]
    fn what_could_not_be_computed_is_told_before_any_attempt() {
        let delivery = json!({"id": "del-1", "step": "pay", "state": "attention", "reason": "mapping-failed",
            "changed_at": "2026-01-01T00:00:01.000Z", "attempts": [], "problem": {"detail": "item 1 has no `kommune`"}});
        let told = Timeline::default().news(&run("attention", delivery));
        assert!(told[1].ends_with("pay: item 1 has no `kommune`"), "{told:?}");
        assert!(told[2].ends_with("because: mapping-failed: see `sluse delivery show del-1`"), "{told:?}");
    }

    #[test]
    fn nothing_is_lost_after_a_retry_and_nothing_is_said_twice() {
        let mut timeline = Timeline::default();
        let retrying = json!({"step": "open", "state": "retrying", "changed_at": "2026-01-01T00:00:01.000Z",
            "due": "2026-01-01T00:00:02.000Z", "attempts": [attempt(1, "unavailable")]});
        let first = timeline.news(&run("running", retrying.clone()));
        assert_eq!(first.len(), 3, "{first:?}");
        assert!(first[0].starts_with("2026-01-01T00:00:00.000Z  accepted"), "{first:?}");
        assert!(first[2].contains("next attempt at"), "{first:?}");
        assert_eq!(timeline.news(&run("running", retrying)), Vec::<String>::new());
        // The announcement is gone, and two things have happened.
        let closed = json!({"step": "open", "state": "closed", "changed_at": "2026-01-01T00:00:02.000Z",
            "attempts": [attempt(1, "unavailable"), attempt(2, "done")]});
        let then = timeline.news(&run("succeeded", closed));
        assert_eq!(then.len(), 2, "{then:?}");
        assert!(then[0].contains("attempt 2 done") && then[1].contains("run succeeded"), "{then:?}");
    }
}
