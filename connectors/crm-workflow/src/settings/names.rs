//! Versions of the services, and members of inputs that each workflow calls as its author did.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The versions of the services.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Versions {
    /// Of running workflows.
    pub(crate) execute: String,
    /// Of the lists of configurations and workflows.
    pub(crate) configurations: String,
    /// Of cached results.
    pub(crate) cache: String,
}

/// What `create-record` calls things.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Names {
    /// The action that creates.
    pub(crate) create_action: String,
    /// The action that searches.
    pub(crate) search_action: String,
    /// The kind of record, in the input of the workflow that creates it.
    pub(crate) entity: String,
    /// The external reference: in the input of the workflow that creates the record, in the `search` of the one that
    /// finds it, and among the fields of what that finds.
    pub(crate) external_ref: String,
}

impl Default for Versions {
    fn default() -> Self {
        Self { execute: "v27.0".into(), configurations: "v26.0".into(), cache: "v30.0".into() }
    }
}

impl Default for Names {
    fn default() -> Self {
        Self {
            create_action: "Create".into(),
            search_action: "Search".into(),
            entity: "entity".into(),
            external_ref: "externalRef".into(),
        }
    }
}

impl Names {
    /// Each with the setting that it stands in.
    pub(super) fn all(&self) -> [(&'static str, &str); 4] {
        [
            ("create_action", &self.create_action),
            ("search_action", &self.search_action),
            ("entity", &self.entity),
            ("external_ref", &self.external_ref),
        ]
    }
}
