//! Property values between the wire and the tables: one stored form, three written ones.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::{Number, Value};

use super::errors::{Refusal, Shape};
use super::model::Kind;

/// A value as it is stored: dates `2026-01-31`, instants `2026-01-31T00:00:00Z`, numbers as numbers.
pub(super) fn to_stored(property: &str, kind: &Kind, value: Value) -> Result<Value, Refusal> {
    let stored = match (kind, value) {
        (_, Value::Null) => Some(Value::Null),
        (Kind::Text | Kind::Code | Kind::Key(_), Value::String(text)) => Some(Value::String(text)),
        (Kind::Date, Value::String(text)) => day(&text).map(|day| Value::String(day.to_string())),
        (Kind::Instant, Value::String(text)) => instant(&text).map(|instant| Value::String(instant.to_string())),
        (Kind::Integer, Value::Number(number)) => number.as_i64().map(Value::from),
        (Kind::Integer, Value::String(text)) => text.parse::<i64>().ok().map(Value::from),
        (Kind::Decimal, Value::Number(number)) => Some(decimal(number)),
        (Kind::Decimal, Value::String(text)) => text.parse().ok().and_then(Number::from_f64).map(decimal),
        _ => None,
    };
    stored.ok_or_else(|| Refusal::bad_value(property))
}

/// A stored value as the shape writes it.
pub(super) fn to_wire(kind: &Kind, value: &Value, shape: Shape) -> Value {
    let (Value::String(text), Kind::Date | Kind::Instant) = (value, kind) else {
        // v3 writes decimals as texts.
        return match (kind, shape, value) {
            (Kind::Decimal, Shape::V3Light | Shape::V3Verbose, Value::Number(number)) => {
                Value::String(number.to_string())
            }
            _ => value.clone(),
        };
    };
    match shape {
        Shape::V3Verbose => {
            instant(text).map_or(Value::Null, |at| Value::String(format!("/Date({})/", at.as_millisecond())))
        }
        Shape::V3Light | Shape::Xml => {
            instant(text).map_or(Value::Null, |at| Value::String(TimeZone::UTC.to_datetime(at).to_string()))
        }
        _ => value.clone(),
    }
}

/// `1` and `1.0` are the same number.
fn decimal(number: Number) -> Value {
    Value::from(number.as_f64().unwrap_or_default())
}

fn day(text: &str) -> Option<Date> {
    text.parse::<Date>()
        .ok()
        .filter(|_| text.len() == 10)
        .or_else(|| Some(TimeZone::UTC.to_datetime(instant(text)?).date()))
}

fn instant(text: &str) -> Option<Timestamp> {
    if let Some(milliseconds) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        return Timestamp::from_millisecond(milliseconds.parse().ok()?).ok();
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let local = text
        .parse::<DateTime>()
        .ok()
        .or_else(|| Some(text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight())))?;
    TimeZone::UTC.to_timestamp(local).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Kind, given: Value, stored: Value) {
        assert_eq!(to_stored("P", &kind, given).unwrap(), stored);
    }

    #[test]
    fn each_way_to_write_a_day_is_one_day() {
        for given in ["2026-01-31", "2026-01-31T00:00:00", "2026-01-31T00:00:00Z", "/Date(1769817600000)/"] {
            check(Kind::Date, given.into(), "2026-01-31".into());
        }
    }

    #[test]
    fn a_danish_decimal_comma_is_refused() {
        check(Kind::Decimal, "125.5".into(), 125.5.into());
        check(Kind::Decimal, 125.into(), 125.0.into());
        assert!(to_stored("P", &Kind::Decimal, "125,5".into()).is_err());
        assert!(to_stored("P", &Kind::Text, 5.into()).is_err());
    }

    #[test]
    fn each_shape_writes_dates_its_own_way() {
        let stored = Value::from("2026-01-31");
        assert_eq!(to_wire(&Kind::Date, &stored, Shape::V4), "2026-01-31");
        assert_eq!(to_wire(&Kind::Date, &stored, Shape::V3Light), "2026-01-31T00:00:00");
        assert_eq!(to_wire(&Kind::Date, &stored, Shape::V3Verbose), "/Date(1769817600000)/");
    }
}
