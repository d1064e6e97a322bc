//! What applying would change, for people.

use std::{collections::BTreeSet, fmt};

use serde::Serialize;
use serde_json::Value;
use sluse_model::{Connection, Flow, Name, Schedule};

use super::Parsed;
use crate::mapping::push_key;

/// More than this, nobody reads.
const MAX_PATHS: usize = 50;

/// Something that applying would write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// It is not stored yet.
    Added { kind: &'static str, name: Name },
    /// It is stored and differs at these places, at most 50.
    Changed { kind: &'static str, name: Name, paths: Vec<String> },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { kind, name } => write!(f, "+ {kind} {name}"),
            Self::Changed { kind, name, paths } => write!(f, "~ {kind} {name}: {}", paths.join(", ")),
        }
    }
}

/// What is stored.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    pub(crate) connections: Vec<Connection>,
    pub(crate) flows: Vec<Flow>,
    pub(crate) schedules: Vec<Schedule>,
}

/// What writing what was read over the stored would change: connections first, then flows and schedules, each by name.
/// What is the same is not told; what is stored and not named stays.
pub(crate) fn diff(stored: &Stored, parsed: &Parsed) -> Vec<Change> {
    let mut changes = compare("connection", &stored.connections, parsed.connections(), |connection| &connection.name);
    changes.extend(compare("flow", &stored.flows, parsed.flows(), |flow| &flow.name));
    let schedules = parsed.schedules().chain(&parsed.followers);
    changes.extend(compare("schedule", &stored.schedules, schedules, |schedule| &schedule.name));
    changes
}

fn compare<'a, T: Serialize + 'a>(
    kind: &'static str,
    stored: impl IntoIterator<Item = &'a T>,
    new: impl IntoIterator<Item = &'a T>,
    name: impl Fn(&T) -> &Name,
) -> Vec<Change> {
    let stored: Vec<&T> = stored.into_iter().collect();
    let mut new: Vec<&T> = new.into_iter().collect();
    new.sort_by(|left, right| name(left).cmp(name(right)));
    let change = |item: &T| {
        let Some(before) = stored.iter().find(|stored| name(stored) == name(item)) else {
            return Some(Change::Added { kind, name: name(item).clone() });
        };
        let mut paths = Vec::new();
        places(&to_json(*before), &to_json(item), &mut String::new(), &mut paths);
        (!paths.is_empty()).then(|| Change::Changed { kind, name: name(item).clone(), paths })
    };
    new.into_iter().filter_map(change).collect()
}

fn to_json<T: Serialize>(item: &T) -> Value {
    serde_json::to_value(item).expect("the model's types are JSON")
}

/// The places where two values differ.
fn places(before: &Value, after: &Value, path: &mut String, paths: &mut Vec<String>) {
    if before == after || paths.len() >= MAX_PATHS {
        return;
    }
    let length = path.len();
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for key in keys {
                push_key(path, key);
                places(before.get(key).unwrap_or(&Value::Null), after.get(key).unwrap_or(&Value::Null), path, paths);
                path.truncate(length);
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            for index in 0..before.len().max(after.len()) {
                path.push_str(&format!("[{index}]"));
                places(
                    before.get(index).unwrap_or(&Value::Null),
                    after.get(index).unwrap_or(&Value::Null),
                    path,
                    paths,
                );
                path.truncate(length);
            }
        }
        _ => paths.push(path.clone()),
    }
}
