//! Writes Kreditorposter as payments (G68), each with the posting (G69) that it is tied to, into one file. A payment is
//! its posting's counter-entry; every value is looked at before a number is reserved.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluse_formats::{Date, Unfit};
use sluse_sdk::{Call, Failure, log};

use super::kreditorpost::{Kreditorpost, given};
use crate::{
    balance::{Balance, Side},
    file::{self, Batch, MAX_LINES, Numbers, Ready},
    folders,
    g68::Payment,
    g69::{Common, Posted, digits},
    record::Rules,
    settings::{Dialect, Numbering, Order, Record, Reference, Settings},
};

/// Kreditorposter of one batch.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// What names the batch: the same key is the same file. Up to 50 characters; beyond 20 a shortened one stands in the
    /// file (field 250).
    #[schemars(length(min = 1))]
    batch_key: String,
    /// The payments, in the order of the file.
    #[schemars(length(min = 1))]
    kreditorposter: Vec<Kreditorpost>,
}

/// What was written.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// The name of the first file.
    file_name: String,
    /// What ties the first payment to its posting.
    payment_ref: String,
    /// The files: one, or two where payments to odd CPR numbers have one of their own.
    files: Vec<File>,
    /// What was posted, by machine number and date; payments count as credit.
    balance: Vec<Side>,
    /// What a person should know: texts that were cut, payments that were moved, CPR numbers that fail modulus 11.
    warnings: Vec<String>,
}

/// A file.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct File {
    /// Its folder: `prisme`, or `odd-cpr`.
    folder: String,
    /// Its name.
    file_name: String,
    /// Its SHA-256, in hex.
    sha256: String,
    /// The line numbers of its records, in the order of the file.
    line_nos: Vec<u32>,
    /// What ties payments and postings (G68 field 16, G69 field 117), in the order of the file.
    payment_refs: Vec<String>,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Output, Failure> {
    let settings = &call.settings;
    let dialect = settings.dialect()?;
    let (posts, most) = (&input.kreditorposter, MAX_LINES as usize / 2);
    if !(1..=most).contains(&posts.len()) {
        return Err(Failure::invalid("payments-count", format!("Der skal være mellem 1 og {most} kreditorposter.")));
    }
    let mut warnings = Vec::new();
    let key = file::key(&input.batch_key, &mut warnings)?;
    let mut balance = Balance::default();
    let mut ties = Vec::with_capacity(posts.len());
    for (index, post) in posts.iter().enumerate() {
        // A batch of one needs no number in its messages.
        let place = if posts.len() == 1 { String::new() } else { format!("Kreditorpost {}, ", index + 1) };
        let tie = Tie::read(post, (key, &place), settings, &dialect, &mut warnings)?;
        let (maskinnr, date) = (&tie.posted.maskinnr, tie.posted.date.to_string());
        balance.add(maskinnr, &date, tie.posted.sides())?;
        balance.add(maskinnr, &date, (0, tie.posted.ore))?;
        ties.push(tie);
    }
    let balance = balance.settle()?;
    warnings.iter().for_each(log::warn);
    let (odd, usual): (Vec<Tie>, Vec<Tie>) =
        ties.into_iter().partition(|tie| tie.payment.odd_cpr && dialect.odd_cpr_apart);
    // All numbers and all bytes before the first file: a second one that cannot be written leaves no half of a batch.
    let mut sets = Vec::new();
    for (folder, ties) in [(folders::PRISME, usual), (folders::ODD_CPR, odd)] {
        if !ties.is_empty() {
            sets.push(Set::prepare(&Batch::of(key, folder, settings, &dialect), ties, &dialect, call)?);
        }
    }
    let files = sets.into_iter().map(Set::publish).collect::<Result<Vec<_>, _>>()?;
    let (file_name, payment_ref) = (files[0].file_name.clone(), files[0].payment_refs[0].clone());
    Ok(Output { file_name, payment_ref, files, balance, warnings })
}

/// A payment and its posting, without their numbers.
struct Tie {
    payment: Payment,
    posted: Posted,
    /// Where the input says it.
    reference: Option<String>,
}

impl Tie {
    fn read(
        post: &Kreditorpost,
        (key, place): (&str, &str),
        settings: &Settings,
        dialect: &Dialect,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Unfit> {
        post.verify_dispatch(place)?;
        let day = payment_day(post, settings, place, warnings)?;
        let common = Common { settings, dialect, posting_type: post.posteringstype, date: None, key };
        let posting = post.posting(place, warnings);
        let mut posted = Posted::read(&posting, &common, place, warnings)?;
        let rules = Rules { forbidden: "&", encoding: dialect.encoding };
        post.place_further(Record::G69, settings, (rules, place), &mut posted.fields, warnings)?;
        let payment = Payment::read(post, (key, place), (posted.ore, day), settings, dialect, warnings)?;
        let reference = given(&post.udbetalingshenvisningsnummer);
        let reference = reference.map(|own| digits(own, 20, &format!("{place}`Udbetalingshenvisningsnummer`")));
        Ok(Self { payment, posted, reference: reference.transpose()?.map(str::to_owned) })
    }

    /// Its two lines with their numbers, in the order of the dialect, and what ties them.
    fn records(&mut self, index: u32, numbers: Numbers, dialect: &Dialect) -> ([(u32, String); 2], String) {
        let (payment_line, posting_line) = tie_lines(numbers, index, dialect);
        let dispatch = numbers.dispatch + index;
        let made = || reference(&self.posted, payment_line, dispatch, dialect);
        let reference = self.reference.clone().unwrap_or_else(made);
        self.posted.fields.set(117, reference.clone());
        let payment = (payment_line, self.payment.line(payment_line, &reference));
        let posting = (posting_line, self.posted.line(posting_line, dispatch));
        let records = match dialect.order {
            Order::PaymentFirst => [payment, posting],
            Order::PostingFirst => [posting, payment],
        };
        (records, reference)
    }
}

fn payment_day(
    post: &Kreditorpost,
    settings: &Settings,
    place: &str,
    warnings: &mut Vec<String>,
) -> Result<Date, Unfit> {
    let place = format!("{place}`Udbetalingsdato`");
    let asked = Date::read(&post.udbetalingsdato, &place)?;
    let day = settings.calendar.payment_day(asked).ok_or_else(|| Unfit {
        code: "day-closed",
        message: format!("{place} er en lukkedag."),
        detail: "`calendar` closes this day, and says that such payments are refused".into(),
    })?;
    if day != asked {
        warnings.push(format!("{place} er flyttet fra lukkedagen {asked} til {day}."));
    }
    Ok(day)
}

/// One file with its control file, where the dialect has them, ready to be written.
struct Set {
    file: Ready,
    control: Option<Ready>,
    told: File,
}

impl Set {
    fn prepare(
        batch: &Batch<'_>,
        mut ties: Vec<Tie>,
        dialect: &Dialect,
        call: &Call<Settings>,
    ) -> Result<Self, Failure> {
        let count = u32::try_from(ties.len()).expect("the input is bounded by MAX_LINES");
        let there = batch.there()?;
        let numbers = batch.numbers(there.as_deref(), count, call)?;
        let (folder, file_name) = (batch.folder.to_owned(), batch.name.clone());
        let mut told = File { folder, file_name, sha256: String::new(), line_nos: vec![], payment_refs: vec![] };
        let mut lines = Vec::new();
        for (index, tie) in (0..count).zip(&mut ties) {
            let (records, reference) = tie.records(index, numbers, dialect);
            for (line_no, line) in records {
                told.line_nos.push(line_no);
                lines.push(line);
            }
            told.payment_refs.push(reference);
        }
        let file = batch.ready(&lines, numbers, there.as_deref())?;
        let payments = ties.iter().map(|tie| (tie.payment.entitled.as_str(), tie.posted.ore));
        let control = dialect.control_file.then(|| batch.control_ready(&payments.collect::<Vec<_>>())).transpose()?;
        Ok(Self { file, control, told })
    }

    fn publish(self) -> Result<File, Failure> {
        let sha256 = self.file.publish()?;
        if let Some(control) = &self.control {
            control.publish()?;
        }
        Ok(File { sha256, ..self.told })
    }
}

/// The line numbers of a payment and its posting. From a sequence they share one, as the two kinds are counted apart
/// there.
fn tie_lines(numbers: Numbers, index: u32, dialect: &Dialect) -> (u32, u32) {
    let first = 2 * index + 1;
    match (dialect.line_numbers, dialect.order) {
        (Numbering::Reserved, _) => (numbers.line + index, numbers.line + index),
        (Numbering::PerFile, Order::PaymentFirst) => (first, first + 1),
        (Numbering::PerFile, Order::PostingFirst) => (first + 1, first),
    }
}

fn reference(posted: &Posted, payment_line: u32, dispatch: u32, dialect: &Dialect) -> String {
    let number = match dialect.reference {
        Reference::Line => format!("{payment_line:05}"),
        Reference::Dispatch => format!("{dispatch:07}"),
    };
    format!("{}{}{number}", posted.date.compact(), posted.maskinnr)
}

#[cfg(test)]
mod tests;
