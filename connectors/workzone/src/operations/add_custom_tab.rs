//! WorkzoneTilføjCustomTabs: fills the blank fields of a custom tab, which is a row of a table that belongs
//! to the case, or of the case itself. What is filled already stays as it is.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sluse_sdk::{
    Call, Failure,
    http::{Method, Request},
};

use crate::{
    exchange::{Creation, Look, WorkZone},
    fields::{self, given},
    identity::mark,
    odata::literal,
    problem::{self, bad_input},
    row,
    settings::{CustomTab, Settings, is_name},
};

/// The case, the tab, and the values.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Sags-ID.
    case_id: String,
    /// The tab, by its name in the setting `custom_tabs` or its entity set. Absent: the fields of the case itself.
    tab: Option<String>,
    /// Field names with their values.
    values: Map<String, Value>,
    /// What to do about fields that hold another value already.
    #[serde(default)]
    on_filled: OnFilled,
    /// Names the row, where a case has several.
    row_key: Option<String>,
    /// The user to act for; the connection's `on_behalf_of` unless given.
    on_behalf_of: Option<String>,
}

/// What to do about fields that are filled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OnFilled {
    /// Leave them and write the others.
    #[default]
    Skip,
    /// Write nothing.
    Fail,
}

/// What was written.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// The row of the tab; the case's own ID where the case itself was written.
    row_id: String,
    /// The row was created by this delivery, as far as this attempt can tell.
    created: bool,
    /// Properties that were blank and hold their value now.
    written: Vec<String>,
    /// Properties that hold another value and were left alone.
    skipped: Vec<String>,
    /// Properties that held their value already.
    unchanged: Vec<String>,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Output, Failure> {
    let workzone = WorkZone::new(call, "add-custom-tab", given(&input.on_behalf_of))?;
    let case_id = fields::id(&input.case_id, "case_id")?;
    let Some(name) = given(&input.tab) else {
        let values = values(&input, &workzone.settings.custom_field_map, "custom_field_map")?;
        return fill(&workzone, "Files", case_id, &values, input.on_filled)?
            .ok_or_else(|| problem::case_not_found("sags-ID"));
    };
    let tab = tab(workzone.settings, name)?;
    let setting = format!("custom_tabs.{name}.fields");
    let values = values(&input, &tab.fields, &setting)?;
    Row { workzone: &workzone, case_id, tab: &tab, key: row_key(&tab, name, &input)?, values: &values }
        .add(input.on_filled)
}

fn values(input: &Input, map: &BTreeMap<String, String>, setting: &str) -> Result<Map<String, Value>, Failure> {
    let values = fields::properties(&input.values, map, setting)?;
    if values.is_empty() {
        return Err(Failure::invalid("nothing-to-write", "Der er ingen felter at udfylde."));
    }
    Ok(values)
}

fn tab(settings: &Settings, name: &str) -> Result<CustomTab, Failure> {
    match settings.custom_tabs.get(name) {
        Some(tab) => Ok(tab.clone()),
        None if is_name(name) => Ok(CustomTab {
            set: name.to_owned(),
            case_property: "FileKey_Value".into(),
            row_key_property: None,
            fields: BTreeMap::new(),
        }),
        None => Err(bad_input(
            "unknown-tab",
            format!("Fanen `{name}` er ikke sat op på forbindelsen."),
            format!("add `{name}` with its entity set to the setting `custom_tabs`"),
        )),
    }
}

/// The property and the value that name the row.
fn row_key<'a>(tab: &'a CustomTab, name: &str, input: &'a Input) -> Result<Option<(&'a str, &'a str)>, Failure> {
    let Some(key) = given(&input.row_key) else { return Ok(None) };
    match &tab.row_key_property {
        Some(property) => Ok(Some((property, key))),
        None => Err(bad_input(
            "row-key-not-set-up",
            format!("Fanen `{name}` har ikke et felt til at skelne rækker."),
            format!("set `custom_tabs.{name}.row_key_property` on the connection"),
        )),
    }
}

/// Writes those values whose fields are blank; `None` when there is no such row.
fn fill(
    workzone: &WorkZone<'_>,
    set: &str,
    id: &str,
    values: &Map<String, Value>,
    on_filled: OnFilled,
) -> Result<Option<Output>, Failure> {
    let mut output = Output { row_id: id.to_owned(), ..Output::default() };
    let select = fields::select(values.keys().map(String::as_str));
    let mut decide = |row: &Value| {
        let changes = blanks(row, values, &mut output);
        if on_filled == OnFilled::Fail && !output.skipped.is_empty() {
            let message = format!("Der står allerede noget i: {}. Intet er skrevet.", output.skipped.join(", "));
            return Err(Failure::rejected("field-already-filled", message));
        }
        Ok(changes)
    };
    Ok(workzone.amend(set, id, select.as_deref(), None, &mut decide)?.map(|_| output))
}

/// The values whose fields are blank; `output` learns about all of them.
fn blanks(found: &Value, values: &Map<String, Value>, output: &mut Output) -> Map<String, Value> {
    let mut changes = Map::new();
    output.skipped.clear();
    output.unchanged.clear();
    let before = std::mem::take(&mut output.written);
    for (property, value) in values {
        if row::is_blank(found, property) {
            changes.insert(property.clone(), value.clone());
            output.written.push(property.clone());
        } else if row::holds(found, property, value) {
            // Perhaps because this delivery wrote it a moment ago, before a conflict or an interruption.
            let list = if before.contains(property) { &mut output.written } else { &mut output.unchanged };
            list.push(property.clone());
        } else {
            output.skipped.push(property.clone());
        }
    }
    changes
}

/// A row of a custom tab.
struct Row<'call> {
    workzone: &'call WorkZone<'call>,
    case_id: &'call str,
    tab: &'call CustomTab,
    key: Option<(&'call str, &'call str)>,
    values: &'call Map<String, Value>,
}

impl Row<'_> {
    fn add(&self, on_filled: OnFilled) -> Result<Output, Failure> {
        match self.find()? {
            Some(found) => {
                let id = row::id(&found)?;
                let output = fill(self.workzone, &self.tab.set, fields::id(&id, "ID")?, self.values, on_filled)?;
                output.ok_or_else(|| problem::not_yet("the row of the tab was removed meanwhile"))
            }
            None => self.create(),
        }
    }

    fn find(&self) -> Result<Option<Value>, Failure> {
        self.workzone.only(self.finding(), "rækker på fanen")
    }

    fn finding(&self) -> Request {
        let mut conditions = vec![literal::equals(&self.tab.case_property, self.case_id)];
        conditions.extend(self.key.map(|(property, key)| literal::equals(property, key)));
        let asked = self.workzone.get(format!("/{}", self.tab.set));
        asked.query("$filter", literal::all(&conditions)).query("$top", 2).query("$select", "ID")
    }

    fn create(&self) -> Result<Output, Failure> {
        let mut body = self.values.clone();
        body.insert(self.tab.case_property.clone(), Value::from(self.case_id));
        if let Some((property, key)) = self.key {
            body.insert(property.to_owned(), Value::from(key));
        }
        let look = || self.find();
        let made = self.workzone.create(&Creation {
            request: self.workzone.request(Method::Post, format!("/{}", self.tab.set)).json(&body)?,
            intent_key: self.intent_key(),
            title: "rækken på fanen",
            look: Look::Before(&look),
        })?;
        Ok(Output {
            row_id: row::id(&made.row)?,
            created: made.created,
            written: self.values.keys().cloned().collect(),
            ..Output::default()
        })
    }

    /// A row key may be a number that names a person.
    fn intent_key(&self) -> String {
        match self.key {
            Some((_, key)) => format!("add-custom-tab:{}:{}", self.tab.set, mark(&[self.workzone.delivery, key])),
            None => format!("add-custom-tab:{}", self.tab.set),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_blank_fields_are_written() {
        let values = json!({ "A": "ny", "B": "ny", "C": "ny", "D": 1 });
        let mut output = Output::default();
        let changes = blanks(
            &json!({ "A": null, "B": "gammel", "C": "ny", "D": " " }),
            values.as_object().expect("an object"),
            &mut output,
        );
        assert_eq!(Value::Object(changes), json!({ "A": "ny", "D": 1 }));
        assert_eq!(
            (output.written, output.skipped, output.unchanged),
            (vec!["A".into(), "D".into()], vec!["B".into()], vec!["C".to_owned()])
        );
    }
}
