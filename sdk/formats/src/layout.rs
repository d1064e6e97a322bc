//! How rows become the lines of a file, as settings say it: columns of fixed width or between delimiters, each with
//! its type, width and rule. For the many files whose form is agreed with one customer and written down nowhere.

mod column; // one value, by its rule
mod render; // all of them
mod template; // the line before and the line after

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Charset, DateFormat};

pub use render::{Facts, Rendered, Row};

/// How a file is laid out.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// What stands between two columns. Without it each column has its width.
    #[serde(default)]
    pub delimiter: Option<String>,
    /// The columns, from left to right.
    pub columns: Vec<Column>,
    /// Characters that must stand in no value. The delimiter and whatever ends a line never may.
    #[serde(default)]
    pub forbidden: String,
    /// The encoding of the file.
    #[serde(default)]
    pub encoding: Charset,
    /// What ends a line.
    #[serde(default)]
    pub newline: Newline,
    /// The first line: a text in which `{date:yyyyMMdd}`, `{count}`, `{count:5}` (five digits), `{sum:COLUMN}`,
    /// `{sum:COLUMN:12}` and the names that the operation gives are filled in.
    #[serde(default)]
    pub header: Option<String>,
    /// The last line, like `header`.
    #[serde(default)]
    pub trailer: Option<String>,
}

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Newline {
    /// Carriage return and line feed, as Windows has it.
    #[default]
    Crlf,
    /// Line feed.
    Lf,
}

/// A column.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The name of its value in a row.
    pub name: String,
    /// What its values are.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Its characters. Required without a delimiter; with one, the most that a value may have.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1000))]
    pub width: Option<u32>,
    /// The side on which a shorter value stands: by itself `right` for numbers, `left` for the rest.
    #[serde(default)]
    pub align: Option<Align>,
    /// One character that fills the width: by itself `0` for amounts and kilometres of fixed width, else a space. With
    /// a delimiter nothing is filled unless this is set.
    #[serde(default)]
    pub pad: Option<char>,
    /// Whether each row must have a value.
    #[serde(default)]
    pub required: bool,
    /// Whether a text that is too long is cut, and the cut reported. Otherwise it is refused.
    #[serde(default)]
    pub cut: bool,
    /// How a `date` is written: `yyyyMMdd`, `ddMMyy`, `dd.MM.yyyy`.
    #[serde(default)]
    pub format: Option<DateFormat>,
    /// The text of a `constant`.
    #[serde(default)]
    pub value: Option<String>,
    /// The values that a `code` may have. Any, where none is named.
    #[serde(default)]
    pub values: Vec<String>,
    /// Exactly so many `digits`.
    #[serde(default)]
    pub digits: Option<u32>,
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Any text.
    Text,
    /// One of `values`.
    Code,
    /// The same in each row: `value`.
    Constant,
    /// Digits, and nothing else.
    Digits,
    /// A CPR number, written as ten digits.
    Cpr,
    /// A CPR number, written with its dash.
    CprDashed,
    /// A CVR number.
    Cvr,
    /// A date, written as `format` says.
    Date,
    /// An amount, written as øre: 1234,50 as `123450`.
    AmountOre,
    /// An amount, written with a decimal comma: `1234,50`.
    AmountComma,
    /// Kilometres, written as hundredths without a comma; decimals beyond the second are dropped.
    Kilometres,
    /// Kilometres, written with a decimal comma; decimals beyond the second are dropped.
    KilometresComma,
}

/// Where a shorter value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Align {
    /// Filled on its right.
    Left,
    /// Filled on its left.
    Right,
}

impl Newline {
    /// Its characters.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Crlf => "\r\n",
            Self::Lf => "\n",
        }
    }
}

impl Layout {
    /// What the schema cannot say: settings of a column that go together, and templates that can be filled in.
    ///
    /// # Errors
    /// The setting, below `layout`, and what it must be.
    pub fn verify(&self) -> Result<(), String> {
        if self.columns.is_empty() {
            return Err("`columns` must name at least one column".into());
        }
        if self.delimiter.as_ref().is_some_and(String::is_empty) {
            return Err("`delimiter` must be a character or more; without it, columns have widths".into());
        }
        for (index, column) in self.columns.iter().enumerate() {
            if self.columns[..index].iter().any(|other| other.name == column.name) {
                return Err(format!("`columns` has `{}` twice", column.name));
            }
            column.verify(self.delimiter.is_some()).map_err(|wanted| format!("column `{}` {wanted}", column.name))?;
        }
        for (setting, line) in [("header", &self.header), ("trailer", &self.trailer)] {
            let Some(line) = line else { continue };
            template::verify(line, &self.columns).map_err(|wanted| format!("`{setting}` {wanted}"))?;
        }
        Ok(())
    }
}

impl Layout {
    /// Whether the first or the last line writes the date, so that the same rows are another file on another day.
    #[must_use]
    pub fn writes_date(&self) -> bool {
        [&self.header, &self.trailer].into_iter().flatten().any(|line| template::writes_date(line))
    }
}

impl Kind {
    pub(crate) fn is_number(self) -> bool {
        matches!(self, Self::AmountOre | Self::AmountComma | Self::Kilometres | Self::KilometresComma)
    }
}

impl Column {
    fn verify(&self, delimited: bool) -> Result<(), &'static str> {
        let is = |kind| self.kind == kind;
        let complaint = [
            (self.width.is_none() && !delimited, "needs a `width`, because there is no `delimiter`"),
            (self.width == Some(0), "needs a `width` of at least 1"),
            (is(Kind::Date) != self.format.is_some(), "needs a `format` when it is a `date`, and only then"),
            (is(Kind::Constant) != self.value.is_some(), "needs a `value` when it is a `constant`, and only then"),
            (!is(Kind::Code) && !self.values.is_empty(), "may have `values` only when it is a `code`"),
            (!is(Kind::Digits) && self.digits.is_some(), "may have `digits` only when its type is `digits`"),
            (!is(Kind::Text) && self.cut, "may be cut only when it is a `text`"),
            (self.pad.is_some_and(char::is_control), "cannot be filled with a control character"),
            (self.is_shortened_by_zeros(), "would read otherwise with zeros on its right; set `align` or `pad`"),
        ];
        match complaint.iter().find(|(wrong, _)| *wrong) {
            Some((_, wanted)) => Err(wanted),
            None => Ok(()),
        }
    }

    /// `12` filled to `1200` is another number.
    fn is_shortened_by_zeros(&self) -> bool {
        self.align == Some(Align::Left)
            && self.kind.is_number()
            && self.pad.unwrap_or('0') == '0'
            && self.width.is_some()
    }
}
