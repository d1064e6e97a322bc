//! What the receipts look like that Prisme lays back. Published nowhere: lines with columns is what comparable systems
//! write.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluse_formats::Charset;

/// The form of a receipt: a line for each line of the file, in columns.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReceiptFormat {
    /// Its name; `{file}` stands for the name of the file, `{stem}` for the name without its last ending.
    pub file_name: String,
    /// Its encoding.
    pub encoding: Charset,
    /// What stands between two columns.
    pub delimiter: String,
    /// Lines before the first that counts.
    pub header_lines: usize,
    /// The column of the line number, counted from 1.
    #[schemars(range(min = 1))]
    pub line_no_column: usize,
    /// The column that says what became of the line.
    #[schemars(range(min = 1))]
    pub status_column: usize,
    /// The column that says why.
    #[schemars(range(min = 1))]
    pub reason_column: Option<usize>,
    /// What the status says of a line that was taken, compared without case. Anything else means that it was refused.
    pub accepted: Vec<String>,
}

impl Default for ReceiptFormat {
    fn default() -> Self {
        Self {
            file_name: "{stem}.kvit".into(),
            encoding: Charset::Utf8,
            delimiter: ";".into(),
            header_lines: 0,
            line_no_column: 1,
            status_column: 2,
            reason_column: Some(3),
            accepted: vec!["OK".into(), "GODKENDT".into()],
        }
    }
}

impl ReceiptFormat {
    /// The setting that cannot be, and what it must be.
    pub(super) fn verify(&self) -> Result<(), (&'static str, &'static str)> {
        let columns = [self.line_no_column, self.status_column, self.reason_column.unwrap_or(1)];
        if !self.file_name.contains("{file}") && !self.file_name.contains("{stem}") {
            return Err(("file_name", "a name with `{file}` or `{stem}` in it, or every file has the same receipt"));
        }
        if self.delimiter.is_empty() {
            return Err(("delimiter", "a character or more"));
        }
        if columns.contains(&0) {
            return Err(("line_no_column", "counted from 1, like `status_column` and `reason_column`"));
        }
        if self.accepted.is_empty() {
            return Err(("accepted", "at least one word, or every line counts as refused"));
        }
        Ok(())
    }

    /// The name of the receipt of `file`.
    pub(crate) fn name_of(&self, file: &str) -> String {
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        self.file_name.replace("{file}", file).replace("{stem}", stem)
    }
}
