//! One case against one connector. Ids and times are the same in every run.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use sluse_connector::{Breakage, Call, CallLimits, Connector, Ended, FeedItem};
use sluse_model::{Outcome, Timestamp};

use crate::{
    Asked, Case, Difference, ExpectedEnd, Resumption, ScriptedHost, Verdict,
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
    match &case.asked {
        Asked::Check => None,
        Asked::Operation { name, input, .. } => {
            let Some(known) = description.operation(name) else {
                return Some(Difference::NotDescribed { what: "operation", name: name.clone() });
            };
            let misfit = schema::misfit(&known.input_schema, input)?;
            Some(Difference::Schema { what: "input", misfit })
        }
        Asked::Poll { feed, .. } | Asked::Settle { feed, .. } => {
            let is_described = description.feeds.iter().any(|known| known.name == *feed);
            (!is_described).then(|| Difference::NotDescribed { what: "feed", name: feed.clone() })
        }
    }
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
    match &case.asked {
        Asked::Check => Ok(connector.check(call, LIMITS, host).await?.map_or_else(SeenEnd::Failed, SeenEnd::Findings)),
        Asked::Operation { name, input, resumption: None } => {
            seen(connector.execute(call, name, &input.to_string(), LIMITS, host).await)
        }
        Asked::Operation { name, input, resumption: Some(Resumption { state, arrival }) } => {
            let (input, arrival) = (input.to_string(), arrival.clone());
            seen(connector.resume(call, name, &input, state, arrival, LIMITS, host).await)
        }
        Asked::Poll { feed, cursor } => {
            let page = connector.poll(call, feed, cursor.as_deref(), LIMITS, host).await?;
            Ok(page.map_or_else(SeenEnd::Failed, SeenEnd::Page))
        }
        Asked::Settle { feed, group, report } => {
            let settled = connector.settle(call, feed, group, report.clone(), LIMITS, host).await?;
            Ok(settled.map_or_else(SeenEnd::Failed, |()| SeenEnd::Settled))
        }
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
    if !script.not_asked().is_empty() {
        differences.push(Difference::NotAsked { granted: script.not_asked() });
    }
    differences.extend(misfits(case, connector, &end));
    differences.extend(not_logged(case, lines));
    differences.extend(said(case, script, lines, &end));
}

fn first_line(exchange: &Exchange) -> String {
    format!("{} {}", exchange.expect.method, exchange.expect.path)
}

fn misfits(case: &Case, connector: &dyn Connector, end: &SeenEnd) -> Vec<Difference> {
    let description = connector.description();
    match (&case.asked, end) {
        (Asked::Operation { name, .. }, SeenEnd::Done(output)) => {
            let operation = description.operation(name);
            let misfit = operation.and_then(|operation| schema::misfit(&operation.output_schema, output));
            misfit.map(|misfit| Difference::Schema { what: "output", misfit }).into_iter().collect()
        }
        (Asked::Poll { feed, .. }, SeenEnd::Page(page)) => {
            let Some(feed) = description.feeds.iter().find(|known| known.name == *feed) else { return Vec::new() };
            let misfit = |item: &FeedItem| {
                // What is no JSON differs already.
                let input = serde_json::from_str(&item.input).ok()?;
                let misfit = match (schema::misfit(&feed.item_schema, &input), is_to_fit(&case.outcome.end, &item.key))
                {
                    (Some(misfit), true) => misfit,
                    (None, false) => "it fits, and was not to".to_owned(),
                    _ => return None,
                };
                Some(Difference::Schema { what: "item", misfit: format!("`{}`: {misfit}", item.key) })
            };
            page.items.iter().filter_map(misfit).collect()
        }
        _ => Vec::new(),
    }
}

fn is_to_fit(expected: &ExpectedEnd, key: &str) -> bool {
    let ExpectedEnd::Page(page) = expected else { return true };
    page.items.iter().find(|item| item.key == key).is_none_or(|item| item.fits)
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
