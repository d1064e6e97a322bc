//! When to try again, how much at once and how fast: `retry`, `gates` and `operations` of a `[[connection]]`.

use std::{collections::BTreeMap, str::FromStr};

use sluse_model::{BreakerSettings, GateSettings, Handling, Name, OperationSettings, Rate, RetryPolicy, Waits};

use super::{
    connections::section,
    document::{Content, Node},
    reader::Reader,
};
use crate::mapping::{did_you_mean, push_key};

/// `[connection.retry]`. What it leaves open is as in `otherwise`. `None` when there is none.
pub(super) fn retry(reader: &mut Reader<'_, '_>, otherwise: &RetryPolicy) -> Option<RetryPolicy> {
    let mut reader = section(reader, "retry")?;
    let policy = RetryPolicy {
        max_attempts: small(reader.number("max_attempts")).unwrap_or(otherwise.max_attempts),
        max_age_ms: reader.number("max_age_ms").or(otherwise.max_age_ms),
        waits: waits(&mut reader, &otherwise.waits),
        floor_ms: reader.number("floor_ms").unwrap_or(otherwise.floor_ms),
        when_exhausted: handling(&mut reader, "when_exhausted").unwrap_or(otherwise.when_exhausted),
        when_failed: handling(&mut reader, "when_failed").unwrap_or(otherwise.when_failed),
    };
    reader.finish();
    Some(policy)
}

/// Bounds that double, or a list: one of them.
fn waits(reader: &mut Reader<'_, '_>, otherwise: &Waits) -> Waits {
    let (base_ms, cap_ms) = (reader.number("base_ms"), reader.number("cap_ms"));
    if let Some(node) = reader.get("delays_ms") {
        if base_ms.is_some() || cap_ms.is_some() {
            let message = "waits are a list or they double: leave out `delays_ms`, or `base_ms` and `cap_ms`";
            reader.refuse("delays_ms", message);
        }
        return Waits::Listed { delays_ms: delays(reader, node) };
    }
    match (otherwise, base_ms, cap_ms) {
        (Waits::Listed { .. }, None, None) => otherwise.clone(),
        _ => {
            let (usual_base_ms, usual_cap_ms) = match (otherwise, RetryPolicy::default().waits) {
                (Waits::Doubling { base_ms, cap_ms }, _) => (*base_ms, *cap_ms),
                (_, Waits::Doubling { base_ms, cap_ms }) => (base_ms, cap_ms),
                (Waits::Listed { .. }, Waits::Listed { .. }) => (0, 0),
            };
            Waits::Doubling { base_ms: base_ms.unwrap_or(usual_base_ms), cap_ms: cap_ms.unwrap_or(usual_cap_ms) }
        }
    }
}

fn delays(reader: &mut Reader<'_, '_>, node: &Node) -> Vec<u64> {
    let Content::List(items) = &node.value else {
        reader.refuse("delays_ms", "a list of waits is needed here: `[1000, 5000, 60000]`");
        return vec![0];
    };
    let mut delays = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        match item.value {
            Content::Integer(delay_ms) if delay_ms >= 0 => delays.push(delay_ms.unsigned_abs()),
            _ => reader.refuse_at(&format!("delays_ms[{index}]"), "a wait is a whole number of at least 0"),
        }
    }
    delays
}

fn handling(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<Handling> {
    let text = reader.optional_text(key)?;
    let known = Handling::ALL.into_iter().find(|handling| handling.as_str() == text);
    if known.is_none() {
        let names = Handling::ALL.map(Handling::as_str);
        let hint = did_you_mean(text, names);
        reader.refuse(key, format!("`{text}` is no way of handling it{hint}: there are {}", names.join(", ")));
    }
    known
}

/// `[connection.gates]`.
pub(super) fn gates(reader: &mut Reader<'_, '_>) -> GateSettings {
    let defaults = GateSettings::default();
    let Some(mut reader) = section(reader, "gates") else { return defaults };
    let max_concurrent = small(reader.number("max_concurrent")).unwrap_or(defaults.max_concurrent);
    let rate = rate(&mut reader);
    let breaker = breaker(&mut reader);
    reader.finish();
    GateSettings { max_concurrent, rate, breaker }
}

fn rate(reader: &mut Reader<'_, '_>) -> Option<Rate> {
    let mut reader = section(reader, "rate")?;
    let (attempts, per_ms) = (small(reader.number("attempts")), reader.number("per_ms"));
    for (key, is_missing) in [("attempts", attempts.is_none()), ("per_ms", per_ms.is_none())] {
        if is_missing {
            reader.missing(key);
        }
    }
    reader.finish();
    Some(Rate { attempts: attempts?, per_ms: per_ms? })
}

fn breaker(reader: &mut Reader<'_, '_>) -> BreakerSettings {
    let defaults = BreakerSettings::default();
    let Some(mut reader) = section(reader, "breaker") else { return defaults };
    let settings = BreakerSettings {
        failures: small(reader.number("failures")).unwrap_or(defaults.failures),
        open_ms: reader.number("open_ms").unwrap_or(defaults.open_ms),
    };
    reader.finish();
    settings
}

/// `[connection.operations.NAME]`. What their policies leave open is as in the connection's own.
pub(super) fn operations(reader: &mut Reader<'_, '_>, otherwise: &RetryPolicy) -> BTreeMap<Name, OperationSettings> {
    let mut operations = BTreeMap::new();
    for (key, node) in reader.table("operations") {
        let mut path = "operations".to_owned();
        push_key(&mut path, key);
        let name = Name::from_str(key).map_err(|error| reader.refuse_at(&path, error.to_string())).ok();
        let settings = reader.child_at(&path, node).map(|mut reader| {
            let retry = retry(&mut reader, otherwise);
            reader.finish();
            OperationSettings { retry }
        });
        if let (Some(name), Some(settings)) = (name, settings) {
            operations.insert(name, settings);
        }
    }
    operations
}

/// More than can be counted is refused later on, for what it is.
fn small(number: Option<u64>) -> Option<u32> {
    number.map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}
