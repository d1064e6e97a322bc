//! A finance posting: one line that begins with `G69`. The fields and their widths are Prisme's; what an input must
//! have for them, and what must not stand together, is decided here. Line and dispatch numbers come later.

mod fields; // number, name, width and type of each
mod posting; // as people write it

use sluse_formats::{Cpr, Date, Unfit, cut, decimal, decimal::Surplus, file};

use crate::{
    file::{KEY, REFERENCE_WIDTH},
    record::{Fields, Rules, padded},
    settings::{Dialect, Settings},
};

pub(crate) use fields::is_field;
pub(crate) use posting::{Posting, PostingType};

use fields::{FIELDS, Field, Kind};

/// A posting that fits, without its numbers.
pub(crate) struct Posted {
    pub(crate) maskinnr: String,
    pub(crate) date: Date,
    /// Signed, as written.
    pub(crate) ore: i64,
    pub(crate) is_debit: bool,
    pub(crate) fields: Fields,
    header: String,
    /// Of the header, behind the line number.
    tail: String,
}

/// What all postings of a call share.
pub(crate) struct Common<'c> {
    pub(crate) settings: &'c Settings,
    pub(crate) dialect: &'c Dialect,
    pub(crate) posting_type: PostingType,
    /// For postings that name none.
    pub(crate) date: Option<&'c str>,
    /// The key of the batch: the external reference (field 250).
    pub(crate) key: &'c str,
}

/// Of values in G69.
const FORBIDDEN: &str = "&";

/// What stands together: with one of them, all.
const TOGETHER: [&[u16]; 4] = [&[132, 133], &[170, 171], &[210, 211], &[300, 301, 304]];

/// What needs a project.
const OF_PROJECTS: [u16; 4] = [302, 303, 305, 306];

/// What never stands together.
const APART: [(&[u16], &[u16]); 1] = [(&[210, 211], &[116, 200])];

impl Posted {
    /// Reads a posting. `place` says which it is; `warnings` gets what a person should know of it.
    pub(crate) fn read(
        posting: &Posting,
        common: &Common<'_>,
        place: &str,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Unfit> {
        let rules = Rules { forbidden: FORBIDDEN, encoding: common.dialect.encoding };
        let values = posting.values(common);
        let mut fields = Fields::default();
        for field in &FIELDS {
            let place = format!("{place}`{}`", field.name);
            let Some(value) = values.get(field.name) else {
                if field.required {
                    return Err(Unfit::missing(&place));
                }
                continue;
            };
            fields.add(field.number, field.write(value, common.dialect, &place)?, rules, &place)?;
        }
        fields.add(250, file::shortened(common.key, REFERENCE_WIDTH), rules, KEY)?;
        companions(&fields, place)?;
        warnings.extend(recipient(&fields, place)?);
        let date = Date::read(&values["Posteringsdato"], place)?;
        if common.dialect.fiscal_year && !fields.has(114) {
            fields.set(114, date.year().to_string());
        }
        let settings = common.settings;
        Ok(Self {
            maskinnr: fields.get(103).unwrap_or_default().to_owned(),
            date,
            ore: decimal::hundredths(&values["Beloeb"], Surplus::Refused, place)?,
            is_debit: fields.get(113) == Some("D"),
            fields,
            header: format!("{}G69", padded(&settings.reg_place, 3)),
            tail: format!("{}01{}FLYD", padded(&settings.org_unit, 4), common.posting_type.as_str()),
        })
    }

    /// Debit and credit in øre.
    pub(crate) fn sides(&self) -> (i64, i64) {
        if self.is_debit { (self.ore, 0) } else { (0, self.ore) }
    }

    /// The line under these numbers.
    pub(crate) fn line(&self, line_no: u32, dispatch_no: u32) -> String {
        let mut fields = self.fields.clone();
        fields.set(104, format!("{dispatch_no:07}"));
        fields.line(&format!("{}{line_no:05}{}", self.header, self.tail), 3)
    }
}

impl Field {
    /// The value as it stands in the line.
    fn write(&self, value: &str, dialect: &Dialect, place: &str) -> Result<String, Unfit> {
        let width = self.width as usize;
        match self.kind {
            Kind::Text => Ok(cut::or_refuse(value, width, place)?.to_owned()),
            Kind::Digits { filled } => {
                let digits = digits(value, width, place)?;
                let filled = if self.number == 111 { dialect.account_padded } else { filled };
                Ok(if filled { padded(digits, width) } else { digits.to_owned() })
            }
            Kind::Date => Ok(Date::read(value, place)?.compact()),
            Kind::Amount => amount(value, width, dialect.plus_sign, place),
            Kind::OneOf(choices) => choice(value, choices, place),
            // Which number it is, is looked at together with its code.
            Kind::Recipient => Ok(cut::or_refuse(&value.replace('-', ""), width, place)?.to_owned()),
        }
    }
}

/// `width` digits at most.
pub(crate) fn digits<'v>(value: &'v str, width: usize, place: &str) -> Result<&'v str, Unfit> {
    if !value.is_empty() && value.len() <= width && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(value);
    }
    Err(Unfit {
        code: "digits-not-valid",
        message: format!("{place} skal være højst {width} cifre."),
        detail: format!("digits only, {width} at most"),
    })
}

/// One of the codes that Prisme knows, in whatever case it is given.
pub(crate) fn choice(value: &str, choices: &[&str], place: &str) -> Result<String, Unfit> {
    let found = choices.iter().find(|choice| choice.eq_ignore_ascii_case(value));
    found.map(|&choice| choice.to_owned()).ok_or_else(|| Unfit {
        code: "code-not-known",
        message: format!("{place} skal være en af: {}.", choices.join(", ")),
        detail: format!("one of: {}", choices.join(", ")),
    })
}

/// Øre with zeros before them and the sign behind.
fn amount(value: &str, width: usize, plus_sign: bool, place: &str) -> Result<String, Unfit> {
    let ore = decimal::hundredths(value, Surplus::Refused, place)?;
    let sign = match (ore < 0, plus_sign) {
        (true, _) => '-',
        (false, true) => '+',
        (false, false) => ' ',
    };
    let digits = ore.unsigned_abs().to_string();
    cut::or_refuse(&digits, width - 1, place)?;
    Ok(format!("{}{sign}", padded(&digits, width - 1)))
}

fn companions(fields: &Fields, place: &str) -> Result<(), Unfit> {
    let names = |numbers: &[u16]| numbers.iter().map(|&one| fields::title(one)).collect::<Vec<_>>().join(", ");
    let there = |numbers: &[u16]| numbers.iter().filter(|&&one| fields.has(one)).count();
    for group in TOGETHER {
        if there(group) > 0 && there(group) != group.len() {
            return Err(Unfit {
                code: "fields-belong-together",
                message: format!("{place}felterne {} skal være der sammen.", names(group)),
                detail: "one of these fields needs the others".into(),
            });
        }
    }
    if there(&OF_PROJECTS) > 0 && !fields.has(300) {
        return Err(Unfit {
            code: "fields-belong-together",
            message: format!("{place}felterne {} kræver {}.", names(&OF_PROJECTS), names(&[300, 301, 304])),
            detail: "fields of a project need the project".into(),
        });
    }
    for (ones, others) in APART {
        if there(ones) > 0 && there(others) > 0 {
            return Err(Unfit {
                code: "fields-exclude-each-other",
                message: format!("{place}felterne {} må ikke være der sammen med {}.", names(ones), names(others)),
                detail: "these fields exclude each other".into(),
            });
        }
    }
    Ok(())
}

/// The benefit's recipient, by its code: 02 is a CPR number, 03 a CVR or SE number. Gives what a person should know of it.
fn recipient(fields: &Fields, place: &str) -> Result<Option<String>, Unfit> {
    let place = format!("{place}`Ydelsesmodtager`");
    match (fields.get(132), fields.get(133)) {
        (Some("02"), Some(number)) => Cpr::read(number, &place).map(|cpr| cpr.warning(&place)),
        (Some("03"), Some(number)) => digits(number, 8, &place).map(|_| None),
        (Some(_), Some(_)) => {
            choice("", &["02", "03"], &place.replace("Ydelsesmodtager", "NrkodeYdelsesmodtager")).map(|_| None)
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests;
