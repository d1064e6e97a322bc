//! One case against one connector. Ids and times are the same in every run.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use sluse_connector::{Breakage, Call, CallLimits, Connector, Ended};
use sluse_model::{Outcome, Timestamp};

use crate::{
    Case, Difference, Resumption, ScriptedHost, Verdict,
    exchange::Exchange,
    host::Script,
    outcome::{self, SeenEnd},
    schema,
};

const DELIVERY: &str = "del-0198c0de000070008000000000000001";

/// 2026-01-15T08:00:00Z.
const ACCEPTED_AT: Timestamp = Timestamp::from_millis(1_768_464_000_000);

const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(60);

/// Those of an ordinary connection, with more time for a busy machine.
const LIMITS: CallLimits =
    CallLimits { memory_bytes: 64 << 20, cpu: Duration::from_secs(10), wall: Duration::from_secs(60) };

/// Asks `connector` what the case says, plays the script, and compares.
pub async fn run(case: &Case, connector: &dyn Connector) -> Verdict {
    let mut differences = Vec::new();
    if let Some(difference) = unfit(case, connector) {
        differences.push(difference);
    } else {
        let host = ScriptedHost::new(case);
        let ended = ask(case, connector, host.clone()).await;
        let mut script = host.script();
        let lines = script.take_lines();
        compare(case, connector, ended, &script, &lines, &mut differences);
    }
    Verdict { case: case.name.clone(), title: case.title.clone(), differences }
}

/// Why a host would not even begin.
fn unfit(case: &Case, connector: &dyn Connector) -> Option<Difference> {
    let description = connector.description();
    if let Some(misfit) = schema::misfit(&description.settings_schema, &case.settings) {
        return Some(Difference::Schema { what: "settings file", misfit });
    }
    let operation = case.operation.as_deref()?;
    let Some(known) = description.operation(operation) else {
        return Some(Difference::NoSuchOperation { operation: operation.to_owned() });
    };
    let misfit = schema::misfit(&known.input_schema, &case.input)?;
    Some(Difference::Schema { what: "input", misfit })
}

async fn ask(case: &Case, connector: &dyn Connector, host: ScriptedHost) -> Result<SeenEnd, Breakage> {
    let attempts_before = case.attempt.saturating_sub(1);
    let call = Call {
        delivery: DELIVERY.to_owned(),
        attempt: case.attempt,
        accepted_at: ACCEPTED_AT,
        attempt_at: ACCEPTED_AT.plus(BETWEEN_ATTEMPTS * attempts_before),
        settings: Arc::from(case.settings.to_string()),
    };
    let host = Box::new(host);
    let input = case.input.to_string();
    match (&case.operation, &case.resumption) {
        (Some(operation), None) => seen(connector.execute(call, operation, &input, LIMITS, host).await),
        (Some(operation), Some(Resumption { state, arrival })) => {
            seen(connector.resume(call, operation, &input, state, arrival.clone(), LIMITS, host).await)
        }
        (None, _) => Ok(connector.check(call, LIMITS, host).await?.map_or_else(SeenEnd::Failed, SeenEnd::Findings)),
    }
}

fn seen(ended: Ended<Outcome>) -> Result<SeenEnd, Breakage> {
    Ok(match ended? {
        // What is no JSON is a difference that one sees, as a text.
        Ok(Outcome::Done { output }) => SeenEnd::Done(serde_json::from_str(&output).unwrap_or(Value::String(output))),
        Ok(Outcome::Waiting { state }) => SeenEnd::Waiting(state),
        Err(failure) => SeenEnd::Failed(failure),
    })
}

fn compare(
    case: &Case,
    connector: &dyn Connector,
    ended: Result<SeenEnd, Breakage>,
    script: &Script,
    lines: &[String],
    differences: &mut Vec<Difference>,
) {
    // What follows a wrong request is its consequence and would only hide it.
    if let Some(difference) = &script.difference {
        differences.push(difference.clone());
        return;
    }
    let end = match ended {
        Ok(end) => end,
        Err(breakage) => {
            differences.push(Difference::Broke { message: breakage.message });
            return;
        }
    };
    let (wanted, seen) = outcome::views(&case.outcome.end, &end);
    if wanted != seen {
        differences.push(Difference::outcome(&wanted, &seen));
    }
    if !script.left_over().is_empty() {
        differences.push(Difference::LeftOver { requests: script.left_over().iter().map(first_line).collect() });
    }
    if !script.unopened().is_empty() {
        differences.push(Difference::Unopened { urls: script.unopened() });
    }
    differences.extend(output_misfit(case, connector, &end));
    differences.extend(not_logged(case, lines));
    differences.extend(said(case, script, lines, &end));
}

fn first_line(exchange: &Exchange) -> String {
    format!("{} {}", exchange.expect.method, exchange.expect.path)
}

fn output_misfit(case: &Case, connector: &dyn Connector, end: &SeenEnd) -> Option<Difference> {
    let SeenEnd::Done(output) = end else { return None };
    let operation = connector.description().operation(case.operation.as_deref()?)?;
    let misfit = schema::misfit(&operation.output_schema, output)?;
    Some(Difference::Schema { what: "output", misfit })
}

fn not_logged(case: &Case, lines: &[String]) -> Vec<Difference> {
    let missing = |line: &&String| !lines.iter().any(|seen| seen.contains(line.as_str()));
    let difference = |line: &String| Difference::NotLogged { line: line.clone(), lines: lines.to_owned() };
    case.outcome.log.iter().filter(missing).map(difference).collect()
}

fn said(case: &Case, script: &Script, lines: &[String], end: &SeenEnd) -> Vec<Difference> {
    let places = [("outcome", end.text()), ("log", lines.join("\n")), ("intent keys", script.intent_keys.join("\n"))];
    let find = |text: &String| {
        let (place, _) = places.iter().find(|(_, said)| said.contains(text.as_str()))?;
        Some(Difference::Said { text: text.clone(), place })
    };
    case.outcome.never.iter().filter_map(find).collect()
}
