//! Writes a Kreditorpost as a payment (G68) and the posting (G69) that it is tied to, into one file. The payment is the
//! posting's counter-entry; every value is looked at before a number is reserved.

use schemars::JsonSchema;
use serde::Serialize;
use sluse_formats::{Date, Unfit, decimal};
use sluse_sdk::{Call, Failure};

use super::kreditorpost::{Kreditorpost, given};
use crate::{
    balance::{Balance, Side},
    file::{Batch, Numbers},
    folders,
    g68::Payment,
    g69::{Common, Posted, digits},
    record::Rules,
    settings::{Dialect, Numbering, Order, Record, Reference, Settings},
};

/// What was written.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// The folder of the file: `prisme`, or `odd-cpr`.
    folder: String,
    /// The name of the file.
    file_name: String,
    /// The SHA-256 of the file, in hex.
    sha256: String,
    /// The line numbers of the two records, in the order of the file.
    line_nos: Vec<u32>,
    /// What was posted, by machine number and date; the payment counts as credit.
    balance: Vec<Side>,
    /// What ties payment and posting (G68 field 16, G69 field 117).
    payment_ref: String,
    /// The day of the payment, which may be another than asked for where that is closed.
    payment_date: String,
    /// What a person should know: texts that were cut, a payment that was moved, a CPR number that fails modulus 11.
    warnings: Vec<String>,
}

pub(crate) fn run(call: &Call<Settings>, post: Kreditorpost) -> Result<Output, Failure> {
    let settings = &call.settings;
    let dialect = settings.dialect()?;
    let mut warnings = Vec::new();
    post.verify_dispatch()?;
    let day = payment_day(&post, settings, &mut warnings)?;
    let mut posted = posting(&post, settings, &dialect, &mut warnings)?;
    let payment = (post.batch_key.trim(), posted.ore, day);
    let payment = Payment::read(&post, payment, settings, &dialect, &mut warnings)?;
    if payment.odd_cpr {
        warnings.push("`Udbetalingsberettiget`: CPR-nummeret opfylder ikke modulus 11. Det kan være gyldigt.".into());
    }
    let mut balance = Balance::default();
    let (maskinnr, date) = (posted.maskinnr.clone(), posted.date.to_string());
    balance.add(&maskinnr, &date, posted.sides())?;
    balance.add(&maskinnr, &date, (0, posted.ore))?;
    let balance = balance.settle()?;

    let folder = if payment.odd_cpr && dialect.odd_cpr_apart { folders::ODD_CPR } else { folders::PRISME };
    let batch = Batch::of(&post.batch_key, folder, settings, &dialect)?;
    let own_ref = given(&post.udbetalingshenvisningsnummer);
    let own_ref = own_ref.map(|own| digits(own, 20, "`Udbetalingshenvisningsnummer`")).transpose()?;
    let numbers = batch.numbers(1, call)?;
    let (payment_line, posting_line) = line_nos(numbers, &dialect);
    let payment_ref = own_ref.map_or_else(|| reference(&posted, numbers, payment_line, &dialect), str::to_owned);
    posted.fields.set(117, payment_ref.clone());
    let payment_record = (payment_line, payment.line(payment_line, &payment_ref));
    let posting_record = (posting_line, posted.line(posting_line, numbers.dispatch));
    let (line_nos, lines): (Vec<u32>, Vec<String>) = match dialect.order {
        Order::PaymentFirst => [payment_record, posting_record].into_iter().unzip(),
        Order::PostingFirst => [posting_record, payment_record].into_iter().unzip(),
    };
    let sha256 = batch.publish(&lines, numbers)?;
    if dialect.control_file {
        batch.publish_control(&payment.entitled, &decimal::with_comma(posted.ore))?;
    }
    Ok(Output {
        folder: folder.to_owned(),
        file_name: batch.name,
        sha256,
        line_nos,
        balance,
        payment_ref,
        payment_date: day.to_string(),
        warnings,
    })
}

fn payment_day(post: &Kreditorpost, settings: &Settings, warnings: &mut Vec<String>) -> Result<Date, Unfit> {
    let place = "`Udbetalingsdato`";
    let asked = Date::read(&post.udbetalingsdato, place)?;
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

fn posting(
    post: &Kreditorpost,
    settings: &Settings,
    dialect: &Dialect,
    warnings: &mut Vec<String>,
) -> Result<Posted, Unfit> {
    let key = post.batch_key.trim();
    let common = Common { settings, dialect, posting_type: post.posteringstype, date: None, key };
    let mut posted = Posted::read(&post.posting(warnings), &common, "")?;
    let rules = Rules { forbidden: "&", encoding: dialect.encoding };
    post.place_further(Record::G69, settings, rules, &mut posted.fields, warnings)?;
    Ok(posted)
}

/// The line numbers of payment and posting. From a sequence they share one, as the two kinds are counted apart there.
fn line_nos(numbers: Numbers, dialect: &Dialect) -> (u32, u32) {
    match (dialect.line_numbers, dialect.order) {
        (Numbering::Reserved, _) => (numbers.line, numbers.line),
        (Numbering::PerFile, Order::PaymentFirst) => (1, 2),
        (Numbering::PerFile, Order::PostingFirst) => (2, 1),
    }
}

fn reference(posted: &Posted, numbers: Numbers, payment_line: u32, dialect: &Dialect) -> String {
    let number = match dialect.reference {
        Reference::Line => format!("{payment_line:05}"),
        Reference::Dispatch => format!("{:07}", numbers.dispatch),
    };
    format!("{}{}{number}", posted.date.compact(), posted.maskinnr)
}

#[cfg(test)]
mod tests;
