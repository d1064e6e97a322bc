//! The connector to the CRM workflows of NICE CXone, as the Studio action *Workflow Execute* runs them. This file says
//! who it is; each operation has a file.

mod answer; // what the API's JSON holds
mod branch; // the paths that an execution may take
mod ended; // what an execution came to
mod execution; // which workflow, with what
mod given; // ids, payload and time, read
mod operations; // one file each
mod problem; // what went wrong, in words
mod read; // lists, and what is kept
mod settings; // what differs between tenants

use sluse_sdk::{Call, Connector, CredentialKind, EndpointNeed, Failure, Finding, Operation, operation};

pub use settings::Settings;

use operations::{check, create_record, execute_workflow, get_cached, list_workflows, search};

/// NICE CXone's agent integrations.
#[derive(Debug)]
pub struct CrmWorkflowConnector;

impl Connector for CrmWorkflowConnector {
    type Settings = Settings;

    const NAME: &'static str = "crm-workflow";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = "CRM Workflow";
    const SUMMARY: &'static str =
        "Runs CRM workflows of NICE CXone as the Studio action Workflow Execute does, and says which branch they took.";
    const OPERATIONS: &'static [Operation<Settings>] = &[
        operation!(
            "execute-workflow",
            "Workflow Execute",
            "Runs one workflow of a configuration and gives errorArgs, resultSet, cacheKey and the branch.",
            execute_workflow::run
        ),
        operation!(
            "search",
            "Search",
            "Runs a search workflow by phone number, e-mail or anything else, and gives the records that it finds.",
            search::run
        )
        .reads_only(),
        operation!(
            "create-record",
            "Create record",
            "Creates a record by a workflow, once: with an external reference it is looked for first.",
            create_record::run
        ),
        operation!(
            "get-cached",
            "Get cached results",
            "Reads what a workflow found earlier in an interaction, by its cacheKey.",
            get_cached::run
        )
        .reads_only(),
        operation!(
            "list-workflows",
            "List workflows",
            "Lists the active configurations, or the workflows of one of them.",
            list_workflows::run
        )
        .reads_only(),
    ];

    fn endpoints() -> Vec<EndpointNeed> {
        let title = "CXone's API (`api_endpoint` of the discovery), up to what `services_path` begins with";
        vec![EndpointNeed::required("default", title).credentials([CredentialKind::Oauth2Password])]
    }

    fn check(call: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
        check::run(call)
    }
}

sluse_sdk::export_target!(CrmWorkflowConnector);
