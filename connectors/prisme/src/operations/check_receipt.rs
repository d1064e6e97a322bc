//! Reads the receipt of a file, in the form that the settings say. What Prisme writes into it is shown to people, so
//! personal numbers in it are covered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluse_formats::file;
use sluse_sdk::{Call, Failure, text};

use crate::{
    folders::RECEIPTS,
    settings::{ReceiptFormat, Settings},
};

/// Longer reasons are cut.
const MAX_REASON_CHARS: usize = 200;

/// Which receipt.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The file that was written: `file_name` of `post-finance` or `pay-creditor`.
    #[schemars(length(min = 1))]
    file_name: String,
    /// Whether a receipt that is not there yet is worth another attempt. Otherwise the status is `pending`.
    #[serde(default)]
    wait: bool,
}

/// What Prisme says of the file.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// What became of it as a whole.
    status: Status,
    /// The name of the receipt.
    receipt_name: String,
    /// How many lines were taken.
    accepted_lines: usize,
    /// The lines that were refused.
    rejected_lines: Vec<RejectedLine>,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Status {
    /// There is no receipt yet.
    Pending,
    /// Every line was taken.
    Accepted,
    /// Some lines were refused.
    PartlyRejected,
    /// Every line was refused.
    Rejected,
}

/// A line that was refused.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RejectedLine {
    /// Its line number.
    line_no: u32,
    /// Why, in Prisme's words.
    reason: Option<String>,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Output, Failure> {
    call.settings.dialect()?;
    let format = &call.settings.receipt;
    let receipt_name = format.name_of(input.file_name.trim());
    let Some(bytes) = file::read(RECEIPTS, &receipt_name)? else {
        if input.wait {
            let message = format!("Prisme har ikke lagt kvitteringen `{receipt_name}` endnu.");
            return Err(Failure::unavailable("receipt-not-there", message));
        }
        return Ok(Output { status: Status::Pending, receipt_name, accepted_lines: 0, rejected_lines: Vec::new() });
    };
    let wrong = |what: &str| {
        Failure::invalid("receipt-not-understood", format!("Kvitteringen `{receipt_name}` kan ikke forstås."))
            .detail(format!("{what}; see `receipt` in the connection's settings"))
    };
    let text = format.encoding.decode(&bytes).ok_or_else(|| wrong("it is not in the encoding of the settings"))?;
    let (accepted_lines, rejected_lines) = read(&text, format).map_err(|what| wrong(&what))?;
    let status = match (accepted_lines, rejected_lines.len()) {
        (0, 0) => return Err(wrong("it has no lines")),
        (_, 0) => Status::Accepted,
        (0, _) => Status::Rejected,
        _ => Status::PartlyRejected,
    };
    Ok(Output { status, receipt_name, accepted_lines, rejected_lines })
}

/// How many lines were taken, and which were not; or what cannot be understood.
fn read(text: &str, format: &ReceiptFormat) -> Result<(usize, Vec<RejectedLine>), String> {
    let mut accepted = 0;
    let mut rejected = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in text.lines().enumerate().skip(format.header_lines) {
        if line.trim().is_empty() {
            continue;
        }
        let columns: Vec<&str> = line.split(&format.delimiter).map(str::trim).collect();
        let column = |number: usize| columns.get(number - 1).copied().filter(|text| !text.is_empty());
        let line_no = column(format.line_no_column).and_then(|text| text.parse().ok());
        let (Some(line_no), Some(status)) = (line_no, column(format.status_column)) else {
            return Err(format!("line {} has no line number or no status", index + 1));
        };
        if format.accepted.iter().any(|word| word.to_lowercase() == status.to_lowercase()) {
            accepted += 1;
        } else {
            let reason = format.reason_column.and_then(column).map(presentable);
            rejected.push(RejectedLine { line_no, reason });
        }
    }
    Ok((accepted, rejected))
}

fn presentable(reason: &str) -> String {
    let shown: String = reason.chars().filter(|one| !one.is_control()).collect();
    text::without_personal_numbers(&shown).chars().take(MAX_REASON_CHARS).collect()
}
