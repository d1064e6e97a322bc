//! The connector to any outside HTTP API: what its settings say is sent and read, and an API that Enate's *Trigger
//! External API* would trigger is triggered the same way. This file says who it is; each operation has a file.

mod exchange; // how the trigger goes out, once
mod once; // what must happen once
mod operations; // one file each
mod packet; // an action as the API reads it
mod place; // places in JSON
mod problem; // what went wrong, in words
mod reason; // the API's own words, for people
mod requests; // what the settings name
mod settings; // how one API differs from another
mod verdict; // what an answer or a callback says

use sluse_sdk::{Call, Connector, CredentialKind, EndpointNeed, Failure, Finding, Operation, operation};

pub use settings::Settings;

use operations::{call, check, notify, trigger};

/// Any outside HTTP API.
#[derive(Debug)]
pub struct ExternalApiConnector;

impl Connector for ExternalApiConnector {
    type Settings = Settings;

    const NAME: &'static str = "external-api";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = "External API";
    const SUMMARY: &'static str = "Calls any outside HTTP API as the settings say, triggers it and waits for its callback, and sends notices as webhooks.";
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
        operation!(
            "call",
            "Call",
            "Sends a request that the connection's settings name, and ends with what they name of the answer.",
            call::run
        ),
        operation!(
            "read",
            "Read",
            "Reads with a request that the connection's settings name, page by page where the answer has pages.",
            call::read
        )
        .reads_only(),
    ];

    fn endpoints() -> Vec<EndpointNeed> {
        let title = "The API, up to what the paths of the settings begin with";
        vec![EndpointNeed::required("default", title).credentials([
            CredentialKind::Nothing,
            CredentialKind::Basic,
            CredentialKind::Bearer,
            CredentialKind::ApiKey,
            CredentialKind::Oauth2ClientCredentials,
            CredentialKind::Oauth2Password,
            CredentialKind::Ntlm,
            CredentialKind::ClientCertificate,
            CredentialKind::Signature,
        ])]
    }

    fn check(call: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
        check::run(call)
    }
}

sluse_sdk::export_target!(ExternalApiConnector);
