//! One batch, one file: its name from the batch key, its numbers from the file that is there already or from the
//! sequence, its lines between the envelope where the dialect has one. The same batch again makes the same bytes.

use sluse_formats::{Date, Unfit, cut, decimal, file};
use sluse_sdk::{Call, Failure, numbers};

use crate::{
    SEQUENCE, problem,
    record::padded,
    settings::{Dialect, Numbering, Settings},
};

/// What people are told of the key of a batch.
pub(crate) const KEY: &str = "Batchnøglen (`batch_key`)";

/// Longer than a UUID, and with what is added to it a name that every folder takes.
const MAX_KEY_CHARS: usize = 50;

/// The width of G69 field 250 and of G68 field 17.
pub(crate) const REFERENCE_WIDTH: usize = 20;

/// The most that a line number can say.
pub(crate) const MAX_LINES: u32 = 99_999;

/// The most that an ekspeditionsløbenr can say.
const MAX_DISPATCHES: u32 = 9_999_999;

/// A batch, where it goes and how.
pub(crate) struct Batch<'b> {
    pub(crate) name: String,
    pub(crate) folder: &'static str,
    dialect: &'b Dialect,
    user: String,
    /// What its numbers are reserved for.
    purpose: String,
}

/// A file that has been looked at and can be written.
pub(crate) struct Ready {
    folder: &'static str,
    name: String,
    bytes: Vec<u8>,
}

/// The first numbers of a file, and the day in its envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) line: u32,
    pub(crate) dispatch: u32,
    day_of_year: u16,
}

/// The key of a batch as it is given. `warnings` gets what stands in its place where it is too long for field 250.
pub(crate) fn key<'k>(given: &'k str, warnings: &mut Vec<String>) -> Result<&'k str, Unfit> {
    let key = cut::or_refuse(given.trim(), MAX_KEY_CHARS, KEY)?;
    if key.is_empty() {
        return Err(Unfit::missing(KEY));
    }
    let reference = file::shortened(key, REFERENCE_WIDTH);
    if reference != key {
        let length = cut::length(key);
        warnings.push(format!("{KEY} er på {length} tegn; i filen er den forkortet til `{reference}`."));
    }
    Ok(key)
}

impl<'b> Batch<'b> {
    /// The batch of this key.
    pub(crate) fn of(key: &'b str, folder: &'static str, settings: &Settings, dialect: &'b Dialect) -> Self {
        // Beside the file in the usual folder, it has a name and numbers of its own.
        let (apart, purpose) = match folder {
            crate::folders::PRISME => (String::new(), key.to_owned()),
            other => (format!("-{other}"), format!("{key} {other}")),
        };
        let name = format!("{}{}{apart}{}", settings.file_prefix, file::named_after(key), settings.file_suffix);
        let user = if settings.user.is_empty() { padded(&settings.org_unit, 4) } else { settings.user.clone() };
        Self { name, folder, dialect, user, purpose }
    }

    /// The file of the batch that an earlier delivery has published, while it is there.
    pub(crate) fn there(&self) -> Result<Option<Vec<u8>>, Failure> {
        file::read(self.folder, &self.name)
    }

    /// Its numbers: those of the file that is there, so that the same batch is the same file, or reserved ones for
    /// `count` postings.
    pub(crate) fn numbers<S>(&self, there: Option<&[u8]>, count: u32, call: &Call<S>) -> Result<Numbers, Failure> {
        if let Some(numbers) = there.and_then(|bytes| found(&self.dialect.encoding.decode(bytes)?)) {
            return Ok(numbers);
        }
        let day_of_year = Date::in_denmark(call.accepted_at_ms).day_of_year();
        let (line, dispatch) = self.reserve(count)?;
        Ok(Numbers { line, dispatch, day_of_year })
    }

    /// The file of these lines, unless another one is there. Nothing is written yet.
    pub(crate) fn ready(&self, lines: &[String], numbers: Numbers, there: Option<&[u8]>) -> Result<Ready, Failure> {
        let first = format!("Z300 {:<4}6      {:03}1", self.user, numbers.day_of_year);
        let last = format!("SLUTD{:05}", lines.len());
        let (first, last) = (Some(&first), Some(&last));
        let (first, last) = if self.dialect.envelope { (first, last) } else { (None, None) };
        let lines: Vec<&String> = first.into_iter().chain(lines).chain(last).collect();
        let bytes = self.bytes(&lines)?;
        file::verify(there, self.folder, &self.name, &bytes)?;
        Ok(Ready { folder: self.folder, name: self.name.clone(), bytes })
    }

    /// The control file, likewise: for each payment the name of the file, who is paid, and the amount.
    pub(crate) fn control_ready(&self, payments: &[(&str, i64)]) -> Result<Ready, Failure> {
        let stem = self.name.rsplit_once('.').map_or(self.name.as_str(), |(stem, _)| stem);
        let row = |(entitled, ore): &(&str, i64)| format!("{};{entitled};{}", self.name, decimal::with_comma(*ore));
        let rows: Vec<String> = payments.iter().map(row).collect();
        let bytes = self.bytes(&rows.iter().collect::<Vec<_>>())?;
        let (folder, name) = (crate::folders::CONTROL, format!("{stem}.csv"));
        let there = file::read(folder, &name)?;
        file::verify(there.as_deref(), folder, &name, &bytes)?;
        Ok(Ready { folder, name, bytes })
    }

    fn bytes(&self, lines: &[&String]) -> Result<Vec<u8>, Unfit> {
        let newline = self.dialect.newline.as_str();
        let text: String = lines.iter().map(|line| format!("{line}{newline}")).collect();
        self.dialect.encoding.encode(&text, "Filen")
    }

    /// The first line number and the first dispatch number.
    fn reserve(&self, count: u32) -> Result<(u32, u32), Failure> {
        let from_sequence = |numbering| numbering == Numbering::Reserved;
        let (lines, dispatches) =
            (from_sequence(self.dialect.line_numbers), from_sequence(self.dialect.dispatch_numbers));
        if !lines && !dispatches {
            return Ok((1, 1));
        }
        // Numbers begin again at 1 behind their last; a file that would have both ends takes the numbers after it.
        for purpose in [self.purpose.clone(), format!("{} efter sidste nummer", self.purpose)] {
            let first = numbers::reserve_for(SEQUENCE, count, &purpose).map_err(problem::numbers)?;
            let (line, dispatch) = (turned(first, MAX_LINES), turned(first, MAX_DISPATCHES));
            let fits = |first: u32, max| first + count - 1 <= max;
            if (!lines || fits(line, MAX_LINES)) && (!dispatches || fits(dispatch, MAX_DISPATCHES)) {
                return Ok((if lines { line } else { 1 }, if dispatches { dispatch } else { 1 }));
            }
        }
        Err(Failure::unavailable("numbers-unavailable", "Der kan ikke reserveres numre lige nu.")
            .detail("two reservations in a row went over the last number"))
    }
}

impl Ready {
    /// Publishes it, and gives its digest.
    pub(crate) fn publish(&self) -> Result<String, Failure> {
        file::publish(self.folder, &self.name, &self.bytes)
    }
}

/// A number of a sequence that goes on for ever, as one that begins again behind `max`.
fn turned(number: u64, max: u32) -> u32 {
    let turned = number.saturating_sub(1) % u64::from(max) + 1;
    u32::try_from(turned).expect("at most `max`")
}

/// The first numbers of a file that an earlier delivery of the batch has published.
fn found(text: &str) -> Option<Numbers> {
    let day = text.strip_prefix("Z300 ").and_then(|rest| rest.get(11..14)?.parse().ok());
    let record = |kind: &[&str]| text.lines().find(|line| line.get(3..6).is_some_and(|one| kind.contains(&one)));
    let dispatch = record(&["G69"])?.split_once("&104")?.1;
    Some(Numbers {
        line: record(&["G68", "G69"])?.get(6..11)?.parse().ok()?,
        dispatch: dispatch.get(..7)?.parse().ok()?,
        day_of_year: day.unwrap_or(1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_begin_again_behind_the_last() {
        assert_eq!([1, 99_999, 100_000, 199_999].map(|number| turned(number, MAX_LINES)), [1, 99_999, 1, 1]);
    }

    #[test]
    fn the_numbers_of_a_file_that_is_there_are_found() {
        let text =
            "Z300 00016      0801\n000G69000070001..NORFLYD&10300482&1040000042&110\n000G6800008...\nSLUTD00002\n";
        assert_eq!(found(text), Some(Numbers { line: 7, dispatch: 42, day_of_year: 80 }));
        assert_eq!(
            found("000G6800007011&02\r\n000G6900007..&10300000&1040000001&"),
            Some(Numbers { line: 7, dispatch: 1, day_of_year: 1 })
        );
        for text in ["", "noget andet", "000G6900007&103", "æøå€€€€€"] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
