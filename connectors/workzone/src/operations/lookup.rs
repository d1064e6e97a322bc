//! Looks up cases, contacts and entries of lists. Only reads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluse_sdk::{Call, Failure, http::Request};

use crate::{
    exchange::WorkZone,
    fields::given,
    identity::{IdKind, Identity},
    odata::{literal, v3, v4},
    problem::bad_input,
    row,
    settings::{ODataVersion, Settings, is_name},
};

/// What to look for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    kind: Kind,
    /// The text to look for. With a `field` it is the field's whole value, without one a part of the title or name.
    query: String,
    /// Cases and contacts: the property to compare; `NameCode` finds CPR numbers with and without dash.
    /// Lists: the name of the list.
    field: Option<String>,
    /// Cases: one of WorkZone's domains, `active` or `my_open_cases`.
    domain: Option<String>,
    /// The user to act for; the connection's `on_behalf_of` unless given.
    on_behalf_of: Option<String>,
}

/// What kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Case,
    Contact,
    /// An entry of a list, by its code or its text.
    List,
}

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// The only match; absent when there is none or more than one.
    id: Option<String>,
    /// Its case number, number of the contact, or code of the entry.
    key: Option<String>,
    /// WorkZone's summary of it; the text of an entry.
    summary: Option<String>,
    /// All that were found, in as many pages as the connection's `page_limit` says.
    matches: Vec<Match>,
    /// There are more matches than the connection's `page_limit` lets through.
    truncated: bool,
}

/// One match.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Match {
    /// WorkZone's `ID` of it; of a case the Sags-ID.
    id: String,
    /// Case number, number of the contact, or code of the entry.
    key: Option<String>,
    /// WorkZone's summary of it; the text of an entry.
    summary: Option<String>,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Output, Failure> {
    let workzone = WorkZone::new(call, "lookup", given(&input.on_behalf_of))?;
    let query = input.query.trim();
    if query.is_empty() {
        return Err(bad_input("nothing-to-look-for", "Der er ikke angivet noget at søge efter.", "`query` is blank"));
    }
    if let Some(field) = given(&input.field).filter(|field| input.kind != Kind::List && !is_name(field)) {
        return Err(bad_input(
            "unknown-field",
            format!("`{field}` er ikke et felt i WorkZone."),
            "`field` must be a property",
        ));
    }
    let asked = match input.kind {
        Kind::Case => cases(&workzone, query, &input),
        Kind::Contact => contacts(&workzone, query, given(&input.field)),
        Kind::List => entries(&workzone, query, given(&input.field))?,
    };
    let found = workzone.all(asked)?;
    let matches: Vec<Match> =
        found.rows.iter().map(|row| matched(&workzone, input.kind, row)).collect::<Result<_, _>>()?;
    let only = if matches.len() == 1 { matches.first().cloned() } else { None };
    let (id, key, summary) = only.map_or((None, None, None), |only| (Some(only.id), only.key, only.summary));
    Ok(Output { id, key, summary, matches, truncated: found.truncated })
}

fn cases(workzone: &WorkZone<'_>, query: &str, input: &Input) -> Request {
    let names = &workzone.settings.names;
    let mut asked = workzone.get("/Files");
    let mut conditions = Vec::new();
    match (given(&input.field), workzone.version()) {
        (Some(field), _) => conditions.push(literal::equals(field, query)),
        (None, ODataVersion::V3) => asked = asked.query(v3::CONTAINS_OPTION, query),
        (None, ODataVersion::V4) => conditions.push(v4::contains("Title", &literal::text(query))),
    }
    match (given(&input.domain), workzone.version()) {
        (Some(domain), ODataVersion::V3) => asked = asked.query(v3::DOMAIN_OPTION, domain),
        (Some(domain), ODataVersion::V4) => conditions.push(v4::in_domain(&literal::text(domain))),
        (None, _) => {}
    }
    if !conditions.is_empty() {
        asked = asked.query("$filter", literal::all(&conditions));
    }
    asked.query("$select", format!("ID,{},Summary", names.case_no))
}

fn contacts(workzone: &WorkZone<'_>, query: &str, field: Option<&str>) -> Request {
    let condition = match (field, workzone.version()) {
        (Some("NameCode"), _) => literal::any_of("NameCode", &spellings(query)),
        (Some(field), _) => literal::equals(field, query),
        (None, ODataVersion::V3) => v3::contains("Name1", &literal::text(query)),
        (None, ODataVersion::V4) => v4::contains("Name1", &literal::text(query)),
    };
    workzone.get("/Contacts").query("$filter", condition).query("$select", "ID,NameCode,Summary")
}

fn spellings(query: &str) -> Vec<String> {
    Identity::read(IdKind::Cpr, query, "").map_or_else(|_| vec![query.to_owned()], |identity| identity.spellings())
}

fn entries(workzone: &WorkZone<'_>, query: &str, list: Option<&str>) -> Result<Request, Failure> {
    let list = list.ok_or_else(|| {
        bad_input(
            "list-missing",
            "Det mangler at blive angivet, hvilken liste der skal slås op i.",
            "`field` must name the list",
        )
    })?;
    let names = &workzone.settings.names;
    let entry =
        format!("({} or {})", literal::equals(&names.list_code, query), literal::equals(&names.list_text, query));
    let filter = literal::all(&[literal::equals(&names.list_name, list), entry]);
    let select = format!("ID,{},{}", names.list_code, names.list_text);
    Ok(workzone.get("/RegisterTexts").query("$filter", filter).query("$select", select))
}

fn matched(workzone: &WorkZone<'_>, kind: Kind, found: &Value) -> Result<Match, Failure> {
    let names = &workzone.settings.names;
    let (key, summary) = match kind {
        Kind::Case => (names.case_no.as_str(), "Summary"),
        Kind::Contact => ("NameCode", "Summary"),
        Kind::List => (names.list_code.as_str(), names.list_text.as_str()),
    };
    Ok(Match { id: row::id(found)?, key: row::text(found, key), summary: row::text(found, summary) })
}
