//! Dates: `date('%d-%m-%Y')` and `iso_date`.

use jiff::{Timestamp, civil::Date, fmt::strtime, tz::TimeZone};
use minijinja::{
    Error,
    value::{Kwargs, Value},
};

use super::texts::scalar_text;
use crate::mapping::error::refuse;

const MAX_FORMAT_BYTES: usize = 64;
/// The longest spelling of a point in time, with room.
const MAX_DATE_BYTES: usize = 64;

/// `date('%d-%m-%Y')`, `date('%d-%m-%Y', zone='Europe/Copenhagen')`: a date written another way.
///
/// Reads `24-12-2026`, `24/12/2026`, `24.12.2026`, `2026-12-24` and RFC 3339. Of a point in time it takes the date as
/// written, or the date that it is in `zone`. Without a format it writes `24-12-2026`.
pub(crate) fn date(value: &Value, format: Option<&str>, options: Kwargs) -> Result<String, Error> {
    let zone: Option<&str> = options.get("zone")?;
    options.assert_all_used()?;
    let format = format.unwrap_or("%d-%m-%Y");
    if format.len() > MAX_FORMAT_BYTES {
        return Err(refuse(format!("a date format has at most {MAX_FORMAT_BYTES} bytes")));
    }
    let date = read(&scalar_text(value)?, zone)?;
    strtime::format(format, date)
        .map_err(|_| refuse("the format does not fit a date: use `%d`, `%m`, `%Y` and the like"))
}

/// `iso_date`: `2026-12-24`.
pub(crate) fn iso_date(value: &Value, options: Kwargs) -> Result<String, Error> {
    date(value, Some("%Y-%m-%d"), options)
}

fn read(text: &str, zone: Option<&str>) -> Result<Date, Error> {
    let text = text.trim();
    let unknown = || refuse("it is no date: `24-12-2026`, `24/12/2026`, `2026-12-24` or RFC 3339 is needed");
    if text.len() > MAX_DATE_BYTES {
        return Err(unknown());
    }
    if text.contains(['T', 't']) {
        // RFC 3339 has an offset; a time without one could be any day.
        let timestamp: Timestamp = text.parse().map_err(|_| unknown())?;
        return match zone {
            Some(zone) => {
                let zone =
                    TimeZone::get(zone).map_err(|_| refuse("the zone is unknown: write `zone='Europe/Copenhagen'`"))?;
                Ok(zone.to_datetime(timestamp).date())
            }
            None => numbers(&text[..text.len().min(10)]).ok_or_else(unknown),
        };
    }
    numbers(text).ok_or_else(unknown)
}

/// Year first or day first, with one kind of separator.
fn numbers(text: &str) -> Option<Date> {
    let separator = ['-', '/', '.'].into_iter().find(|separator| text.contains(*separator))?;
    let mut parts = text.split(separator);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (year, month, day) = match (first.len(), separator) {
        (4, '-') => (first, second, third),
        _ => (third, second, first),
    };
    if year.len() != 4 {
        return None;
    }
    Date::new(number(year)?, i8::try_from(number(month)?).ok()?, i8::try_from(number(day)?).ok()?).ok()
}

fn number(digits: &str) -> Option<i16> {
    let plain = (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}
