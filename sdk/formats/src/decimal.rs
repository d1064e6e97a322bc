//! Amounts and distances as Danish people write them, in hundredths: øre, or hundredths of a kilometre. Read as text and
//! never as a floating-point number, because `0.1 + 0.2` is not what a payroll wants.

use crate::Unfit;

/// What becomes of decimals beyond the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surplus {
    /// They are refused, also when they are zeros.
    Refused,
    /// They are dropped, as some files want kilometres.
    Dropped,
}

/// Reads `text` as hundredths: `1.234,50`, `1234,5`, `-7` and, because it can mean nothing else, `1234.50`.
///
/// `1.234` is refused: in Danish it is 1234, but a program that wrote it meant a bit more than one.
///
/// # Errors
/// What is no number, more decimals than two, or more than fits.
pub fn hundredths(text: &str, surplus: Surplus, place: &str) -> Result<i64, Unfit> {
    let text = text.trim();
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, decimals) = parts(digits, place)?;
    if decimals.len() > 2 && surplus == Surplus::Refused {
        let rule = "at most two decimals";
        return Err(Unfit::new("number-too-precise", place, " har mere end to decimaler.", rule));
    }
    let cents = format!("{whole}{:0<2}", decimals.get(..2).unwrap_or(decimals));
    let value: i64 = cents.parse().map_err(|_| {
        Unfit::new("number-too-large", place, " er for stort et tal.", "the number does not fit into 64 bits")
    })?;
    Ok(if negative { -value } else { value })
}

/// Whether [`Surplus::Dropped`] takes more than zeros away from `text`.
#[must_use]
pub fn loses_decimals(text: &str) -> bool {
    let digits = text.trim().trim_start_matches(['-', '+']);
    parts(digits, "").is_ok_and(|(_, decimals)| decimals.bytes().skip(2).any(|digit| digit != b'0'))
}

/// `123450` as `1234,50`.
#[must_use]
pub fn with_comma(hundredths: i64) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let value = hundredths.unsigned_abs();
    format!("{sign}{},{:02}", value / 100, value % 100)
}

/// The digits before and behind the decimal sign.
fn parts<'t>(text: &'t str, place: &str) -> Result<(String, &'t str), Unfit> {
    let wrong = || {
        let what = " er ikke et tal som 1234,50 eller 1.234,50.";
        Unfit::new("number-not-valid", place, what, "a number is `1234,50`, `1.234,50` or `1234.50`")
    };
    let plain = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, decimals) = match text.split_once(',') {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => decimal_point(text, place)?,
    };
    if decimals.is_some_and(|decimals| !plain(decimals)) {
        return Err(wrong());
    }
    let groups: Vec<&str> = whole.split('.').collect();
    let grouped = groups.len() == 1 || (groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3));
    if !grouped || !groups.iter().all(|group| plain(group)) {
        return Err(wrong());
    }
    Ok((groups.concat(), decimals.unwrap_or_default()))
}

/// Splits at a point that can only be a decimal point; `1.234.567` has none.
fn decimal_point<'t>(text: &'t str, place: &str) -> Result<(&'t str, Option<&'t str>), Unfit> {
    match text.split_once('.') {
        Some((whole, decimals)) if !decimals.contains('.') => match decimals.len() {
            3 if whole.len() <= 3 => {
                let what = " kan læses på to måder. Skriv 1234 eller 1,23.";
                let rule = "`1.234` is 1234 to Danish people and 1.234 to programs";
                Err(Unfit::new("number-ambiguous", place, what, rule))
            }
            _ => Ok((whole, Some(decimals))),
        },
        _ => Ok((text, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(text: &str, expected: i64) {
        assert_eq!(hundredths(text, Surplus::Refused, "x"), Ok(expected), "{text}");
    }

    #[track_caller]
    fn refuses(text: &str, code: &str) {
        assert_eq!(hundredths(text, Surplus::Refused, "x").expect_err(text).code, code, "{text}");
    }

    #[test]
    fn danish_amounts_become_oere() {
        for (text, expected) in [
            ("1.234,50", 123_450),
            ("1234,5", 123_450),
            ("1234", 123_400),
            ("0,01", 1),
            ("-7,25", -725),
            ("+7", 700),
            (" 12 ", 1_200),
            ("1.234.567", 123_456_700),
            ("001,00", 100),
            ("-0,00", 0),
        ] {
            reads(text, expected);
        }
    }

    #[test]
    fn a_point_that_can_only_be_decimal_is_one() {
        reads("1234.50", 123_450);
        reads("1234.5", 123_450);
        reads("12.34", 1_234);
        refuses("1.234", "number-ambiguous");
        refuses("1234.567", "number-too-precise");
    }

    #[test]
    fn a_third_decimal_is_refused() {
        refuses("1,234", "number-too-precise");
        refuses("1,230", "number-too-precise");
        refuses("1.234,567", "number-too-precise");
    }

    #[test]
    fn kilometres_may_drop_decimals() {
        assert_eq!(hundredths("12,349", Surplus::Dropped, "x"), Ok(1_234));
        assert_eq!(hundredths("-12,349", Surplus::Dropped, "x"), Ok(-1_234));
        for (text, loses) in [("-12,349", true), ("12,340", false), ("12,34", false), ("12,34x", false)] {
            assert_eq!(loses_decimals(text), loses, "{text}");
        }
        assert!(hundredths("12,34x", Surplus::Dropped, "x").is_err());
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "", "-", "12,", ",5", "1,2,3", "12.34,5", "1..234", "1e5", "12 kr", "1 234", "½", "١٢", "1,-5", "--1", ".5",
        ] {
            refuses(text, "number-not-valid");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        reads("92233720368547758,07", i64::MAX);
        refuses("92233720368547758,08", "number-too-large");
        refuses(&"9".repeat(500), "number-too-large");
    }

    #[test]
    fn a_message_names_the_place_and_not_the_number() {
        let unfit = hundredths("1,2345", Surplus::Refused, "Linje 3, `Beloeb`").expect_err("refused");
        assert_eq!(unfit.message, "Linje 3, `Beloeb` har mere end to decimaler.");
        assert!(!format!("{unfit:?}").contains("2345"));
    }

    #[test]
    fn hundredths_are_written_with_a_comma() {
        assert_eq!([123_450, 5, -725, 0].map(with_comma), ["1234,50", "0,05", "-7,25", "0,00"]);
    }
}
