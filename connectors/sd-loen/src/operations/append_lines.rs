//! Writes the lines of a batch into one file. The same batch is the same file, whoever hands it in again.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluse_formats::{
    Date, Unfit, file,
    layout::{Facts, Row},
};
use sluse_sdk::{Call, Failure, log};

use crate::{FOLDER, settings::Settings, written::Written};

/// The lines of a batch. Not printed: person numbers stand in them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Names the batch: the same key is the same file.
    #[schemars(length(min = 1, max = 100))]
    batch_key: String,
    /// The values of each line, by the names of the layout's columns: texts, or numbers of up to 15 digits.
    #[schemars(length(min = 1, max = 100_000))]
    lines: Vec<BTreeMap<String, Written>>,
    /// The day that header and trailer write; that of the submission when absent. Give it where a batch may be handed in
    /// again on another day: with another date it is another file.
    #[serde(default)]
    date: Option<String>,
}

/// The file that was written.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// In the folder of the connection.
    file_name: String,
    /// The lines that were handed in; header and trailer are not counted.
    line_count: usize,
    /// Of the file's bytes, in hex.
    sha256: String,
    /// What was cut, where the layout allows that, and which CPR and CVR numbers fail modulus 11.
    warnings: Vec<String>,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Output, Failure> {
    let settings = &call.settings;
    let layout = settings.layout()?;
    let key = input.batch_key.trim();
    if key.is_empty() {
        return Err(Unfit::missing("Batchnøglen").into());
    }
    let date = match &input.date {
        Some(date) => Date::read(date, "Datoen")?,
        None => Date::in_denmark(call.accepted_at_ms),
    };
    let institution = settings.institution.clone().unwrap_or_default();
    let names = [("batch", key.to_owned()), ("institution", institution)];
    let line_count = input.lines.len();
    let rendered = layout.render(&rows(input.lines)?, &Facts { date, names: &names })?;
    rendered.warnings.iter().for_each(log::warn);
    let file_name = format!("{}{}{}", settings.file_prefix, file::named_after(key), settings.file_suffix);
    let by_itself = input.date.is_none() && layout.writes_date();
    let published = file::publish(FOLDER, &file_name, &rendered.bytes);
    let sha256 = published.map_err(|failure| if by_itself { with_date(failure) } else { failure })?;
    Ok(Output { file_name, line_count, sha256, warnings: rendered.warnings })
}

fn rows(lines: Vec<BTreeMap<String, Written>>) -> Result<Vec<Row>, Unfit> {
    let row = |(index, line): (usize, BTreeMap<String, Written>)| {
        let text = |(name, value): (String, Written)| {
            let text = value.into_text(|| format!("Linje {}, `{name}`", index + 1))?;
            Ok((name, text))
        };
        line.into_iter().map(text).collect()
    };
    lines.into_iter().enumerate().map(row).collect()
}

/// The same batch on another day is another file, when its first or last line writes the day.
fn with_date(failure: Failure) -> Failure {
    match failure {
        Failure::Rejected(mut problem) => {
            problem.message += " Filen skriver dagens dato: angiv `date`, hvis det er den samme batch på en anden dag.";
            Failure::Rejected(problem)
        }
        other => other,
    }
}
