//! WorkzoneOpretSag: opens a case once, or finds the one that is there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sluse_sdk::{
    Call, Failure,
    http::{Method, Request},
    log,
};

use super::case_fields::{CaseFields, case_fields, external_ref};
use crate::{
    exchange::{Creation, Look, Made, WorkZone},
    fields::{self, given},
    odata::{literal, page, url},
    problem::{self, bad_input},
    row,
    settings::Settings,
};

/// The case to open or to find.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Sagsgruppe. Needed to open a case.
    case_group: Option<String>,
    /// Sagskategori. Needed to open a case, unless the setting `case_category_required` is off.
    case_category: Option<String>,
    /// Sagstitel. Needed to open a case.
    title: Option<String>,
    /// Names the case outside WorkZone, in the connection's Unique field. The delivery's id unless given.
    external_ref: Option<String>,
    /// The ID of a case that is there: it is found and nothing is opened.
    case_id: Option<String>,
    /// The number of a case that is there: it is found and nothing is opened.
    case_no: Option<String>,
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
    /// The user to act for; the connection's `on_behalf_of` unless given.
    on_behalf_of: Option<String>,
}

/// The case.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// Sags-ID, for the steps that follow.
    case_id: String,
    /// Sagsnummer.
    case_no: Option<String>,
    /// It was opened by this delivery, as far as this attempt can tell.
    created: bool,
    /// The version of the case that was seen, where WorkZone says it.
    etag: Option<String>,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Output, Failure> {
    let workzone = WorkZone::new(call, "create-or-find-case", given(&input.on_behalf_of))?;
    if let Some(case_id) = given(&input.case_id) {
        return by_id(&workzone, fields::id(case_id, "case_id")?);
    }
    if let Some(case_no) = given(&input.case_no) {
        let found = find(&workzone, &workzone.settings.names.case_no, case_no)?;
        return output(&workzone, found.ok_or_else(|| problem::case_not_found("sagsnummer"))?, false);
    }
    let case = case_fields!(input);
    open(&workzone, &case, &input)
}

fn by_id(workzone: &WorkZone<'_>, case_id: &str) -> Result<Output, Failure> {
    let request = workzone.get(url::row("Files", case_id)).query("$select", select(workzone));
    let found = workzone.row(request.path().to_owned())?;
    output(workzone, found.ok_or_else(|| problem::case_not_found("sags-ID"))?, false)
}

fn open(workzone: &WorkZone<'_>, case: &CaseFields<'_>, input: &Input) -> Result<Output, Failure> {
    let missing = case.missing(workzone.settings);
    if !missing.is_empty() {
        let message = format!("Sagen kan ikke oprettes, fordi der mangler: {}.", missing.join(", "));
        return Err(bad_input("missing-field", message, "needed unless `case_id` or `case_no` names a case"));
    }
    let mut body = case.properties(workzone.settings, &input.fields)?;
    let reference = external_ref(&input.external_ref, workzone.delivery);
    let Some(field) = &workzone.settings.external_ref_field else {
        let made = workzone.create(&creation(workzone, &body, Look::Impossible)?)?;
        return opened(workzone, made);
    };
    if let Some(found) = find(workzone, field, reference)? {
        log::info("Sagen findes allerede i WorkZone");
        return output(workzone, found, false);
    }
    body.insert(field.clone(), Value::from(reference));
    let look = || find(workzone, field, reference);
    let made = workzone.create(&creation(workzone, &body, Look::Before(&look))?)?;
    opened(workzone, made)
}

fn creation<'look>(
    workzone: &WorkZone<'_>,
    body: &Map<String, Value>,
    look: Look<'look>,
) -> Result<Creation<'look>, Failure> {
    let request = workzone.request(Method::Post, "/Files");
    let request = match workzone.settings.select_on_create {
        true => request.query("$select", select(workzone)),
        false => request,
    };
    Ok(Creation { request: request.json(body)?, intent_key: "create-case".into(), title: "sagen", look })
}

fn opened(workzone: &WorkZone<'_>, made: Made) -> Result<Output, Failure> {
    let created = made.created;
    if row::text(&made.row, &workzone.settings.names.case_no).is_some() {
        return output(workzone, made.row, created);
    }
    // Only the ID came back.
    let case_id = row::id(&made.row)?;
    Ok(Output { created, ..by_id(workzone, fields::id(&case_id, "ID")?)? })
}

/// The only case whose property has this value.
fn find(workzone: &WorkZone<'_>, property: &str, value: &str) -> Result<Option<Value>, Failure> {
    workzone.only(finding(workzone, property, value), "sager")
}

fn finding(workzone: &WorkZone<'_>, property: &str, value: &str) -> Request {
    let filter = literal::equals(property, value);
    workzone.get("/Files").query("$filter", filter).query("$top", 2).query("$select", select(workzone))
}

fn select(workzone: &WorkZone<'_>) -> String {
    format!("ID,{}", workzone.settings.names.case_no)
}

fn output(workzone: &WorkZone<'_>, case: Value, created: bool) -> Result<Output, Failure> {
    Ok(Output {
        case_id: row::id(&case)?,
        case_no: row::text(&case, &workzone.settings.names.case_no),
        created,
        etag: page::etag(&case).map(str::to_owned),
    })
}
