//! What was given for an execution, read: ids, payload, time. What cannot be right is refused before anything is sent.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use sluse_sdk::Failure;

use crate::{
    problem::bad_input,
    settings::{Milliseconds, Settings},
};

/// The member of a payload that says how long its workflow may take.
const TIMEOUT: &str = "timeoutMilliSec";

/// An id of CXone, as a text or as a number.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Id {
    Text(String),
    Number(u64),
}

impl Id {
    pub(crate) fn text(id: Option<&Self>) -> String {
        match id {
            Some(Self::Text(text)) => text.trim().to_owned(),
            Some(Self::Number(number)) => number.to_string(),
            None => String::new(),
        }
    }
}

pub(crate) fn configuration_id(text: &str) -> Result<String, Failure> {
    uuid(text).ok_or_else(|| {
        bad_input(
            "configuration-id-not-valid",
            "Configuration Id er ikke et gyldigt id. Find det under Agentintegrationer, Konfigurationer i CXone.",
            "`Configuration Id` has to be a UUID",
        )
    })
}

pub(crate) fn workflow_id(text: &str) -> Result<String, Failure> {
    uuid(text).ok_or_else(|| {
        bad_input(
            "workflow-id-not-valid",
            "Workflow Id er ikke et gyldigt id. Find det under Agentintegrationer, Konfigurationer i CXone.",
            "`Workflow Id` has to be a UUID",
        )
    })
}

/// A UUID, in lower case; Studio pads what it hands over.
fn uuid(text: &str) -> Option<String> {
    let text = text.trim();
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let is_hex = groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()));
    (lengths == [8, 4, 4, 4, 12] && is_hex).then(|| text.to_ascii_lowercase())
}

/// JSON as a text, which is how Studio's `asjson()` hands it over, or as it is.
pub(crate) fn payload(payload: &Value) -> Result<Value, Failure> {
    let read = match payload {
        Value::String(text) => serde_json::from_str(text).ok(),
        Value::Null => None,
        other => Some(other.clone()),
    };
    read.ok_or_else(|| {
        bad_input(
            "payload-not-json",
            "Workflow Payload er ikke gyldig JSON. I Studio laves den med .asjson().",
            "`Workflow Payload` has to be a JSON text, or an object",
        )
    })
}

/// What the input says, else what its payload says, else what the connection says.
pub(crate) fn timeout_ms(given: Option<&Milliseconds>, payload: &Value, settings: &Settings) -> Result<u32, Failure> {
    let in_payload = payload.get(TIMEOUT).cloned().map(serde_json::from_value::<Milliseconds>);
    let chosen = match (given, in_payload) {
        (Some(given), _) => given.get(),
        (None, Some(in_payload)) => in_payload.ok().and_then(|timeout| timeout.get()),
        (None, None) => settings.timeout_millisec.get(),
    };
    chosen.ok_or_else(|| {
        bad_input(
            "timeout-not-valid",
            "timeoutMilliSec er ikke et antal millisekunder.",
            &format!("`{TIMEOUT}` has to be {}", Milliseconds::WANTED),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: &str = "97914225-D898-47ad-a807-4ccf090f830a";

    #[track_caller]
    fn timeout(given: Option<Milliseconds>, payload: Value, expected: Option<u32>) {
        let found = timeout_ms(given.as_ref(), &payload, &Settings::default());
        assert_eq!(found.ok(), expected);
    }

    #[test]
    fn an_id_is_a_uuid() {
        assert_eq!(uuid(&format!(" {ID}\n")).as_deref(), Some("97914225-d898-47ad-a807-4ccf090f830a"));
        for text in
            ["", "{integrationConfigId}", "97914225d89847ada8074ccf090f830a", "97914225-d898-47ad-a807-4ccf090f830g"]
        {
            assert_eq!(uuid(text), None, "{text}");
        }
    }

    #[test]
    fn a_payload_is_json_as_text_or_as_it_is() {
        assert_eq!(payload(&json!(r#"{"a":"æ"}"#)).ok(), Some(json!({ "a": "æ" })));
        assert_eq!(payload(&json!({ "a": 1 })).ok(), Some(json!({ "a": 1 })));
        for text in ["", "hej", "{a:1}", "{\"a\":1"] {
            assert!(payload(&json!(text)).is_err(), "{text}");
        }
        assert!(payload(&Value::Null).is_err());
    }

    #[test]
    fn the_nearest_timeout_counts() {
        let text = |text: &str| Some(Milliseconds::Text(text.into()));
        timeout(text("250"), json!({ "timeoutMilliSec": "9000" }), Some(250));
        timeout(None, json!({ "timeoutMilliSec": "9000" }), Some(9000));
        timeout(None, json!({ "timeoutMilliSec": 9000 }), Some(9000));
        timeout(None, json!([]), Some(6000));
        timeout(text("six"), json!({}), None);
        timeout(None, json!({ "timeoutMilliSec": [1] }), None);
    }
}
