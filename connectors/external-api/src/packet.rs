//! An action, as a flow gives it and as the API reads it.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::settings::Names;

/// What the API is asked to work on. Members of any other name are sent as they are.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Action {
    /// The number that people know it by: `202234-C`.
    #[schemars(length(min = 1))]
    pub(crate) reference: String,
    /// What it is called.
    pub(crate) title: String,
    /// The id that no other action has.
    #[schemars(length(min = 1))]
    pub(crate) guid: String,
    /// Whatever else the API is to know of it, sent under the same names.
    #[serde(flatten)]
    pub(crate) more: Map<String, Value>,
}

/// The body of the request that hands the action over.
pub(crate) fn body(
    action: &Action,
    custom_data: Option<&Map<String, Value>>,
    callback_url: &str,
    names: &Names,
) -> Value {
    let mut packet = action.more.clone();
    packet.insert(names.reference.clone(), json!(action.reference));
    packet.insert(names.title.clone(), json!(action.title));
    packet.insert(names.guid.clone(), json!(action.guid));
    if let Some(custom_data) = custom_data {
        packet.insert(names.custom_data.clone(), json!(custom_data));
    }
    let mut body = Map::new();
    body.insert(names.action.clone(), json!([packet]));
    body.insert(names.callback_url.clone(), json!(callback_url));
    Value::Object(body)
}
