//! Tries a connection without writing: whether the settings go together, and whether each folder that they need can be
//! read. That one may write there is for the host to prove.

use sluse_formats::file;
use sluse_sdk::{Call, Failure, Finding};

use crate::{
    folders::{CONTROL, ODD_CPR, PRISME, RECEIPTS},
    settings::{Dialect, Settings},
};

/// A file that nobody has, because no batch is called so.
const NO_FILE: &str = "sluse-findes-ikke.txt";

pub(crate) fn run(call: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
    let dialect = call.settings.dialect()?;
    let mut findings = vec![references(&dialect)];
    let needed = [(PRISME, true), (ODD_CPR, dialect.odd_cpr_apart), (CONTROL, dialect.control_file)];
    for (folder, is_needed) in needed {
        if is_needed {
            findings.push(readable(folder)?);
        }
    }
    // Not every connection reads receipts, so a folder that is not granted is no mistake.
    findings.extend(Some(readable(RECEIPTS)?).filter(|finding| finding.passed));
    Ok(findings)
}

fn references(dialect: &Dialect) -> Finding {
    if dialect.references_are_unique() {
        return Finding::passed("numbers", "Hver betaling får sin egen udbetalingshenvisning.");
    }
    Finding::failed(
        "numbers",
        "To betalinger på samme dag kan få samme udbetalingshenvisning. Sæt `line_numbers` eller `dispatch_numbers` til `reserved`.",
    )
}

fn readable(folder: &str) -> Result<Finding, Failure> {
    match file::read(folder, NO_FILE) {
        Ok(_) => Ok(Finding::passed(folder, format!("Mappen `{folder}` kan læses."))),
        // What cannot be asked now is not a finding about the settings.
        Err(failure @ Failure::Unavailable(_)) => Err(failure),
        Err(failure) => Ok(Finding::refused(folder, &failure)),
    }
}
