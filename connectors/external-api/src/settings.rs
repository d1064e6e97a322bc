//! How one API differs from another. The names of the request are Enate's; the form of answers and callbacks is
//! public nowhere, so that each part of it is a setting, and README.md marks it as an assumption.

mod names; // members of requests, answers and callbacks
pub(crate) mod request; // what `call` and `read` send
mod rules; // what a named request may not be

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluse_sdk::Failure;

pub(crate) use names::Names;
use request::NamedRequest;

/// The settings of a connection to an outside API.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Whether the API answers at once, or calls back later.
    pub response_mode: ResponseMode,
    /// How long to wait for the callback, in seconds.
    #[schemars(range(min = 1))]
    pub callback_timeout_s: u64,
    /// The path that actions are sent to, below the endpoint's address. Begins with one `/`, percent-encoded.
    pub trigger_path: String,
    /// The method that actions are sent with.
    pub trigger_method: TriggerMethod,
    /// The header that names the delivery, the same on every attempt. Null sends none.
    pub idempotency_header: Option<String>,
    /// The API does nothing twice that comes under the same `idempotency_header`. Then a trigger that was interrupted
    /// is sent again by itself.
    pub repeatable: bool,
    /// Where to look whether a trigger that was interrupted has arrived: 404 or 410 says that it has not, 2xx that it
    /// has. `{reference}`, `{guid}` and `{key}` (the value of `idempotency_header`) stand for those of the action.
    pub status_path: Option<String>,
    /// What 408, 500, 502, 504 and other server errors mean; 429 and 503 always mean that nothing was done.
    pub server_errors: ServerErrors,
    /// What any other 4xx means.
    pub refusals: Refusals,
    /// The members of requests, answers and callbacks.
    pub names: Names,
    /// The values of `names.success` that mean success, compared as texts and without case. Any other means the opposite.
    pub success_values: Vec<String>,
    /// The custom data that the API may change. What else it sends is left out and named in `ignored`. Null takes all.
    pub known_data_fields: Option<Vec<String>>,
    /// Longer reasons are cut. The host keeps a message of 1 KiB, and a letter may take two bytes.
    #[schemars(range(min = 1, max = 450))]
    pub max_reason_chars: u32,
    /// A path that may be read without any effect, for checking the connection.
    pub check_path: Option<String>,
    /// The path that notices are sent to.
    pub notify_path: String,
    /// The requests that `call` and `read` send, by name.
    pub requests: BTreeMap<String, NamedRequest>,
}

/// When the API says what came of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ResponseMode {
    /// In the answer to the request.
    Sync,
    /// Later, at the address that it is given. A 2xx means that it has accepted the action.
    Callback,
}

/// The method that actions are sent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TriggerMethod {
    Post,
    Put,
}

/// What a server error means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ServerErrors {
    /// The API may have acted before it failed.
    InDoubt,
    /// The API is known to undo what it began: the trigger counts as a connection that failed.
    NotDone,
}

/// What an answer with another 4xx means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Refusals {
    /// The action was unsuccessful.
    Unsuccessful,
    /// The trigger counts as a connection that failed, and is tried again.
    Unavailable,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            response_mode: ResponseMode::Callback,
            callback_timeout_s: 86_400,
            trigger_path: "/".into(),
            trigger_method: TriggerMethod::Post,
            idempotency_header: Some("Idempotency-Key".into()),
            repeatable: false,
            status_path: None,
            server_errors: ServerErrors::InDoubt,
            refusals: Refusals::Unsuccessful,
            names: Names::default(),
            success_values: vec!["true".into(), "1".into()],
            known_data_fields: None,
            max_reason_chars: 400,
            check_path: None,
            notify_path: "/".into(),
            requests: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// What the schema cannot say: paths and headers that a request can carry, and settings that go together.
    pub(crate) fn verify(&self) -> Result<(), Failure> {
        let paths = [
            ("trigger_path", Some(&self.trigger_path)),
            ("status_path", self.status_path.as_ref()),
            ("check_path", self.check_path.as_ref()),
            ("notify_path", Some(&self.notify_path)),
        ];
        for (place, path) in paths {
            if path.is_some_and(|path| !is_path(path)) {
                return Err(unfit(place, "a path that begins with one `/`, percent-encoded"));
            }
        }
        if self.idempotency_header.as_ref().is_some_and(|name| !is_header(name)) {
            return Err(unfit("idempotency_header", "the name of a header: letters, digits and dashes"));
        }
        if self.repeatable && self.idempotency_header.is_none() {
            return Err(unfit("repeatable", "false without an `idempotency_header`"));
        }
        rules::verify(&self.requests).map_err(|(place, wanted)| unfit(&place, &wanted))?;
        match self.names.all().into_iter().find(|(_, name)| name.trim().is_empty()) {
            Some((place, _)) => Err(unfit(&format!("names.{place}"), "the name of a member")),
            None => Ok(()),
        }
    }
}

fn is_path(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\\#\"<>^`|".contains(&byte);
    path.starts_with('/') && !path.starts_with("//") && path.bytes().all(plain)
}

fn is_header(name: &str) -> bool {
    !name.is_empty() && name.len() <= 100 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn unfit(place: &str, wanted: &str) -> Failure {
    Failure::invalid("settings-not-usable", format!("Forbindelsens indstilling `{place}` kan ikke bruges."))
        .detail(format!("the setting `{place}` must be {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(settings: serde_json::Value, place: &str) {
        let settings: Settings = serde_json::from_value(settings).expect("of the right shape");
        let failure = settings.verify().expect_err("refused");
        assert!(failure.problem().message.contains(place), "{failure:?}");
    }

    #[test]
    fn the_defaults_can_be_used() {
        let settings: Settings = serde_json::from_str("{}").expect("all have defaults");
        assert!(settings.verify().is_ok());
        assert_eq!((settings.names.action.as_str(), settings.names.callback_url.as_str()), ("Action", "CallBackURL"));
    }

    #[test]
    fn a_path_that_would_change_the_address_is_refused() {
        for path in ["trigger", "//evil.example", "/a b", "/\\evil", "/æ", ""] {
            refused(serde_json::json!({ "trigger_path": path }), "trigger_path");
        }
        refused(serde_json::json!({ "status_path": "/a#b" }), "status_path");
    }

    #[test]
    fn a_header_that_is_none_is_refused() {
        refused(serde_json::json!({ "idempotency_header": "Idempotency Key" }), "idempotency_header");
    }

    #[test]
    fn nothing_is_repeatable_without_a_key() {
        refused(serde_json::json!({ "idempotency_header": null, "repeatable": true }), "repeatable");
    }

    #[test]
    fn a_blank_name_is_refused() {
        refused(serde_json::json!({ "names": { "success": " " } }), "names.success");
    }
}
