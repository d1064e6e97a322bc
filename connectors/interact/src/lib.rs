//! The connector to WorkZone Interact: forms that citizens have submitted come in with their files, and Interact hears
//! what became of them. This file says who it is; what it does has a file each.

mod check; // whether the connection works
mod contacts; // the persons and companies of a form
mod cursor; // what was handed over already
mod fetch; // one submission with its files
mod form; // the XML of a form, read
mod interact; // requests to the service, and its answers
mod poll; // looking for submissions
mod problem; // what went wrong, in words
mod settings; // how one Interact differs from another
mod settle; // telling what became of a submission
mod submission; // what a flow gets
#[cfg(test)]
mod tests; // poll after poll

use sluse_sdk::{Call, Connector, CredentialKind, EndpointNeed, Failure, Feed, Finding, feed};

pub use settings::Settings;

/// WorkZone Interact.
#[derive(Debug)]
pub struct InteractConnector;

impl Connector for InteractConnector {
    type Settings = Settings;

    const NAME: &'static str = "interact";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = "WorkZone Interact";
    const SUMMARY: &'static str =
        "Fetches submitted forms from WorkZone Interact with their files, and tells Interact what became of them.";
    const FEEDS: &'static [Feed<Settings>] = &[feed!(
        "submissions",
        "Submitted dialogues",
        "Forms that have been submitted for handling in WorkZone.",
        60,
        poll::run
    )
    .settled_by(settle::run)];

    fn endpoints() -> Vec<EndpointNeed> {
        let title = "The Interact service; its address is the setting `Url`";
        vec![
            EndpointNeed::required("default", title)
                .credentials([CredentialKind::ClientCertificate, CredentialKind::Nothing]),
        ]
    }

    fn check(call: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
        check::run(call)
    }
}

sluse_sdk::export_source!(InteractConnector);
