//! What an execution does: checks what it is given, runs the workflow, and gives results in the API's shape.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::settings::ids;
use super::shared::Shared;

/// An answer: its status and its JSON.
pub(super) type Answer = (StatusCode, Value);

/// An execution that can run.
#[derive(Debug, Clone)]
pub(super) enum Execution {
    Search { input: Value, interaction: String },
    Create { input: Map<String, Value> },
}

impl Execution {
    /// Reads a request, or says why it is refused.
    pub(super) fn read(configuration: &str, workflow: &str, body: &[u8]) -> Result<Execution, Answer> {
        if configuration != ids::CONFIGURATION {
            let message = format!("Configuration {configuration} was not found");
            return Err(refusal(StatusCode::NOT_FOUND, "ConfigurationNotFound", &message));
        }
        let body: Value = serde_json::from_slice(body).map_err(|_| bad_request("The body is not JSON"))?;
        let input = body.get("workflowInput").cloned().ok_or_else(|| bad_request("workflowInput is missing"))?;
        match workflow {
            ids::SEARCH if input.is_object() || input.is_array() => {
                Ok(Execution::Search { input, interaction: text(&body, "interactionID") })
            }
            ids::CREATE => match input {
                Value::Object(input) if input.contains_key("entity") => Ok(Execution::Create { input }),
                _ => Err(bad_request("workflowInput needs an entity")),
            },
            ids::SEARCH => Err(bad_request("workflowInput is no object")),
            ids::DISABLED => Err(unknown_workflow(workflow, "is disabled")),
            _ => Err(unknown_workflow(workflow, "was not found")),
        }
    }

    /// What the ledger calls it.
    pub(super) fn asked(&self) -> &'static str {
        match self {
            Execution::Search { .. } => "search",
            Execution::Create { .. } => "create",
        }
    }

    /// Writes down that it was asked for.
    pub(super) fn note(&self, shared: &Shared) {
        let Execution::Create { input } = self else { return };
        let mut ledger = shared.ledger();
        let entry = ledger.records.entry(reference(input)).or_default();
        entry.received += 1;
        entry.last = Value::Object(input.clone());
    }

    /// Does it, and gives the results.
    pub(super) fn run(&self, shared: &Shared) -> Value {
        match self {
            Execution::Search { input, interaction } => {
                let found = shared.crm().find(input);
                let mut results = results(&found);
                if !interaction.is_empty() {
                    let key = format!("{}_{interaction}", ids::TENANT);
                    results["cacheKey"] = json!(key);
                    shared.cache().insert(key, results.clone());
                }
                results
            }
            Execution::Create { input } => {
                let created = shared.crm().create(input);
                let mut ledger = shared.ledger();
                let entry = ledger.records.entry(reference(input)).or_default();
                entry.created += 1;
                entry.ids.push(created["id"].as_str().unwrap_or_default().to_owned());
                results(&[created])
            }
        }
    }
}

fn reference(input: &Map<String, Value>) -> String {
    input.get("externalRef").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn text(body: &Value, name: &str) -> String {
    body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Records in the API's shape.
pub(super) fn results(records: &[Value]) -> Value {
    let system = json!({ "type": "salesforce", "label": "Salesforce", "icon": "", "baseUrl": "https://crm.example" });
    json!({ "contactId": "", "result": [{ "system": system, "records": records, "pinRecords": [] }] })
}

/// The same, with an error beside.
pub(super) fn with_error(mut results: Value) -> Value {
    results["result"][0]["errors"] = json!([{ "code": "CRM_LIMIT", "message": "Zendesk svarede ikke for bruger Åse" }]);
    results
}

/// A refusal in the API's shape.
pub(super) fn refusal(status: StatusCode, code: &str, message: &str) -> Answer {
    (status, json!({ "code": code, "message": message }))
}

fn bad_request(message: &str) -> Answer {
    refusal(StatusCode::BAD_REQUEST, "BadRequest", message)
}

fn unknown_workflow(workflow: &str, what: &str) -> Answer {
    refusal(StatusCode::NOT_FOUND, "InvalidWorkflow", &format!("Workflow {workflow} {what}"))
}
