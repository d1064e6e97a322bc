//! Retries and gates: a policy that can never succeed is refused before anything is accepted under it.

use sluse_model::{Connection, Description, GateSettings, MAX_COOL_DOWN_MS, RetryPolicy, Waits};

use crate::mapping::did_you_mean;

/// A day: no wait between attempts is longer.
const MAX_WAIT_MS: u64 = 24 * 60 * 60 * 1000;
/// A year: nothing is tried for longer, unless it is tried for ever.
const MAX_AGE_MS: u64 = 365 * MAX_WAIT_MS;
/// Far beyond any use; keeps the table of attempts readable.
const MAX_ATTEMPTS: u32 = 1000;
/// The same, for waits that somebody has written down one by one.
const MAX_DELAYS: usize = 100;
/// Far more than a host has places for.
const MAX_CONCURRENT: u32 = 10_000;
/// A target that takes more than this has no need of a rate.
const MAX_RATE: u32 = 1_000_000;
/// So many failures say nothing that fewer do not.
const MAX_FAILURES: u32 = 1000;

pub(super) fn check(connection: &Connection, refuse: &mut impl FnMut(&str, String)) {
    retry(&connection.retry, "retry", refuse);
    for (name, settings) in &connection.operations {
        if let Some(policy) = &settings.retry {
            retry(policy, &format!("operations.{name}.retry"), refuse);
        }
    }
    gates(&connection.gates, refuse);
}

/// Whether the connector has the operations that are named.
pub(super) fn operations(connection: &Connection, description: &Description, refuse: &mut impl FnMut(&str, String)) {
    let known = || description.operations.iter().map(|operation| operation.name.as_str());
    for name in connection.operations.keys() {
        if !known().any(|operation| operation == name.as_str()) {
            let hint = did_you_mean(name.as_str(), known());
            let message = format!("`{}` has no operation `{name}`{hint}", description.name);
            refuse(&format!("operations.{name}"), message);
        }
    }
}

fn retry(policy: &RetryPolicy, path: &str, refuse: &mut impl FnMut(&str, String)) {
    let mut refuse = |key: &str, message: String| refuse(&format!("{path}.{key}"), message);
    if !(1..=MAX_ATTEMPTS).contains(&policy.max_attempts) {
        let message = format!("a delivery is tried from 1 to {MAX_ATTEMPTS} times, the first time included");
        refuse("max_attempts", message);
    }
    waits(&policy.waits, &mut refuse);
    if policy.floor_ms > MAX_WAIT_MS {
        refuse("floor_ms", format!("a wait is at most a day, {MAX_WAIT_MS} ms"));
    }
    age(policy, &mut refuse);
}

fn waits(waits: &Waits, refuse: &mut impl FnMut(&str, String)) {
    match waits {
        Waits::Doubling { base_ms, cap_ms } => {
            if *cap_ms > MAX_WAIT_MS {
                refuse("cap_ms", format!("a wait is at most a day, {MAX_WAIT_MS} ms"));
            }
            if base_ms > cap_ms {
                refuse("base_ms", format!("the first wait is at most the longest, `cap_ms` ({cap_ms})"));
            }
        }
        Waits::Listed { delays_ms } => {
            if delays_ms.is_empty() {
                refuse("delays_ms", "the list is empty: write at least one wait, or leave it out".to_owned());
            }
            if delays_ms.len() > MAX_DELAYS {
                refuse("delays_ms", format!("there are at most {MAX_DELAYS} waits; the last one is repeated"));
            }
            for (index, _) in delays_ms.iter().enumerate().filter(|(_, delay_ms)| **delay_ms > MAX_WAIT_MS) {
                refuse(&format!("delays_ms[{index}]"), format!("a wait is at most a day, {MAX_WAIT_MS} ms"));
            }
        }
    }
}

/// A delivery that is to be tried again must be young enough after the first wait.
fn age(policy: &RetryPolicy, refuse: &mut impl FnMut(&str, String)) {
    let Some(max_age_ms) = policy.max_age_ms else { return };
    let first_ms = policy.waits.first_ms().max(policy.floor_ms);
    if max_age_ms > MAX_AGE_MS {
        refuse("max_age_ms", format!("it is at most a year, {MAX_AGE_MS} ms; leave it out to try for ever"));
    } else if policy.max_attempts > 1 && max_age_ms <= first_ms {
        let message = format!(
            "nothing would be tried a second time: the first wait may take {first_ms} ms (`base_ms` or `delays_ms`, and `floor_ms`)"
        );
        refuse("max_age_ms", message);
    }
}

fn gates(gates: &GateSettings, refuse: &mut impl FnMut(&str, String)) {
    let mut within = |key: &str, value: u64, most: u64| {
        if value == 0 || value > most {
            refuse(&format!("gates.{key}"), format!("it is from 1 to {most}"));
        }
    };
    within("max_concurrent", gates.max_concurrent.into(), MAX_CONCURRENT.into());
    if let Some(rate) = gates.rate {
        within("rate.attempts", rate.attempts.into(), MAX_RATE.into());
        within("rate.per_ms", rate.per_ms, MAX_WAIT_MS);
    }
    within("breaker.failures", gates.breaker.failures.into(), MAX_FAILURES.into());
    within("breaker.open_ms", gates.breaker.open_ms, MAX_COOL_DOWN_MS);
}
