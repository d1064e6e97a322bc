//! How long WorkZone asks to wait (RFC 9110): seconds, or a date that is compared with the answer's own.

/// Milliseconds to wait; `None` when the value is neither. A date in the past is no wait.
pub(crate) fn wait_ms(value: &str, answered_at: Option<&str>, now_ms: u64) -> Option<u64> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(seconds.saturating_mul(1000));
    }
    let until = unix_seconds(value)?;
    // The target's clock against itself, so that neither needs to be right.
    let now = answered_at.and_then(unix_seconds).unwrap_or(now_ms / 1000);
    Some(until.saturating_sub(now).saturating_mul(1000))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that is still sent.
fn unix_seconds(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, date) = text.trim().strip_suffix(" GMT")?.split_once(", ")?;
    let mut words = date.split(' ');
    let day: u64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
    let year: u64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds) = (clock.next()??, clock.next()??, clock.next()??);
    if !(1..=31).contains(&day) || !(1970..=9999).contains(&year) || hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    Some(days_since_1970(year, month, day) * 86_400 + hours * 3600 + minutes * 60 + seconds)
}

/// The Gregorian calendar, counted in years that begin in March so that the leap day is the last one.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, answered_at: Option<&str>, expected: Option<u64>) {
        assert_eq!(wait_ms(value, answered_at, 784_111_777_000), expected, "{value}");
    }

    #[test]
    fn seconds_are_milliseconds() {
        check("120", None, Some(120_000));
    }

    #[test]
    fn a_date_is_compared_with_the_answers_own() {
        check("Sun, 06 Nov 1994 08:50:37 GMT", Some("Sun, 06 Nov 1994 08:50:07 GMT"), Some(30_000));
        check("Sun, 06 Nov 1994 08:49:47 GMT", None, Some(10_000));
        check("Thu, 29 Feb 2024 00:00:00 GMT", Some("Wed, 28 Feb 2024 23:59:00 GMT"), Some(60_000));
    }

    #[test]
    fn a_date_in_the_past_is_no_wait() {
        check("Sat, 05 Nov 1994 08:49:37 GMT", None, Some(0));
    }

    #[test]
    fn garbage_is_ignored() {
        for value in ["", "soon", "-1", "Sun, 06 Nov 1994 25:00:00 GMT", "Sun, 06 Foo 1994 08:49:37 GMT"] {
            check(value, None, None);
        }
    }
}
