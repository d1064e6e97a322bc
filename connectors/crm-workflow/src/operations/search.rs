//! Runs a workflow that searches, and gives what it finds record by record.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sluse_sdk::{Call, Failure};

use crate::{
    answer::{self, Record},
    branch::Branch,
    ended::{Ended, ErrorArgs},
    execution::{Around, Execution},
    given::Id,
    problem::bad_input,
    settings::{Milliseconds, Settings},
};

/// Whom or what to look for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The id of the configuration.
    #[serde(rename = "Configuration Id")]
    configuration_id: String,
    /// The id of a workflow that searches.
    #[serde(rename = "Workflow Id")]
    workflow_id: String,
    /// A phone number, as the CRM system knows it. Exactly one of `phone`, `email` and `search` is given.
    phone: Option<String>,
    /// An e-mail address.
    email: Option<String>,
    /// Anything else that the workflow takes: an object, or a list.
    search: Option<Value>,
    /// The id of a dynamic data mapping.
    #[serde(rename = "Dynamic Data Mapping ID")]
    mapping_id: Option<String>,
    /// The interaction that it belongs to.
    #[serde(rename = "interactionID")]
    interaction_id: Option<Id>,
    /// The contact that it belongs to.
    #[serde(rename = "contactID")]
    contact_id: Option<Id>,
    /// How long it may take, in milliseconds; else the connection's.
    #[serde(rename = "timeoutMilliSec")]
    timeout: Option<Milliseconds>,
}

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// The path to take.
    branch: Branch,
    /// What went wrong; null on `Success`.
    #[serde(rename = "errorArgs")]
    error_args: Option<ErrorArgs>,
    /// The key under which CXone keeps the results, for `get-cached`; null when it says none.
    #[serde(rename = "cacheKey")]
    cache_key: Option<String>,
    /// The records of all systems as CXone gives them, each with `system` and `values` (its fields by name) beside.
    records: Vec<Record>,
    /// How many there are.
    match_count: usize,
    /// The `id` of the first; null without one.
    first_id: Option<String>,
    /// The `url` of the first; null without one.
    first_url: Option<String>,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Output, Failure> {
    let settings = &call.settings;
    settings.verify()?;
    let ended = ended(settings, &input).unwrap_or_else(Ended::not_sent).shown(settings.on_error.search)?;
    let records = ended.records();
    let first = |member: &str| answer::text(records.first()?.get(member));
    Ok(Output {
        branch: ended.branch,
        error_args: ended.error_args(),
        cache_key: ended.cache_key(),
        match_count: records.len(),
        first_id: first("id"),
        first_url: first("url"),
        records,
    })
}

fn ended(settings: &Settings, input: &Input) -> Result<Ended, Failure> {
    let around = Around {
        interaction_id: input.interaction_id.as_ref(),
        contact_id: input.contact_id.as_ref(),
        mapping_id: input.mapping_id.as_deref(),
        timeout: input.timeout.as_ref(),
    };
    let ids = (input.configuration_id.as_str(), input.workflow_id.as_str());
    by(settings, ids, &wanted(input)?, &around)
}

/// Searches by the input of a workflow.
pub(crate) fn by(
    settings: &Settings,
    ids: (&str, &str),
    workflow_input: &Value,
    around: &Around<'_>,
) -> Result<Ended, Failure> {
    let action = settings.names.search_action.as_str();
    let execution = Execution::new(settings, ids, Some(action), workflow_input, around)?;
    Ok(execution.run("search", false))
}

/// The one thing that is looked for.
fn wanted(input: &Input) -> Result<Value, Failure> {
    let text = |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(Value::from);
    let search = input.search.clone().filter(|search| !search.is_null());
    let given = [("phoneNumber", text(&input.phone)), ("email", text(&input.email)), ("search", search)];
    let mut given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
    match (given.next(), given.next()) {
        (Some((name, value)), None) => Ok(json!({ name: value })),
        _ => Err(bad_input(
            "search-not-one",
            "Der skal søges på netop ét: telefonnummer, e-mail eller andet.",
            "exactly one of `phone`, `email` and `search` has to be given",
        )),
    }
}
