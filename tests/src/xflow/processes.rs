//! Processes: three activities one after the other, and forms with fields.

use serde_json::{Value, json};

/// The activities of every process.
const ACTIVITIES: [(&str, &str); 3] = [("1", "Ansøg"), ("2", "Behandl"), ("3", "Afslut")];

/// A process.
#[derive(Debug, Clone)]
pub(super) struct Process {
    id: String,
    fields: Value,
    /// Where it is among the activities.
    at: usize,
}

impl Process {
    /// A process at its second activity, with the fields of an object.
    pub(super) fn new(id: &str, fields: Value) -> Self {
        Self { id: id.to_owned(), fields, at: 1 }
    }

    /// Whether it stands at another activity now.
    pub(super) fn advance(&mut self) -> bool {
        let is_last = self.at + 1 == ACTIVITIES.len();
        self.at += usize::from(!is_last);
        !is_last
    }

    /// Whether there is such an activity before the one where it is.
    pub(super) fn send_back(&mut self, activity_id: &str) -> bool {
        let before = ACTIVITIES[..self.at].iter().position(|(id, _)| *id == activity_id);
        self.at = before.unwrap_or(self.at);
        before.is_some()
    }

    /// As XFlow writes it: fields stand in elements, and those in others.
    pub(super) fn written(&self) -> Value {
        let activity = |(index, (id, name)): (usize, &(&str, &str))| json!({ "activityId": id, "activityName": name, "current": index == self.at });
        let field = |(name, value): (&String, &Value)| json!({ "identifier": name, "values": [value], "children": [] });
        let fields: Vec<_> = self.fields.as_object().into_iter().flatten().map(field).collect();
        json!({
            "publicId": self.id,
            "activities": ACTIVITIES.iter().enumerate().map(activity).collect::<Vec<_>>(),
            "blanketter": [{ "elementer": [{ "identifier": "gruppe", "values": [], "children": fields }] }],
        })
    }

    pub(super) fn has(&self, text: &str) -> bool {
        text.is_empty() || self.id.contains(text) || self.fields.to_string().contains(text)
    }
}
