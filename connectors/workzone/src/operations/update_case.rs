//! WorkzoneOpdaterSag: writes those fields of a case that differ.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sluse_sdk::{Call, Failure};

use super::case_fields::case_fields;
use crate::{
    exchange::WorkZone,
    fields::{self, given},
    problem, row,
    settings::Settings,
};

/// The case, and what to write to it. What is absent or blank stays as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Sags-ID.
    case_id: String,
    /// Sagsgruppe.
    case_group: Option<String>,
    /// Sagskategori.
    case_category: Option<String>,
    /// Sagstitel.
    title: Option<String>,
    /// Child group of the case group.
    child_group: Option<String>,
    /// Case officer.
    officer: Option<String>,
    /// Responsible unit.
    unit: Option<String>,
    /// Description.
    text: Option<String>,
    /// Access code.
    access_code: Option<String>,
    /// Frioplysningsfelter: field names with their values, by the setting `custom_field_map` or property names.
    #[serde(default)]
    fields: Map<String, Value>,
    /// Write only to this version of the case (the `etag` of an earlier step).
    if_match: Option<String>,
    /// The user to act for; the connection's `on_behalf_of` unless given.
    on_behalf_of: Option<String>,
}

/// What was written.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// Sags-ID.
    case_id: String,
    /// The version of the case now, where WorkZone says it.
    etag: Option<String>,
    /// The properties that were written; those that held their value already are not among them.
    changed_fields: Vec<String>,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Output, Failure> {
    let workzone = WorkZone::new(call, "update-case", given(&input.on_behalf_of))?;
    let case_id = fields::id(&input.case_id, "case_id")?;
    let wanted = case_fields!(input).properties(workzone.settings, &input.fields)?;
    if wanted.is_empty() {
        return Err(Failure::invalid("nothing-to-write", "Der er ingen felter at opdatere på sagen."));
    }
    let select = fields::select(wanted.keys().map(String::as_str));
    let mut changed_fields = Vec::new();
    let mut decide = |case: &Value| {
        let changes = row::differing(case, &wanted);
        changed_fields = changes.keys().cloned().collect();
        Ok(changes)
    };
    let amended = workzone.amend("Files", case_id, select.as_deref(), given(&input.if_match), &mut decide)?;
    let amended = amended.ok_or_else(|| problem::case_not_found("sags-ID"))?;
    Ok(Output { case_id: case_id.to_owned(), etag: amended.etag, changed_fields })
}
