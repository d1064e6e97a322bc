//! Danish decimals, digit by digit: no float touches an amount.
//!
//! `danish_decimal` gives text (`1234.50`), `danish_number` a JSON number, `minor_units` a whole number of øre,
//! `to_danish` the way back, `number` a number from plain text.

use minijinja::{
    Error,
    value::{Kwargs, Value, ValueKind},
};

use super::texts::scalar_text;
use crate::{
    counted,
    mapping::{error::refuse, limits},
};

/// Digits that a double keeps, so that it is written as it was read.
const EXACT_DIGITS: usize = 15;

/// A decimal number as its digits.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    /// Without leading zeros; `0` for none.
    whole: String,
    /// As written, with its trailing zeros.
    fraction: String,
}

/// `danish_decimal`, `danish_decimal(2)`: `1.234,5` as the text `1234.5`, or `1234.50` with two decimals.
pub(crate) fn danish_decimal(value: &Value, decimals: Option<u32>) -> Result<String, Error> {
    Ok(danish(value)?.with_decimals(decimals)?.plain())
}

/// `danish_number`, `danish_number(2)`: `1.234,50` as the JSON number `1234.5`. Refuses what a number cannot hold exactly.
pub(crate) fn danish_number(value: &Value, decimals: Option<u32>) -> Result<Value, Error> {
    danish(value)?.with_decimals(decimals)?.to_number()
}

/// `minor_units`, `minor_units(3)`: `1.234,50` as 123450 øre. Two decimals unless said otherwise.
pub(crate) fn minor_units(value: &Value, decimals: Option<u32>) -> Result<Value, Error> {
    let mut decimal = danish(value)?.with_decimals(Some(decimals.unwrap_or(2)))?;
    decimal.whole.push_str(&std::mem::take(&mut decimal.fraction));
    decimal.to_number()
}

/// `to_danish`, `to_danish(2)`, `to_danish(2, grouped=false)`: 1234.5 as `1.234,50`.
pub(crate) fn to_danish(value: &Value, decimals: Option<u32>, options: Kwargs) -> Result<String, Error> {
    let grouped = options.get::<Option<bool>>("grouped")?.unwrap_or(true);
    options.assert_all_used()?;
    let decimal = plain(&scalar_text(value)?)?.with_decimals(decimals)?;
    let whole = if grouped { group(&decimal.whole) } else { decimal.whole.clone() };
    let comma = if decimal.fraction.is_empty() { "" } else { "," };
    Ok(format!("{}{whole}{comma}{}", decimal.sign(), decimal.fraction))
}

/// `number`: a number, or the plain text of one (`1234.5`). Refuses what a number cannot hold exactly.
pub(crate) fn number(value: &Value) -> Result<Value, Error> {
    if value.kind() == ValueKind::Number {
        return Ok(value.clone());
    }
    plain(&scalar_text(value)?)?.to_number()
}

fn danish(value: &Value) -> Result<Decimal, Error> {
    let text = scalar_text(value)?;
    // A JSON number has a point for a comma.
    if value.kind() == ValueKind::Number { plain(&text) } else { read_danish(&text) }
}

fn read_danish(text: &str) -> Result<Decimal, Error> {
    let unknown = || refuse("it is no Danish decimal: `1.234,50` or `1234,5` is needed");
    let (negative, digits) = sign(text.trim());
    let (whole, fraction) = match digits.split_once(',') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return Err(unknown()),
        None => (digits, ""),
    };
    Decimal::new(negative, &ungroup(whole).ok_or_else(unknown)?, fraction).ok_or_else(unknown)
}

/// Takes the points out of `1.234.567`; refuses `12.34`, which another language means otherwise.
fn ungroup(whole: &str) -> Option<String> {
    let mut groups = whole.split('.');
    let mut digits = groups.next()?.to_owned();
    let is_grouped = whole.contains('.');
    if is_grouped && !(1..=3).contains(&digits.len()) {
        return None;
    }
    for group in groups {
        if group.len() != 3 {
            return None;
        }
        digits.push_str(group);
    }
    Some(digits)
}

fn plain(text: &str) -> Result<Decimal, Error> {
    let unknown = || refuse("it is no plain number: `1234.5` is needed");
    let (negative, digits) = sign(text.trim());
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return Err(unknown()),
        None => (digits, ""),
    };
    Decimal::new(negative, whole, fraction).ok_or_else(unknown)
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    }
}

fn group(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('.');
        }
        grouped.push(digit);
    }
    grouped
}

impl Decimal {
    fn new(negative: bool, whole: &str, fraction: &str) -> Option<Self> {
        let all_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits || whole.len() + fraction.len() > limits::MAX_DIGITS {
            return None;
        }
        let trimmed = whole.trim_start_matches('0');
        let whole = if trimmed.is_empty() { "0" } else { trimmed };
        Some(Self { negative, whole: whole.to_owned(), fraction: fraction.to_owned() })
    }

    /// The same with exactly this many decimals; digits are never dropped.
    fn with_decimals(mut self, decimals: Option<u32>) -> Result<Self, Error> {
        let Some(decimals) = decimals.map(|decimals| usize::try_from(decimals).unwrap_or(usize::MAX)) else {
            return Ok(self);
        };
        if decimals > limits::MAX_DIGITS {
            return Err(refuse(format!("a decimal has at most {} digits", limits::MAX_DIGITS)));
        }
        if self.fraction.len() > decimals {
            return Err(refuse(format!("it has more than {}", counted(decimals as u64, "decimal", "decimals"))));
        }
        while self.fraction.len() < decimals {
            self.fraction.push('0');
        }
        Ok(self)
    }

    fn sign(&self) -> &'static str {
        let is_zero = self.whole.bytes().chain(self.fraction.bytes()).all(|digit| digit == b'0');
        if self.negative && !is_zero { "-" } else { "" }
    }

    fn plain(&self) -> String {
        let point = if self.fraction.is_empty() { "" } else { "." };
        format!("{}{}{point}{}", self.sign(), self.whole, self.fraction)
    }

    fn to_number(&self) -> Result<Value, Error> {
        let inexact = || refuse("it has more digits than a number can hold: use `danish_decimal`, which gives text");
        let whole = self.whole.trim_start_matches('0');
        let fraction = self.fraction.trim_end_matches('0');
        let sign = self.sign();
        if fraction.is_empty() {
            let digits = format!("{sign}{}", if whole.is_empty() { "0" } else { whole });
            return digits.parse::<i64>().map(Value::from).map_err(|_| inexact());
        }
        let significant =
            if whole.is_empty() { fraction.trim_start_matches('0').len() } else { whole.len() + fraction.len() };
        if significant > EXACT_DIGITS {
            return Err(inexact());
        }
        format!("{sign}{}.{fraction}", if whole.is_empty() { "0" } else { whole })
            .parse::<f64>()
            .map(Value::from)
            .map_err(|_| inexact())
    }
}
