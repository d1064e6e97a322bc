//! Workflow Execute, with the properties and outputs that Studio gives it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluse_sdk::{Call, Failure};

use crate::{
    branch::Branch,
    ended::{Ended, ErrorArgs},
    execution::{Around, Execution},
    given::Id,
    settings::{Milliseconds, Settings},
};

/// Names it within its delivery.
const INTENT_KEY: &str = "execute-workflow";

/// The properties of the action.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The id of the configuration, from the page *Agent Integrations Configurations* in CXone.
    #[serde(rename = "Configuration Id")]
    configuration_id: String,
    /// The id of the workflow, from the same page.
    #[serde(rename = "Workflow Id")]
    workflow_id: String,
    /// What the workflow works on: a JSON text, as `asjson()` makes it, or the JSON itself.
    #[serde(rename = "Workflow Payload")]
    payload: Value,
    /// The prompt of the action. Kept with the delivery, never sent.
    #[serde(rename = "Sequence")]
    #[expect(dead_code, reason = "a property of the action that no REST call carries")]
    sequence: Option<String>,
    /// The words of the prompt. Kept with the delivery, never sent.
    #[serde(rename = "Phrase")]
    #[expect(dead_code, reason = "a property of the action that no REST call carries")]
    phrase: Option<String>,
    /// What the workflow does: `Search`, `Create`, `Timeline`, … Without it, or the setting `default_action`, none is sent
    /// and the execution is taken for one that must happen once.
    #[serde(rename = "ActionType")]
    action: Option<String>,
    /// The id of a dynamic data mapping; sent with the same actions.
    #[serde(rename = "Dynamic Data Mapping ID")]
    mapping_id: Option<String>,
    /// The interaction that it belongs to. Sent with every action but `Timeline`, `RelatesTo` and `Trigger`, whose requests
    /// have no place for it.
    #[serde(rename = "interactionID")]
    interaction_id: Option<Id>,
    /// The contact that it belongs to; sent with the same actions.
    #[serde(rename = "contactID")]
    contact_id: Option<Id>,
    /// How long it may take, in milliseconds; else the payload's member of this name, else the connection's.
    #[serde(rename = "timeoutMilliSec")]
    timeout: Option<Milliseconds>,
}

/// The outputs of the action.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    /// The path to take.
    branch: Branch,
    /// What went wrong; null on `Success`.
    error_args: Option<ErrorArgs>,
    /// What the workflow found, as CXone gives it; null when it gave nothing.
    result_set: Option<Value>,
    /// The key under which CXone keeps the results, for `get-cached`; null when it says none.
    cache_key: Option<String>,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Output, Failure> {
    let settings = &call.settings;
    settings.verify()?;
    let ended = ended(settings, &input).shown(settings.on_error.execute_workflow)?;
    Ok(Output {
        branch: ended.branch,
        error_args: ended.error_args(),
        cache_key: ended.cache_key(),
        result_set: ended.result_set,
    })
}

fn ended(settings: &Settings, input: &Input) -> Ended {
    let around = Around {
        interaction_id: input.interaction_id.as_ref(),
        contact_id: input.contact_id.as_ref(),
        mapping_id: input.mapping_id.as_deref(),
        timeout: input.timeout.as_ref(),
    };
    let named = input.action.as_deref().filter(|action| !action.trim().is_empty());
    let action = named.or(settings.default_action.as_deref());
    let ids = (input.configuration_id.as_str(), input.workflow_id.as_str());
    match Execution::new(settings, ids, action, &input.payload, &around) {
        Ok(execution) => execution.run(INTENT_KEY, false),
        Err(failure) => Ended::not_sent(failure),
    }
}
