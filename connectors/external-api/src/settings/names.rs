//! The members of requests, answers and callbacks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the members are called. `action`, `callback_url`, `reference`, `title` and `guid` are as Enate writes them.
/// A name of `success`, `reason` or `data` that begins with `/` is a JSON Pointer: `/result/success`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Names {
    /// The list with the one action of the request.
    pub(crate) action: String,
    /// The address for the callback, in the request.
    pub(crate) callback_url: String,
    /// The action's reference, in the action.
    pub(crate) reference: String,
    /// The action's title, in the action.
    pub(crate) title: String,
    /// The action's id, in the action.
    pub(crate) guid: String,
    /// The custom data, in the action.
    pub(crate) custom_data: String,
    /// Whether the action succeeded, in answers and callbacks.
    pub(crate) success: String,
    /// Why it did not, in answers and callbacks.
    pub(crate) reason: String,
    /// The custom data that changed, in answers and callbacks.
    pub(crate) data: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            action: "Action".into(),
            callback_url: "CallBackURL".into(),
            reference: "Reference".into(),
            title: "Title".into(),
            guid: "GUID".into(),
            custom_data: "dataFields".into(),
            success: "success".into(),
            reason: "rejectedReason".into(),
            data: "dataFields".into(),
        }
    }
}

impl Names {
    /// Each with the setting that it stands in.
    pub(super) fn all(&self) -> [(&'static str, &str); 9] {
        [
            ("action", &self.action),
            ("callback_url", &self.callback_url),
            ("reference", &self.reference),
            ("title", &self.title),
            ("guid", &self.guid),
            ("custom_data", &self.custom_data),
            ("success", &self.success),
            ("reason", &self.reason),
            ("data", &self.data),
        ]
    }
}
