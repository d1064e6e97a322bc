//! How long a target asks to be left alone (RFC 9110, section 10.2.3): in seconds, or until a date.

use httpdate::parse_http_date;

/// Milliseconds to wait. A date counts from `answered_at`, the answer's own: the target's clock against itself,
/// so that neither it nor ours needs to be right. A date in the past is no wait.
///
/// `None` when the value is neither seconds nor a date, or a date of an answer that says none.
pub(super) fn wait_ms(value: &str, answered_at: Option<&str>) -> Option<u64> {
    if let Ok(seconds) = value.trim().parse::<u64>() {
        return Some(seconds.saturating_mul(1000));
    }
    let until = parse_http_date(value.trim()).ok()?;
    let answered_at = parse_http_date(answered_at?.trim()).ok()?;
    let wait = until.duration_since(answered_at).unwrap_or_default();
    Some(wait.as_secs().saturating_mul(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWERED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    #[track_caller]
    fn check(value: &str, expected: Option<u64>) {
        assert_eq!(wait_ms(value, Some(ANSWERED)), expected, "{value}");
    }

    #[test]
    fn seconds_are_milliseconds() {
        check("120", Some(120_000));
        check(" 0 ", Some(0));
        check("18446744073709551615", Some(u64::MAX));
        assert_eq!(wait_ms("120", None), Some(120_000));
    }

    #[test]
    fn a_date_counts_from_the_answers_own() {
        check("Sun, 06 Nov 1994 08:50:07 GMT", Some(30_000));
        check("Mon, 07 Nov 1994 08:49:37 GMT", Some(86_400_000));
        assert_eq!(wait_ms("Thu, 29 Feb 2024 00:00:00 GMT", Some(" Wed, 28 Feb 2024 23:59:00 GMT ")), Some(60_000));
    }

    #[test]
    fn the_obsolete_forms_are_understood() {
        check("Sunday, 06-Nov-94 08:50:07 GMT", Some(30_000));
        check("Sun Nov  6 08:50:07 1994", Some(30_000));
    }

    #[test]
    fn a_date_in_the_past_is_no_wait() {
        check("Sat, 05 Nov 1994 08:49:37 GMT", Some(0));
        check(ANSWERED, Some(0));
    }

    #[test]
    fn a_date_without_anything_to_count_from_says_nothing() {
        for answered_at in [None, Some(""), Some("yesterday")] {
            assert_eq!(wait_ms("Sun, 06 Nov 1994 08:50:07 GMT", answered_at), None);
        }
    }

    #[test]
    fn garbage_is_ignored() {
        for value in [
            "",
            "soon",
            "-1",
            "1.5",
            "99999999999999999999999",
            "Sun, 06 Nov 1994 25:00:00 GMT",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 ÆØÅ",
        ] {
            check(value, None);
        }
    }
}
