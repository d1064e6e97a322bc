//! The calendar: which dates exist, what day of the week they are, and how files write them. Knows no clock; what day
//! it is in Denmark follows from the time that the call carries.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Unfit, identity::all_digits};

/// A day between 1000 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// How a day is written: `yyyyMMdd`, `ddMMyy`, `dd.MM.yyyy`. `yyyy` or `yy`, `MM` and `dd`, and what stands between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct DateFormat(String);

/// 1970-01-01 in days since 0000-03-01.
const EPOCH: i64 = 719_468;

impl Date {
    /// A date that exists.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let exists = (1000..=9999).contains(&year) && (1..=days_in(year, month)).contains(&day);
        exists.then_some(Self { year, month, day })
    }

    /// Reads `2026-02-28`, `28-02-2026`, `28.02.2026` or `28/02/2026`.
    ///
    /// # Errors
    /// What is written otherwise, or does not exist.
    pub fn read(text: &str, place: &str) -> Result<Self, Unfit> {
        parts(text.trim()).and_then(|(year, month, day)| Self::new(year, month, day)).ok_or_else(|| {
            let what = ": datoen findes ikke eller er ikke skrevet som 28-02-2026 eller 2026-02-28.";
            let rule = "a date is `yyyy-mm-dd`, `dd-mm-yyyy`, `dd.mm.yyyy` or `dd/mm/yyyy`, and exists";
            Unfit::new("date-not-valid", place, what, rule)
        })
    }

    /// The day in Denmark at a time in milliseconds since 1970.
    #[must_use]
    pub fn in_denmark(since_1970_ms: u64) -> Self {
        let seconds = i64::try_from(since_1970_ms / 1000).unwrap_or(i64::MAX / 2);
        let utc = Self::of_number(seconds / 86_400);
        let sunday_of = |month| {
            let last = Self { year: utc.year, month, day: 31 };
            let sunday = last.number() - i64::from(last.weekday() % 7);
            sunday * 86_400 + 3_600
        };
        // Summer time begins and ends at 01:00 UTC on the last Sunday of March and October, which both have 31 days.
        let summer = (sunday_of(3)..sunday_of(10)).contains(&seconds);
        Self::of_number((seconds + if summer { 7_200 } else { 3_600 }) / 86_400)
    }

    /// Monday is 1, Sunday 7.
    #[must_use]
    pub fn weekday(self) -> u8 {
        // 1970 began on a Thursday.
        u8::try_from((self.number() + 3).rem_euclid(7) + 1).expect("1 to 7 fit")
    }

    /// 1 January is 1.
    #[must_use]
    pub fn day_of_year(self) -> u16 {
        let first = Self { month: 1, day: 1, ..self };
        u16::try_from(self.number() - first.number() + 1).expect("a year has 366 days at most")
    }

    /// The four digits of the year.
    #[must_use]
    pub fn year(self) -> u16 {
        self.year
    }

    /// The day after.
    #[must_use]
    pub fn next(self) -> Self {
        Self::of_number(self.number() + 1)
    }

    /// `20260228`.
    #[must_use]
    pub fn compact(self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }

    /// Days since 1970-01-01.
    fn number(self) -> i64 {
        // Years begin in March here, so that the leap day is their last.
        let early = i64::from(self.month < 3);
        let year = i64::from(self.year) - early;
        let month = (i64::from(self.month) + 9) % 12;
        let day = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        year * 365 + year / 4 - year / 100 + year / 400 + day - EPOCH
    }

    fn of_number(number: i64) -> Self {
        let days = number + EPOCH;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = (year_of_era + era * 400 + i64::from(month <= 2)).clamp(1000, 9999);
        let small = |value: i64| u8::try_from(value).expect("days and months are small");
        Self { year: u16::try_from(year).expect("clamped"), month: small(month), day: small(day) }
    }
}

/// `2026-02-28`.
impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl DateFormat {
    /// Writes a day.
    #[must_use]
    pub fn write(&self, date: Date) -> String {
        let parts = [
            ("yyyy", format!("{:04}", date.year)),
            ("yy", format!("{:02}", date.year % 100)),
            ("MM", format!("{:02}", date.month)),
            ("dd", format!("{:02}", date.day)),
        ];
        parts.iter().fold(self.0.clone(), |text, (sign, value)| text.replace(sign, value))
    }

    /// How many characters a day takes.
    #[must_use]
    pub fn width(&self) -> usize {
        self.0.len()
    }
}

impl TryFrom<String> for DateFormat {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let year = if text.contains("yyyy") { "yyyy" } else { "yy" };
        let signs = [year, "MM", "dd"];
        let between = signs.iter().fold(text.clone(), |text, sign| text.replacen(sign, "", 1));
        if !signs.iter().all(|sign| text.contains(sign)) || !between.chars().all(|one| " -./".contains(one)) {
            return Err(
                "a date format is made of `yyyy` or `yy`, `MM` and `dd`, like `yyyyMMdd` or `dd.MM.yyyy`".into()
            );
        }
        Ok(Self(text))
    }
}

impl From<DateFormat> for String {
    fn from(format: DateFormat) -> Self {
        format.0
    }
}

fn days_in(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u8::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

/// Year, month and day as written.
fn parts(text: &str) -> Option<(u16, u8, u8)> {
    let split = |sign: char| {
        let parts: Vec<&str> = text.split(sign).collect();
        <[&str; 3]>::try_from(parts).ok().filter(|parts| parts.iter().all(|part| all_digits(part)))
    };
    let [first, second, third] = split('-').or_else(|| split('.')).or_else(|| split('/'))?;
    let (year, month, day) = match (first.len(), second.len(), third.len()) {
        (4, 2, 2) if text.contains('-') => (first, second, third),
        (2, 2, 4) => (third, second, first),
        _ => return None,
    };
    Some((year.parse().ok()?, month.parse().ok()?, day.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::read(text, "x").expect("a date")
    }

    #[test]
    fn each_way_of_writing_means_the_same_day() {
        for text in ["2026-03-21", "21-03-2026", "21.03.2026", "21/03/2026", " 21-03-2026 "] {
            assert_eq!(date(text).to_string(), "2026-03-21", "{text}");
        }
    }

    #[test]
    fn a_date_exists() {
        for text in ["29-02-2024", "29-02-2000", "31-12-9999"] {
            assert!(Date::read(text, "x").is_ok(), "{text}");
        }
        for text in ["29-02-2025", "29-02-1900", "31-04-2026", "00-01-2026", "01-13-2026", "32-01-2026", "01-01-0999"] {
            assert!(Date::read(text, "x").is_err(), "{text}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for text in
            ["", "21032026", "20260321", "21-03-26", "1-3-2026", "2026.03.21", "2026-03-21T00:00:00", "+1-03-2026"]
        {
            assert!(Date::read(text, "x").is_err(), "{text}");
        }
    }

    #[test]
    fn a_format_writes_a_day() {
        for (format, expected) in [("yyyyMMdd", "20220321"), ("ddMMyy", "210322"), ("dd.MM.yyyy", "21.03.2022")] {
            let format = DateFormat::try_from(format.to_owned()).expect("a format");
            assert_eq!((format.write(date("2022-03-21")).as_str(), format.width()), (expected, expected.len()));
        }
        for format in ["", "ddMM", "YYYYMMDD", "ddMMyyyyyy", "dd_MM", "ddMMdd", "ddmmyy", "yyMMyy"] {
            assert!(DateFormat::try_from(format.to_owned()).is_err(), "{format}");
        }
    }

    #[test]
    fn days_follow_each_other_through_four_centuries() {
        let mut day = date("1899-12-31");
        let mut number = day.number();
        while day < date("2300-01-01") {
            let next = day.next();
            assert!(Date::new(next.year, next.month, next.day).is_some() && next > day);
            number += 1;
            assert_eq!(next.number(), number);
            day = next;
        }
        assert_eq!(day, date("2300-01-01"));
    }

    #[test]
    fn weekdays_and_days_of_the_year_are_known() {
        assert_eq!(
            [date("1970-01-01").weekday(), date("2026-03-22").weekday(), date("2026-03-23").weekday()],
            [4, 7, 1]
        );
        assert_eq!([date("2024-12-31").day_of_year(), date("2026-03-01").day_of_year()], [366, 60]);
    }

    #[test]
    fn midnight_in_denmark_is_not_midnight_in_greenwich() {
        for (ms, expected) in [
            (0, "1970-01-01"),
            (1_767_221_999_000, "2025-12-31"), // 22:59:59 UTC
            (1_767_222_000_000, "2026-01-01"), // 23:00 UTC is midnight in winter
            (1_774_735_200_000, "2026-03-28"), // 22:00 UTC: the night before summer time begins
            (1_774_821_600_000, "2026-03-30"), // 22:00 UTC is midnight in summer
            (1_792_882_800_000, "2026-10-25"), // 23:00 UTC on the 24th is 01:00 in summer
            (1_792_965_600_000, "2026-10-25"), // 22:00 UTC is 23:00 in winter
        ] {
            assert_eq!(Date::in_denmark(ms).to_string(), expected, "{ms}");
        }
    }
}
