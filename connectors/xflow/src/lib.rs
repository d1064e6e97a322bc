//! The connector to XFlow: what waits for SD Løn and Prisme comes in, each part on its own, and XFlow hears when both are
//! delivered. Also reads and moves processes. This file says who it is; what it does has a file each.

mod check; // whether the connection works
mod exchange; // requests, and the answers that mislead
mod group; // what the parts of one answer are called
mod operations; // what it can be asked to do with processes
mod part; // what a flow gets
mod poll; // looking for what waits
mod problem; // what went wrong, in words
mod process; // a process as XFlow writes it
mod settings; // how one XFlow differs from another
mod settle; // telling what became of a delivery
#[cfg(test)]
mod tests; // the feed as a whole

use sluse_sdk::{Call, Connector, CredentialKind, EndpointNeed, Failure, Feed, Finding, Operation, feed, operation};

pub use settings::Settings;

use operations::{advance, get_process, reject, search_processes};

/// XFlow.
#[derive(Debug)]
pub struct XFlowConnector;

impl Connector for XFlowConnector {
    type Settings = Settings;

    const NAME: &'static str = "xflow";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = "XFlow";
    const SUMMARY: &'static str =
        "Fetches what XFlow has for SD Løn and Prisme, acknowledges it once both are delivered, and moves processes.";
    const OPERATIONS: &'static [Operation<Settings>] = &[
        operation!("get-process", "Process", "Reads a process with its fields and activities.", get_process::run)
            .reads_only(),
        operation!(
            "search-processes",
            "Søg processer",
            "Finds processes by text, template and day of creation.",
            search_processes::run
        )
        .reads_only(),
        operation!("advance", "Advance", "Moves a process on from an activity.", advance::run),
        operation!("reject", "Reject", "Sends a process back to an activity, with a note.", reject::run),
    ];
    const FEEDS: &'static [Feed<Settings>] = &[feed!(
        "deliveries",
        "Dataafleveringer til SD Løn og Prisme",
        "What waits for SD Løn and for Prisme: both come in the same answer.",
        180,
        poll::run
    )
    .settled_by(settle::run)];

    fn endpoints() -> Vec<EndpointNeed> {
        let title = "The XFlow API: `https://api.INSTANCE.xflow.dk`, with the key in the header `publicApiToken`";
        vec![EndpointNeed::required("default", title).credentials([CredentialKind::ApiKey])]
    }

    fn check(call: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
        check::run(call)
    }
}

sluse_sdk::export_target_and_source!(XFlowConnector);
