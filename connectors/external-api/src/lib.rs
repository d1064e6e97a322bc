//! The connector to any outside HTTP API, with the host in the part of Enate's *Trigger External API*: it asks, waits
//! for the answer or for the callback, and says what came of it. This file says who it is; each operation has a file.

mod exchange; // how the trigger goes out, once
mod operations; // one file each
mod packet; // an action as the API reads it
mod problem; // what went wrong, in words
mod reason; // the API's own words, for people
mod settings; // how one API differs from another
mod verdict; // what an answer or a callback says

use sluse_sdk::{Call, Connector, CredentialKind, EndpointNeed, Failure, Finding, Operation, operation};

pub use settings::Settings;

use operations::{check, notify, trigger};

/// Any outside HTTP API.
#[derive(Debug)]
pub struct ExternalApiConnector;

impl Connector for ExternalApiConnector {
    type Settings = Settings;

    const NAME: &'static str = "external-api";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = "External API";
    const SUMMARY: &'static str =
        "Triggers an outside HTTP API, waits for its answer or its callback, and sends notices as webhooks.";
    const OPERATIONS: &'static [Operation<Settings>] = &[
        operation!(
            "trigger",
            "Trigger External API",
            "Hands an action to the API, and ends when the API has said whether it succeeded.",
            trigger::run,
            resume: trigger::resume
        ),
        operation!(
            "notify",
            "Notify",
            "Sends a notice in the shape of Standard Webhooks: type, timestamp and data.",
            notify::run
        ),
    ];

    fn endpoints() -> Vec<EndpointNeed> {
        let title = "The API, up to what `trigger_path`, `status_path`, `check_path` and `notify_path` begin with";
        vec![EndpointNeed::required("default", title).credentials([
            CredentialKind::Nothing,
            CredentialKind::Basic,
            CredentialKind::Bearer,
            CredentialKind::ApiKey,
            CredentialKind::Oauth2ClientCredentials,
            CredentialKind::ClientCertificate,
            CredentialKind::Signature,
        ])]
    }

    fn check(call: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
        check::run(call)
    }
}

sluse_sdk::export_target!(ExternalApiConnector);
