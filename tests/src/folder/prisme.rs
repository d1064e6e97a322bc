//! What Prisme says of a file of finance postings (G69) and payments (G68). It is written after the description of the
//! records, and shares nothing with the connector.

mod balance; // what must come out even
mod record; // one line, and what is wrong with it

use std::collections::BTreeSet;

use super::verdict::{Line, Verdict, whole};
use balance::Balance;
use record::{Kind, Record};

/// Judges a file. Its business key is the external reference of its postings (field 250).
pub(super) fn judge(bytes: &[u8], refuses_odd_cpr: bool) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Verdict::half("it is not in UTF-8, or ends inside of a letter");
    };
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines = match whole(text, newline) {
        Ok(lines) => lines,
        Err(half) => return half,
    };
    let mut complaints = Vec::from_iter(envelope(&lines));
    let records: Vec<Option<Record<'_>>> = lines.iter().map(|line| Record::read(line)).collect();
    let read = || records.iter().flatten();
    complaints.extend(ascending(read()));
    complaints.extend(Balance::of(read()).uneven());
    let postings = read().filter(|record| record.kind == Kind::G69);
    let references: BTreeSet<&str> = postings.filter_map(|posting| posting.field(117)).collect();
    let judged = |(line, record): (&&str, &Option<Record<'_>>)| {
        let is_record = !is_envelope(line);
        let refused = match record {
            Some(record) => record
                .refusal()
                .or_else(|| untied(record, &references))
                .or_else(|| record.refusal_of_odd_cpr().filter(|_| refuses_odd_cpr)),
            None => is_record.then(|| "Posten er hverken G68 eller G69".to_owned()),
        };
        let key = record.as_ref().and_then(|record| record.field(250)).map(str::to_owned);
        Line { is_record, key, refused }
    };
    let lines = lines.iter().zip(&records).map(judged).collect();
    Verdict { complaints, lines }
}

fn is_envelope(line: &str) -> bool {
    line.starts_with("Z300 ") || line.starts_with("SLUTD")
}

/// What is wrong with the first and the last line, where there is an envelope.
fn envelope(lines: &[&str]) -> Option<String> {
    let starts = lines.first().is_some_and(|line| line.starts_with("Z300 "));
    let count = lines.last().and_then(|line| line.strip_prefix("SLUTD"));
    match (starts, count) {
        (false, None) => None,
        (true, Some(count)) if count.parse() == Ok(lines.len().saturating_sub(2)) => None,
        (true, Some(count)) => Some(format!("SLUTD counts {count} records of {}", lines.len().saturating_sub(2))),
        _ => Some("half an envelope".to_owned()),
    }
}

/// Dispatch numbers ascend.
fn ascending<'r>(records: impl Iterator<Item = &'r Record<'r>>) -> Option<String> {
    let numbers: Vec<&str> = records.filter_map(|record| record.field(104)).collect();
    let ascend = numbers.windows(2).all(|pair| pair[0] < pair[1]);
    (!ascend).then(|| "its ekspeditionsløbenumre do not ascend".to_owned())
}

/// A payment is tied to a posting of the same file.
fn untied(record: &Record<'_>, references: &BTreeSet<&str>) -> Option<String> {
    let is_tied = record.kind == Kind::G69 || record.field(16).is_some_and(|own| references.contains(own));
    (!is_tied).then(|| "Udbetalingen hører ikke til en postering i filen".to_owned())
}
