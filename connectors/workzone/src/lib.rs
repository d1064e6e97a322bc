//! The WorkZone connector: what XFlow's data deliveries do in KMD WorkZone, over OData. This file says who it
//! is; each operation has a file, and everything about the protocol is in `odata`.

mod exchange; // how requests go out, and how what must happen once does
mod fields; // XFlow's fields as WorkZone's properties
mod identity; // CPR, CVR and e-mail addresses
mod odata; // text of OData, both ways
mod operations; // one file each
mod problem; // what went wrong, in words
mod row; // reading what a row holds
mod settings; // how one WorkZone differs from another

use sluse_sdk::{Call, Connector, CredentialKind, EndpointNeed, Failure, Finding, Operation, operation};

pub use settings::Settings;

use operations::{add_custom_tab, add_documents, add_parties, check, create_or_find_case, lookup, update_case};

/// KMD WorkZone.
#[derive(Debug)]
pub struct WorkZoneConnector;

impl Connector for WorkZoneConnector {
    type Settings = Settings;

    const NAME: &'static str = "workzone";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = "KMD WorkZone";
    const SUMMARY: &'static str =
        "Opens and updates cases in KMD WorkZone over OData, with parties, documents and custom tabs.";
    const OPERATIONS: &'static [Operation<Settings>] = &[
        operation!(
            "create-or-find-case",
            "WorkzoneOpretSag",
            "Opens a case, or finds the one that is there: by case id, by case number, or by its external reference.",
            create_or_find_case::run
        ),
        operation!("update-case", "WorkzoneOpdaterSag", "Writes those fields of a case that differ.", update_case::run),
        operation!(
            "add-parties",
            "WorkzoneTilføjParter",
            "Adds persons, companies and e-mail contacts to a case as parties.",
            add_parties::run
        ),
        operation!(
            "add-documents",
            "WorkzoneTilføjDokumenter",
            "Adds files to a case as documents: one main document with the others as annexes, linked to parties.",
            add_documents::run
        ),
        operation!(
            "add-custom-tab",
            "WorkzoneTilføjCustomTabs",
            "Fills the blank fields of a custom tab, or of the case itself, and leaves filled ones alone.",
            add_custom_tab::run
        ),
        operation!(
            "lookup",
            "WorkzoneOpslag",
            "Looks up cases, contacts and entries of lists, and changes nothing.",
            lookup::run
        )
        .reads_only(),
    ];

    fn endpoints() -> Vec<EndpointNeed> {
        let title = "The OData service, up to its root: `https://HOST/OData4` or `https://HOST/odata`";
        vec![EndpointNeed::required("default", title).credentials([
            CredentialKind::Oauth2ClientCredentials,
            CredentialKind::Ntlm,
            CredentialKind::Basic,
        ])]
    }

    fn check(call: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
        check::run(call)
    }
}

sluse_sdk::export_target!(WorkZoneConnector);
