//! What may be applied, and is seldom meant: intervals that nobody uses, and bounds above those of the operator.

use sluse_model::{Connection, Schedule};

use super::{Catalog, Parsed, finding::Finding, intervals};

/// What is seldom meant, in the order of the files.
pub(crate) fn warnings(parsed: &Parsed, catalog: &Catalog<'_>) -> Vec<Finding> {
    let mut warnings = Vec::new();
    for located in &parsed.connections {
        let mut warn = |path: &str, message: String| warnings.push(located.origin.finding(path, message));
        unusual_intervals(&located.value, catalog, &mut warn);
        shortened(&located.value, catalog, &mut warn);
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

/// What is above the operator's bound, and is cut down to it.
fn shortened(connection: &Connection, catalog: &Catalog<'_>, warn: &mut impl FnMut(&str, String)) {
    let most = u64::try_from(catalog.ceiling.max_timeout.as_millis()).unwrap_or(u64::MAX);
    for (name, endpoint) in &connection.endpoints {
        if endpoint.timeout_ms > most.max(sluse_model::Endpoint::DEFAULT_TIMEOUT_MS) {
            let message = format!(
                "the host waits {most} ms at most: set `egress.max_timeout_seconds` in sluse.toml to {} or more, and start the host again",
                endpoint.timeout_ms.div_ceil(1000),
            );
            warn(&format!("endpoints.{name}.timeout_ms"), message);
        }
        if endpoint.max_response_bytes > catalog.ceiling.max_response_bytes {
            let message = format!(
                "the host takes {} bytes at most: set `egress.max_response_bytes` in sluse.toml higher, and start the host again",
                catalog.ceiling.max_response_bytes,
            );
            warn(&format!("endpoints.{name}.max_response_bytes"), message);
        }
    }
}
