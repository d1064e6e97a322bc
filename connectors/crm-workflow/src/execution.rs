//! One execution: which workflow of which configuration, with what body, and how it goes out.

use serde_json::{Map, Value, json};
use sluse_sdk::{
    Failure,
    http::{self, Effect, Request},
    log,
};

use crate::{
    branch::Branch,
    ended::Ended,
    given::{self, Id},
    problem::{self, bad_input},
    read,
    settings::{Milliseconds, Settings},
};

/// Actions whose payload is the body of the request: its members are the API's own (`cxoneContact`, `integration`, …).
const PAYLOAD_IS_BODY: [&str; 3] = ["timeline", MEMORIALISATION, "relatesto"];

/// The one of them whose body also says where it belongs.
const MEMORIALISATION: &str = "datamemorialization";

/// The action that takes nothing but its input.
const TRIGGER: &str = "trigger";

/// Where an execution belongs, and how long it may take. Each may be left out.
#[derive(Debug, Default)]
pub(crate) struct Around<'input> {
    pub(crate) interaction_id: Option<&'input Id>,
    pub(crate) contact_id: Option<&'input Id>,
    pub(crate) mapping_id: Option<&'input str>,
    pub(crate) timeout: Option<&'input Milliseconds>,
}

/// One execution.
#[derive(Debug)]
pub(crate) struct Execution<'settings> {
    settings: &'settings Settings,
    configuration_id: String,
    workflow_id: String,
    action: Option<String>,
    payload: Value,
    interaction_id: String,
    contact_id: String,
    mapping_id: String,
    timeout_ms: u32,
}

impl<'settings> Execution<'settings> {
    /// Reads what was given, or says what of it cannot be right.
    pub(crate) fn new(
        settings: &'settings Settings,
        (configuration_id, workflow_id): (&str, &str),
        action: Option<&str>,
        payload: &Value,
        around: &Around<'_>,
    ) -> Result<Self, Failure> {
        let configuration_id = given::configuration_id(configuration_id)?;
        let workflow_id = given::workflow_id(workflow_id)?;
        let payload = given::payload(payload)?;
        let action = action.map(str::trim).filter(|action| !action.is_empty()).map(str::to_owned);
        if is_one_of(&PAYLOAD_IS_BODY, action.as_deref()) && !payload.is_object() {
            return Err(bad_input(
                "payload-not-an-object",
                "Workflow Payload skal være et JSON-objekt for denne ActionType.",
                "`Workflow Payload` has to be a JSON object for this `ActionType`",
            ));
        }
        let timeout_ms = given::timeout_ms(around.timeout, &payload, settings)?;
        Ok(Self {
            settings,
            configuration_id,
            workflow_id,
            action,
            payload,
            interaction_id: Id::text(around.interaction_id),
            contact_id: Id::text(around.contact_id),
            mapping_id: around.mapping_id.unwrap_or_default().trim().to_owned(),
            timeout_ms,
        })
    }

    /// What it does in the CRM system, as far as its action says. An action that nobody named may do anything.
    pub(crate) fn effect(&self) -> Effect {
        match &self.action {
            Some(action) if self.settings.only_reads(action) => Effect::Read,
            _ => Effect::Once,
        }
    }

    /// Runs it under this intent key. `reconciled`: this attempt has looked, and it is not done yet.
    pub(crate) fn run(&self, intent_key: &str, reconciled: bool) -> Ended {
        let (configuration, workflow) = (&self.configuration_id, &self.workflow_id);
        let service = read::service(self.settings, &self.settings.versions.execute);
        let path = format!("{service}/configuration/{configuration}/workflow/{workflow}");
        let what = format!("POST {path}");
        let effect = self.effect();
        let request = Request::post(path)
            .header("Accept", "application/json")
            .bytes("application/json", self.body().to_string())
            .timeout_ms(self.timeout_ms)
            .effect(effect);
        let request = if effect == Effect::Once { request.intent_key(intent_key) } else { request };
        let request = if reconciled { request.reconciled() } else { request };
        match request.send() {
            Ok(response) => {
                let ended = Ended::answered(&response, effect, &what, self.settings);
                if effect == Effect::Once && problem::leaves_open(response.status()) && ended.branch.is_sure() {
                    conclude(intent_key, ended.branch);
                }
                ended
            }
            Err(error) => Ended::unanswered(&error, &what),
        }
    }

    /// The API knows a body for each action.
    fn body(&self) -> Value {
        let action = self.action.as_deref();
        let mut body = if is_one_of(&[MEMORIALISATION], action) {
            self.memorialising_body()
        } else if is_one_of(&PAYLOAD_IS_BODY, action) {
            self.payload.as_object().cloned().unwrap_or_default()
        } else if is_one_of(&[TRIGGER], action) {
            members(json!({ "workflowInput": self.payload }))
        } else if is_one_of(&[&self.settings.names.create_action], action) {
            self.creating_body()
        } else {
            members(json!({
                "interactionID": self.interaction_id,
                "contactID": self.contact_id,
                "workflowInput": self.payload,
                "cacheKey": "",
                "dynamicDataMappingId": self.mapping_id,
            }))
        };
        if let Some(action) = action {
            body.insert("action".into(), action.into());
        }
        Value::Object(body)
    }

    /// The payload's own members outweigh what the input says beside them.
    fn memorialising_body(&self) -> Map<String, Value> {
        let mut body = self.payload.as_object().cloned().unwrap_or_default();
        let beside = [
            ("interactionID", &self.interaction_id),
            ("contactID", &self.contact_id),
            ("dataMappingId", &self.mapping_id),
        ];
        for (name, value) in beside.into_iter().filter(|(_, value)| !value.is_empty()) {
            body.entry(name).or_insert_with(|| value.as_str().into());
        }
        body
    }

    /// The API spells `interactionId` otherwise here than in a search.
    fn creating_body(&self) -> Map<String, Value> {
        let mut body = members(json!({
            "workflowId": self.workflow_id,
            "configurationId": self.configuration_id,
            "interactionId": self.interaction_id,
            "workflowInput": self.payload,
        }));
        let more = [("contactID", &self.contact_id), ("dynamicDataMappingId", &self.mapping_id)];
        let given = more.into_iter().filter(|(_, value)| !value.is_empty());
        body.extend(given.map(|(name, value)| (name.to_owned(), value.as_str().into())));
        body
    }
}

/// The connection's table knows what the status does not say.
fn conclude(intent_key: &str, branch: Branch) {
    if let Err(reason) = http::conclude(intent_key, branch == Branch::Success) {
        log::warn(format!("Udfaldet kunne ikke noteres: {reason}"));
    }
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn is_one_of(known: &[&str], action: Option<&str>) -> bool {
    action.is_some_and(|action| known.iter().any(|known| known.eq_ignore_ascii_case(action)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "97914225-D898-47ad-a807-4ccf090f830a";

    fn execution(settings: &Settings, action: Option<&str>, payload: Value) -> Result<Value, Failure> {
        let contact = Id::Number(987_654);
        let around = Around { contact_id: Some(&contact), ..Around::default() };
        Execution::new(settings, (ID, ID), action, &payload, &around).map(|execution| execution.body())
    }

    #[test]
    fn each_action_has_its_body() {
        let settings = Settings::default();
        let body = |action, payload| execution(&settings, action, payload).expect("a body");
        let search = body(Some("Search"), json!({ "email": "a@b.dk" }));
        let around = json!({ "interactionID": "", "contactID": "987654", "cacheKey": "", "dynamicDataMappingId": "" });
        for (name, value) in around.as_object().expect("an object") {
            assert_eq!(&search[name], value, "{name}");
        }
        assert_eq!(search["workflowInput"], json!({ "email": "a@b.dk" }));
        assert_eq!(body(None, json!({})).get("action"), None);
        let lower = ID.to_ascii_lowercase();
        let creating = json!({ "action": "create", "workflowId": lower, "configurationId": lower, "contactID": "987654",
            "interactionId": "", "workflowInput": {} });
        assert_eq!(body(Some("create"), json!({})), creating);
        assert_eq!(body(Some("Trigger"), json!([1])), json!({ "action": "Trigger", "workflowInput": [1] }));
        let timeline = json!({ "action": "Timeline", "cxoneContact": { "contactId": 1 } });
        assert_eq!(body(Some("Timeline"), json!({ "cxoneContact": { "contactId": 1 } })), timeline);
        assert!(execution(&settings, Some("RelatesTo"), json!([])).is_err());
        let kept = body(Some("DataMemorialization"), json!({ "cxoneContact": {} }));
        assert_eq!(kept, json!({ "action": "DataMemorialization", "contactID": "987654", "cxoneContact": {} }));
        let own = body(Some("DataMemorialization"), json!({ "contactID": "1" }));
        assert_eq!(own, json!({ "action": "DataMemorialization", "contactID": "1" }));
    }

    #[test]
    fn only_a_named_search_reads() {
        let settings = Settings::default();
        let effect = |action| {
            let made = Execution::new(&settings, (ID, ID), action, &json!({}), &Around::default());
            made.expect("an execution").effect()
        };
        assert_eq!(effect(Some(" search ")), Effect::Read);
        assert_eq!(
            (effect(Some("Create")), effect(None), effect(Some(""))),
            (Effect::Once, Effect::Once, Effect::Once)
        );
    }
}
