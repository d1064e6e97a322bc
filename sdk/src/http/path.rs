//! Percent-encoding of what goes into a path or a query (RFC 3986).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::fmt::{self, Display, Write};

/// Everything but the unreserved characters: nothing in a value can end its segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A query keeps the characters that no server gives a meaning of its own there, so that `$filter` and
/// quoted texts stay readable. Everything that separates (`&`, `=`, `;`, `+`, `#`) is encoded.
const QUERY: &AsciiSet =
    &SEGMENT.remove(b'$').remove(b'\'').remove(b'(').remove(b')').remove(b'*').remove(b',').remove(b':').remove(b'@');

/// A value as one segment of a path. `.` and `..` come out encoded as well, although the host refuses them
/// in either form: they name no segment.
#[derive(Debug, Clone, Copy)]
pub struct Segment<T>(pub T);

impl<T: Display> Display for Segment<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Encoder { formatter, set: SEGMENT }, "{}", self.0)
    }
}

/// A value as one segment of a path, percent-encoded.
///
/// ```
/// assert_eq!(sluse_sdk::http::segment("Sag 1?2"), "Sag%201%3F2");
/// ```
#[must_use]
pub fn segment(value: impl Display) -> String {
    Segment(value).to_string()
}

/// Whether a value can stand in a path as one segment, once it is encoded. The host refuses every other one, in whatever
/// encoding, because a server or a proxy may read a slash or dots in it and go elsewhere. Ask before sending: the value is
/// at fault then, and not the connection.
///
/// ```
/// assert!(sluse_sdk::http::fits_segment("Sag 1-2 æ"));
/// assert!(!sluse_sdk::http::fits_segment("1/2"));
/// ```
#[must_use]
pub fn fits_segment(value: &str) -> bool {
    let mut level = value.to_owned();
    loop {
        let name = level.split(';').next().unwrap_or_default();
        let leads_away = level.contains(['/', '\\']) || level.contains(char::is_control) || matches!(name, "." | "..");
        if level.is_empty() || leads_away {
            return false;
        }
        let decoded = percent_decode_str(&level).decode_utf8_lossy().into_owned();
        // Decoding makes it shorter, so this ends.
        if decoded.len() >= level.len() {
            return true;
        }
        level = decoded;
    }
}

/// Formats a path; every argument becomes a part of one segment, percent-encoded.
///
/// ```
/// # use sluse_sdk::path;
/// let key = "åben, lukket";
/// assert_eq!(path!("/cases({})/files", key), "/cases(%C3%A5ben%2C%20lukket)/files");
/// ```
#[macro_export]
macro_rules! path {
    ($format:literal $(, $argument:expr)* $(,)?) => {
        ::std::format!($format $(, $crate::http::Segment(&$argument))*)
    };
}

/// Appends `name=value` to the query of `path`.
pub(super) fn append_query(path: &mut String, name: &str, value: &dyn Display) {
    path.push(if path.contains('?') { '&' } else { '?' });
    path.extend(utf8_percent_encode(name, QUERY));
    path.push('=');
    write!(Encoder { formatter: path, set: QUERY }, "{value}").expect("writing to a string never fails");
}

/// Encodes whatever is written through it.
struct Encoder<'a, W> {
    formatter: &'a mut W,
    set: &'static AsciiSet,
}

impl<W: Write> Write for Encoder<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        utf8_percent_encode(text, self.set).try_for_each(|piece| self.formatter.write_str(piece))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: &str) {
        let mut path = "/Cases".to_owned();
        append_query(&mut path, "$filter", &value);
        assert_eq!(path, format!("/Cases?$filter={expected}"));
    }

    #[test]
    fn a_query_keeps_odata_readable() {
        check("Title eq 'O''Brien'", "Title%20eq%20'O''Brien'");
    }

    #[test]
    fn a_value_cannot_add_a_parameter() {
        check("a&b=c;d#e+f", "a%26b%3Dc%3Bd%23e%2Bf");
    }

    #[test]
    fn danish_letters_are_utf8() {
        check("Ærø", "%C3%86r%C3%B8");
    }

    #[test]
    fn a_second_parameter_is_joined() {
        let mut path = "/Cases?a=1".to_owned();
        append_query(&mut path, "b", &2);
        assert_eq!(path, "/Cases?a=1&b=2");
    }

    #[test]
    fn a_value_that_some_read_as_a_way_out_fits_nowhere() {
        for value in ["1-2 Æ", "..x", "a.b", "100 %", "a%20b", "a;b"] {
            assert!(fits_segment(value), "{value}");
        }
        for value in ["", ".", "..", "1/2", "a\\b", "1%2F2", "%252e%252E", "..;x", "a\nb", "a%00b"] {
            assert!(!fits_segment(value), "{value}");
        }
    }

    #[test]
    fn a_value_cannot_leave_its_segment() {
        assert_eq!(path!("/a/{}/b", "../x?y"), "/a/..%2Fx%3Fy/b");
    }
}
