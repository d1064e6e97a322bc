//! SD Løn: files for its import, mileage claims over its SOAP service, and whose employment a person number belongs to.
//! The layout of the import files is agreed with each customer and comes from the settings.

mod mileage; // a claim, as SD wants it
mod operations; // what the connector can be asked
mod problem; // what went wrong, in words
mod settings; // how one installation differs from another
mod soap; // what an answer of SD means
mod written; // a value of a line

use sluse_sdk::prelude::*;

pub use settings::Settings;

use operations::{append_lines, check, create_mileage, lookup_employment};

/// The folder that SD Løn imports from.
pub(crate) const FOLDER: &str = "sd-loen";

/// SD Løn.
#[derive(Debug)]
pub struct SdLoenConnector;

impl Connector for SdLoenConnector {
    type Settings = Settings;

    const NAME: &'static str = "sd-loen";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = "SD Løn";
    const SUMMARY: &'static str =
        "Writes files that SD Løn imports, claims mileage over its web service, and looks up employments.";
    const OPERATIONS: &'static [Operation<Settings>] = &[
        operation!(
            "append-lines",
            "Aflevér linjer",
            "Writes the lines of a batch into one file of the import folder.",
            append_lines::run
        ),
        operation!(
            "create-mileage",
            "Opret kørsel",
            "Claims mileage for an employee. One that may have arrived is never sent again by itself.",
            create_mileage::run
        ),
        operation!(
            "lookup-employment",
            "Slå ansættelse op",
            "Finds the employment of a person on a day.",
            lookup_employment::run
        )
        .reads_only(),
    ];

    fn endpoints() -> Vec<EndpointNeed> {
        let title = "SD's web services, `https://service.sd.dk`, for mileage and employments";
        vec![EndpointNeed::optional("default", title).credentials([CredentialKind::Basic])]
    }

    fn folders() -> Vec<FolderNeed> {
        vec![FolderNeed::optional(FOLDER, "The folder that SD Løn imports from")]
    }

    fn check(call: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
        check::run(call)
    }
}

sluse_sdk::export_target!(SdLoenConnector);
