//! Writes finance postings (G69) into one file. They balance, or nothing is written; every value is looked at before a
//! number is reserved.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluse_sdk::{Call, Failure, log};

use crate::{
    balance::{Balance, Side},
    file::{self, Batch, MAX_LINES},
    folders,
    g69::{Common, Posted, Posting, PostingType},
    settings::Settings,
};

/// Postings of one batch.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// What names the batch: the same key is the same file. Up to 50 characters; beyond 20 a shortened one stands in the
    /// file (field 250).
    #[schemars(length(min = 1))]
    batch_key: String,
    /// The kind of all postings.
    #[serde(default)]
    posting_type: PostingType,
    /// The posting date of postings that name none.
    #[serde(default)]
    posting_date: Option<String>,
    /// The postings, in the order of the file.
    #[schemars(length(min = 1))]
    postings: Vec<Posting>,
}

/// What was written.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// The name of the file.
    file_name: String,
    /// The SHA-256 of the file, in hex.
    sha256: String,
    /// The line number of each posting, in the order of the input.
    line_nos: Vec<u32>,
    /// What was posted, by machine number and date.
    balance: Vec<Side>,
    /// What a person should know: CPR numbers that fail modulus 11, a batch key that was shortened.
    warnings: Vec<String>,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Output, Failure> {
    let settings = &call.settings;
    let dialect = settings.dialect()?;
    let mut warnings = Vec::new();
    let key = file::key(&input.batch_key, &mut warnings)?;
    let batch = Batch::of(key, folders::PRISME, settings, &dialect);
    let count = u32::try_from(input.postings.len()).ok().filter(|count| (1..=MAX_LINES).contains(count));
    let count = count.ok_or_else(|| {
        Failure::invalid("postings-count", format!("Der skal være mellem 1 og {MAX_LINES} posteringer."))
    })?;
    let common = Common {
        settings,
        dialect: &dialect,
        posting_type: input.posting_type,
        date: input.posting_date.as_deref(),
        key,
    };
    let mut balance = Balance::default();
    let mut posted = Vec::with_capacity(input.postings.len());
    for (index, posting) in input.postings.iter().enumerate() {
        let one = Posted::read(posting, &common, &format!("Postering {}, ", index + 1), &mut warnings)?;
        balance.add(&one.maskinnr, &one.date.to_string(), one.sides())?;
        posted.push(one);
    }
    let balance = balance.settle()?;
    warnings.iter().for_each(log::warn);
    let there = batch.there()?;
    let numbers = batch.numbers(there.as_deref(), count, call)?;
    let line_nos: Vec<u32> = (numbers.line..).take(posted.len()).collect();
    let lines = posted.iter().zip(&line_nos).zip(numbers.dispatch..);
    let lines: Vec<String> = lines.map(|((one, line_no), dispatch)| one.line(*line_no, dispatch)).collect();
    let sha256 = batch.ready(&lines, numbers, there.as_deref())?.publish()?;
    Ok(Output { file_name: batch.name, sha256, line_nos, balance, warnings })
}
