//! What may be applied, and is seldom meant: intervals that nobody uses, bounds above those of the operator, and answers
//! that nobody waits for.

use serde_json::{Map, Value};
use sluse_model::{Connection, Schedule};

use super::{
    Catalog, Parsed,
    finding::{Finding, Origin},
    intervals,
};
use crate::schema::referred;

/// The mark of a setting that says how long an answer may take, in milliseconds. Its value is the name of the endpoint.
const TIMEOUT_MARK: &str = "x-sluse-timeout";

/// Settings in settings in settings.
const MAX_DEPTH: usize = 4;

/// What is seldom meant, in the order of the files.
pub(crate) fn warnings(parsed: &Parsed, catalog: &Catalog<'_>) -> Vec<Finding> {
    let mut warnings = Vec::new();
    for located in &parsed.connections {
        let mut warn = |path: &str, message: String| warnings.push(located.origin.finding(path, message));
        unusual_intervals(&located.value, catalog, &mut warn);
        shortened(&located.value, &located.origin, catalog, &mut warn);
        given_up(&located.value, catalog, &mut warn);
    }
    warnings
}

fn unusual_intervals(connection: &Connection, catalog: &Catalog<'_>, warn: &mut impl FnMut(&str, String)) {
    let Some(description) = catalog.connectors.get(&connection.connector) else { return };
    for setting in intervals::settings_of(connection, description, |_| true) {
        let Some(seconds) = setting.seconds().filter(|seconds| Schedule::is_unusual(*seconds)) else { continue };
        let message = format!("every {seconds} seconds is unusual: {}", Schedule::USUAL);
        warn(&format!("settings.{}", setting.key), message);
    }
}

/// What somebody wrote that is above the operator's bound, and is cut down to it.
fn shortened(connection: &Connection, origin: &Origin, catalog: &Catalog<'_>, warn: &mut impl FnMut(&str, String)) {
    let most_ms = most_ms(catalog);
    for (name, endpoint) in &connection.endpoints {
        let timeout = format!("endpoints.{name}.timeout_ms");
        if endpoint.timeout_ms > most_ms && origin.has(&timeout) {
            let seconds = endpoint.timeout_ms.div_ceil(1000);
            let message = format!(
                "the host waits {most_ms} ms at most: set `egress.max_timeout_seconds` in sluse.toml to {seconds} or \
                 more, and start the host again"
            );
            warn(&timeout, message);
        }
        let (answer, most_bytes) = (format!("endpoints.{name}.max_response_bytes"), catalog.ceiling.max_response_bytes);
        if endpoint.max_response_bytes > most_bytes && origin.has(&answer) {
            let message = format!(
                "the host takes {most_bytes} bytes at most: set `egress.max_response_bytes` in sluse.toml higher, and \
                 start the host again"
            );
            warn(&answer, message);
        }
    }
}

fn most_ms(catalog: &Catalog<'_>) -> u64 {
    u64::try_from(catalog.ceiling.max_timeout.as_millis()).unwrap_or(u64::MAX)
}

/// Answers that may take longer than their endpoint waits.
fn given_up(connection: &Connection, catalog: &Catalog<'_>, warn: &mut impl FnMut(&str, String)) {
    let Some(description) = catalog.connectors.get(&connection.connector) else { return };
    let schema: Value = serde_json::from_str(&description.settings_schema).unwrap_or_default();
    let mut timeouts = Vec::new();
    collect(&schema, &schema, Some(&connection.settings), "", &mut timeouts);
    for (setting, endpoint, timeout_ms) in timeouts {
        let Some((name, endpoint)) = connection.endpoints.iter().find(|(name, _)| name.as_str() == endpoint) else {
            continue;
        };
        let waits_ms = endpoint.timeout_ms.min(most_ms(catalog));
        if timeout_ms > waits_ms {
            let message = format!(
                "it gives up after {waits_ms} ms, and `settings.{setting}` lets an answer take {timeout_ms} ms: write \
                 `timeout_ms = {timeout_ms}` at the endpoint, and allow as much in `egress.max_timeout_seconds`"
            );
            warn(&format!("endpoints.{name}"), message);
        }
    }
}

/// Each setting that is marked: its path, the endpoint, the milliseconds that hold.
fn collect<'a>(
    root: &'a Value,
    schema: &'a Value,
    settings: Option<&Map<String, Value>>,
    path: &str,
    found: &mut Vec<(String, &'a str, u64)>,
) {
    for (name, property) in referred(root, schema)["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let value = settings.and_then(|settings| settings.get(name));
        match property[TIMEOUT_MARK].as_str() {
            Some(endpoint) => {
                let millis = value.unwrap_or(&property["default"]).as_u64();
                found.extend(millis.map(|millis| (path, endpoint, millis)));
            }
            None if path.matches('.').count() < MAX_DEPTH => {
                collect(root, property, value.and_then(Value::as_object), &path, found);
            }
            None => {}
        }
    }
}
