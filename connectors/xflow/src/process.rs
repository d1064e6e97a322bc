//! A process as XFlow writes it: its fields, wherever they stand in its forms, and where it is.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use sluse_sdk::{Failure, http::Request, member, path};

use crate::{exchange, settings::Settings};

/// Deeper than any form; bounds the recursion.
const MAX_DEPTH: usize = 32;

/// A process.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Process {
    /// The public id.
    pub(crate) process_id: String,
    /// Where it is; null when it is nowhere.
    pub(crate) current_activity: Option<Activity>,
    /// All activities, in XFlow's order.
    pub(crate) activities: Vec<Activity>,
    /// The values of its fields by their identifiers.
    pub(crate) fields: BTreeMap<String, Vec<String>>,
}

/// A step of a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Activity {
    /// Null where XFlow does not say it.
    pub(crate) id: Option<String>,
    /// As XFlow shows it.
    pub(crate) name: String,
}

impl Process {
    /// Reads the process of this public id.
    pub(crate) fn fetch(id: &str, settings: &Settings) -> Result<Self, Failure> {
        let value = exchange::read(Request::get(path!("/Process/{}", id)), "GET /Process/{id}")?;
        Ok(Self::of(&value, id, settings))
    }

    fn of(value: &Value, id: &str, settings: &Settings) -> Self {
        let (mut activities, mut current_activity) = (Vec::new(), None);
        for entry in member::list(value, "activities").unwrap_or_default() {
            let Some(name) = member::text(entry, "activityName") else { continue };
            let activity = Activity { id: member::text(entry, &settings.names.activity_id), name };
            if entry.get("current") == Some(&Value::Bool(true)) {
                current_activity = Some(activity.clone());
            }
            activities.push(activity);
        }
        let mut fields = BTreeMap::new();
        for form in member::list(value, "blanketter").unwrap_or_default() {
            collect(member::list(form, "elementer"), 0, &mut fields);
        }
        let process_id = member::text(value, "publicId").unwrap_or_else(|| id.to_owned());
        Self { process_id, current_activity, activities, fields }
    }

    /// Whether it is at the activity of this id or name.
    pub(crate) fn is_at(&self, activity: &str) -> bool {
        let named = |at: &Activity| at.id.as_deref() == Some(activity) || at.name == activity;
        self.current_activity.as_ref().is_some_and(named)
    }
}

fn collect(elements: Option<&[Value]>, depth: usize, fields: &mut BTreeMap<String, Vec<String>>) {
    for element in elements.unwrap_or_default() {
        if let (Some(identifier), Some(values)) = (member::text(element, "identifier"), member::list(element, "values"))
        {
            fields.entry(identifier).or_default().extend(values.iter().filter_map(written));
        }
        if depth < MAX_DEPTH {
            collect(member::list(element, "children"), depth + 1, fields);
        }
    }
}

fn written(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_found_wherever_they_stand() {
        let value = json!({ "publicId": "P-1", "blanketter": [{ "elementer": [
            { "identifier": "Navn", "values": ["Åse"], "children": [{ "identifier": "Beloeb", "values": [1250, null] }] },
            { "identifier": "Navn", "values": ["Bo"] },
        ] }], "activities": [{ "activityName": "Ansøg", "current": false }, { "activityName": "Behandl", "activityId": 7, "current": true }] });
        let process = Process::of(&value, "x", &Settings::default());
        assert_eq!(process.process_id, "P-1");
        assert_eq!(process.fields["Navn"], ["Åse", "Bo"]);
        assert_eq!(process.fields["Beloeb"], ["1250"]);
        assert_eq!(process.activities.len(), 2);
        assert!(process.is_at("7") && process.is_at("Behandl") && !process.is_at("Ansøg"));
    }

    #[test]
    fn a_process_that_says_little_is_read_all_the_same() {
        let process = Process::of(&json!({}), "P-2", &Settings::default());
        assert_eq!((process.process_id.as_str(), process.current_activity), ("P-2", None));
    }
}
