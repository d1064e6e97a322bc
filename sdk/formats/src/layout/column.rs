//! One value of a row, as its column wants it. A problem names the rule and never the value.

use super::{Align, Column, Kind};
use crate::{
    Cpr, Cvr, Date, Unfit, cut,
    decimal::{self, Surplus},
    forbidden,
    identity::all_digits,
};

/// A value as it will stand in the line.
pub(super) struct Cell {
    pub(super) text: String,
    /// What it adds to the sum of its column, in hundredths.
    pub(super) hundredths: i64,
    /// That something was cut, or that a number fails its check digit.
    pub(super) warning: Option<String>,
}

impl Column {
    /// Writes `value`. `place` names row and column; `forbidden` is what must not stand in it.
    pub(super) fn write(&self, value: Option<&str>, forbidden: &str, fixed: bool, place: &str) -> Result<Cell, Unfit> {
        let value = match &self.value {
            Some(constant) => Some(constant.as_str()),
            None => value.filter(|value| !value.trim().is_empty()),
        };
        let Some(value) = value else {
            if self.required {
                return Err(Unfit::missing(place));
            }
            return Ok(Cell { text: self.filled("", ' ', fixed), hundredths: 0, warning: None });
        };
        forbidden::refuse(value, forbidden, place)?;
        let (text, hundredths) = self.rendered(value, place)?;
        let (text, warning) = self.fitted(&text, place)?;
        // The decimal comma of a file with commas between columns is the layout's own mistake, not the value's.
        forbidden::refuse(&text, forbidden, place)?;
        let pad = if self.kind.is_number() { '0' } else { ' ' };
        let warning = warning.or_else(|| self.remark(value, place));
        Ok(Cell { text: self.filled(&text, pad, fixed), hundredths, warning })
    }

    fn rendered(&self, value: &str, place: &str) -> Result<(String, i64), Unfit> {
        let text = match self.kind {
            Kind::Text | Kind::Constant => value.to_owned(),
            Kind::Code => self.code(value, place)?,
            Kind::Digits => self.digits(value, place)?,
            Kind::Cpr => Cpr::read(value, place)?.digits().to_owned(),
            Kind::CprDashed => Cpr::read(value, place)?.dashed(),
            Kind::Cvr => Cvr::read(value, place)?.digits().to_owned(),
            Kind::Date => {
                let format = self.format.as_ref().expect("`verify` has seen the format of a date");
                format.write(Date::read(value, place)?)
            }
            Kind::AmountOre | Kind::AmountComma | Kind::Kilometres | Kind::KilometresComma => {
                let hundredths = self.number(value, place)?;
                let comma = matches!(self.kind, Kind::AmountComma | Kind::KilometresComma);
                let text = if comma { decimal::with_comma(hundredths) } else { hundredths.to_string() };
                return Ok((text, hundredths));
            }
        };
        Ok((text, 0))
    }

    /// What a person should know of a number that is written all the same, whole or cut.
    fn remark(&self, value: &str, place: &str) -> Option<String> {
        match self.kind {
            Kind::Cpr | Kind::CprDashed => Cpr::read(value, place).ok()?.warning(place),
            Kind::Cvr => Cvr::read(value, place).ok()?.warning(place),
            Kind::Kilometres | Kind::KilometresComma => {
                decimal::loses_decimals(value).then(|| format!("{place} er afkortet til to decimaler."))
            }
            _ => None,
        }
    }

    fn number(&self, value: &str, place: &str) -> Result<i64, Unfit> {
        let distance = matches!(self.kind, Kind::Kilometres | Kind::KilometresComma);
        let surplus = if distance { Surplus::Dropped } else { Surplus::Refused };
        let hundredths = decimal::hundredths(value, surplus, place)?;
        if distance && hundredths < 0 {
            return Err(Unfit::new("number-not-valid", place, " er negativ.", "a distance is not negative"));
        }
        Ok(hundredths)
    }

    fn code(&self, value: &str, place: &str) -> Result<String, Unfit> {
        let value = value.trim();
        if self.values.is_empty() || self.values.iter().any(|one| one == value) {
            return Ok(value.to_owned());
        }
        let what = format!(" skal være en af: {}.", self.values.join(", "));
        Err(Unfit::new("code-not-known", place, &what, format!("one of: {}", self.values.join(", "))))
    }

    fn digits(&self, value: &str, place: &str) -> Result<String, Unfit> {
        let value = value.trim();
        let fits = self.digits.is_none_or(|digits| value.len() == digits as usize);
        if fits && all_digits(value) {
            return Ok(value.to_owned());
        }
        let (what, rule) = match self.digits {
            Some(digits) => (format!(" skal være {digits} cifre."), format!("exactly {digits} digits")),
            None => (" skal være cifre.".to_owned(), "digits only".to_owned()),
        };
        Err(Unfit::new("digits-not-valid", place, &what, rule))
    }

    /// Cut or refused, when it is wider than the column.
    fn fitted(&self, text: &str, place: &str) -> Result<(String, Option<String>), Unfit> {
        let Some(width) = self.width else { return Ok((text.to_owned(), None)) };
        if self.cut {
            let cut = cut::to_width(text, width as usize);
            return Ok((cut.kept.to_owned(), cut.warning(place)));
        }
        Ok((cut::or_refuse(text, width as usize, place)?.to_owned(), None))
    }

    /// Filled to the column's width. A minus stays before the zeros.
    fn filled(&self, text: &str, usual: char, fixed: bool) -> String {
        let Some(pad) = self.pad.or_else(|| fixed.then_some(usual)) else { return text.to_owned() };
        // What is not there is blank, also where numbers are filled with zeros.
        let pad = if text.is_empty() && self.kind.is_number() { ' ' } else { pad };
        let room = (self.width.unwrap_or(0) as usize).saturating_sub(cut::length(text));
        let fill: String = std::iter::repeat_n(pad, room).collect();
        let right = self.align.unwrap_or(if self.is_right() { Align::Right } else { Align::Left }) == Align::Right;
        match text.strip_prefix('-') {
            Some(digits) if right && pad == '0' && self.kind.is_number() => format!("-{fill}{digits}"),
            _ if right => fill + text,
            _ => text.to_owned() + &fill,
        }
    }

    fn is_right(&self) -> bool {
        self.kind.is_number() || self.kind == Kind::Digits
    }
}
