//! The connector to Prisme: finance postings (G69) and payments to creditors (G68 tied to G69) as files in a folder that
//! Prisme takes them from, and the receipts that it lays back. This file says who it is; each operation has a file.

mod balance; // what must come out even
mod file; // one batch, one file
mod g68; // a payment
mod g69; // a posting
mod operations; // one file each
mod problem; // what went wrong, in words
mod record; // numbered fields in a line
mod settings; // how one Prisme differs from another

use sluse_sdk::{Call, Connector, Failure, Finding, FolderNeed, Operation, operation};

pub use settings::Settings;

use operations::{check, check_receipt, pay_creditor, post_finance};

/// The number sequence that lines and dispatches are numbered from.
const SEQUENCE: &str = "postings";

/// The folders that a connection grants.
mod folders {
    /// Where Prisme takes files from.
    pub(crate) const PRISME: &str = "prisme";
    /// Where payments go whose CPR number fails modulus 11.
    pub(crate) const ODD_CPR: &str = "odd-cpr";
    /// Where control files go.
    pub(crate) const CONTROL: &str = "control";
    /// Where Prisme lays receipts.
    pub(crate) const RECEIPTS: &str = "receipts";
}

/// Prisme.
#[derive(Debug)]
pub struct PrismeConnector;

impl Connector for PrismeConnector {
    type Settings = Settings;

    const NAME: &'static str = "prisme";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = "Prisme";
    const SUMMARY: &'static str =
        "Writes finance postings (G69) and payments to creditors (G68) as files for Prisme, and reads its receipts.";
    const OPERATIONS: &'static [Operation<Settings>] = &[
        operation!(
            "post-finance",
            "Post finance",
            "Writes finance postings (G69) that balance per machine number and date into one file.",
            post_finance::run
        ),
        operation!(
            "pay-creditor",
            "Pay creditor",
            "Writes a Kreditorpost as a payment (G68) tied to its finance posting (G69) into one file.",
            pay_creditor::run
        ),
        operation!(
            "check-receipt",
            "Check receipt",
            "Reads the receipt of a file: which lines Prisme took, and which it refused.",
            check_receipt::run
        )
        .reads_only(),
    ];
    const SEQUENCES: &'static [&'static str] = &[SEQUENCE];

    fn folders() -> Vec<FolderNeed> {
        vec![
            FolderNeed::required(folders::PRISME, "Where Prisme takes files from"),
            FolderNeed::optional(folders::ODD_CPR, "Where payments go whose CPR number fails modulus 11"),
            FolderNeed::optional(folders::CONTROL, "Where control files go"),
            FolderNeed::optional(folders::RECEIPTS, "Where Prisme lays receipts").reads_only(),
        ]
    }

    fn check(call: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
        check::run(call)
    }
}

sluse_sdk::export_target!(PrismeConnector);
