//! How a secret looks after a trip through somebody's encoder.

use std::fmt::Write as _;

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_encode};
use zeroize::Zeroizing;

type Pattern = Zeroizing<Vec<u8>>;

/// RFC 3986, unreserved.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What `encodeURIComponent` leaves alone beside the unreserved ones.
const COMPONENT: &AsciiSet = &UNRESERVED.remove(b'!').remove(b'\'').remove(b'(').remove(b')').remove(b'*');
/// HTML forms also encode the tilde, and write a space as `+`.
const FORM: &AsciiSet = &UNRESERVED.remove(b'*').add(b'~');
/// What a URL parser encodes in a query by itself.
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'\'');

/// Base64 shorter than this occurs by chance.
const MIN_BASE64_BYTES: usize = 8;

/// The secret as it is, and in every encoding that is looked for. Repetitions are the caller's to drop.
pub(super) fn of(secret: &[u8]) -> Vec<Pattern> {
    let mut patterns = vec![Zeroizing::new(secret.to_vec())];
    patterns.extend(hexadecimal(secret));
    patterns.extend(base64(secret));
    patterns.extend(percent_encoded(secret));
    if let Ok(text) = std::str::from_utf8(secret) {
        patterns.extend(escaped(text));
    }
    patterns
}

fn hexadecimal(secret: &[u8]) -> [Pattern; 2] {
    let mut lower = Zeroizing::new(String::with_capacity(secret.len() * 2));
    for byte in secret {
        write!(lower, "{byte:02x}").expect("writing to a string does not fail");
    }
    [pattern(&lower), Zeroizing::new(lower.to_ascii_uppercase().into_bytes())]
}

/// The letters that do not depend on what stands before and after, for each of the three alignments.
fn base64(secret: &[u8]) -> impl Iterator<Item = Pattern> {
    (0..3).flat_map(move |before| {
        let padded = Zeroizing::new([&[0_u8; 2][..before], secret].concat());
        let first = (before * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD].into_iter().filter_map(move |alphabet| {
            let text = Zeroizing::new(alphabet.encode(&*padded));
            (last >= first + MIN_BASE64_BYTES).then(|| pattern(&text[first..last]))
        })
    })
}

fn percent_encoded(secret: &[u8]) -> Vec<Pattern> {
    let mut all = Zeroizing::new(String::with_capacity(secret.len() * 3));
    for byte in secret {
        write!(all, "%{byte:02X}").expect("writing to a string does not fail");
    }
    let mut patterns: Vec<Pattern> =
        [UNRESERVED, COMPONENT, QUERY, NON_ALPHANUMERIC].into_iter().map(|set| encoded(secret, set)).collect();
    let form = Zeroizing::new(percent_encode(secret, FORM).to_string());
    patterns.push(pattern(&form.replace("%20", "+")));
    patterns.push(pattern(&all));
    let lower: Vec<Pattern> = patterns.iter().map(|upper| lower_escapes(upper)).collect();
    patterns.extend(lower);
    patterns
}

fn encoded(secret: &[u8], set: &'static AsciiSet) -> Pattern {
    pattern(&Zeroizing::new(percent_encode(secret, set).to_string()))
}

/// `%2F` as `%2f`, the letters between the escapes as they are.
fn lower_escapes(upper: &[u8]) -> Pattern {
    let mut lower = Zeroizing::new(upper.to_vec());
    let mut at = 0;
    while at + 2 < lower.len() {
        if lower[at] == b'%' {
            lower[at + 1..at + 3].make_ascii_lowercase();
            at += 2;
        }
        at += 1;
    }
    lower
}

/// Strings in JSON and text in XML, as the common writers escape them.
fn escaped(text: &str) -> Vec<Pattern> {
    let plain = |_: char| false;
    let html = |letter: char| matches!(letter, '"' | '&' | '\'' | '<' | '>' | '`' | '+');
    let ascii = |letter: char| !letter.is_ascii();
    let mut patterns = Vec::new();
    for upper in [false, true] {
        patterns.push(json(text, false, upper, plain));
        patterns.push(json(text, true, upper, plain));
        patterns.push(json(text, false, upper, ascii));
        patterns.push(json(text, true, upper, ascii));
        // .NET escapes what HTML might read, non-ASCII letters and a plus.
        patterns.push(json(text, false, upper, |letter| html(letter) || ascii(letter)));
        patterns.push(json(text, false, upper, |letter| matches!(letter, '&' | '<' | '>')));
    }
    for quote in ["&#39;", "&#x27;", "&apos;", "'"] {
        patterns.push(xml(text, quote, "&quot;"));
    }
    patterns.push(xml(text, "'", "\""));
    patterns.push(xml(text, "&#39;", "&#34;"));
    patterns
}

fn json(text: &str, slash: bool, upper: bool, by_code: impl Fn(char) -> bool) -> Pattern {
    let mut written = Zeroizing::new(String::with_capacity(text.len() * 2));
    for letter in text.chars() {
        match letter {
            letter if by_code(letter) => push_code(&mut written, letter, upper),
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '/' if slash => written.push_str("\\/"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            '\u{8}' => written.push_str("\\b"),
            '\u{c}' => written.push_str("\\f"),
            letter if letter < ' ' => push_code(&mut written, letter, upper),
            letter => written.push(letter),
        }
    }
    pattern(&written)
}

fn push_code(written: &mut String, letter: char, upper: bool) {
    for unit in letter.encode_utf16(&mut [0; 2]) {
        let result = if upper { write!(written, "\\u{unit:04X}") } else { write!(written, "\\u{unit:04x}") };
        result.expect("writing to a string does not fail");
    }
}

fn xml(text: &str, single_quote: &str, double_quote: &str) -> Pattern {
    let mut written = Zeroizing::new(String::with_capacity(text.len() * 2));
    for letter in text.chars() {
        match letter {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '\'' => written.push_str(single_quote),
            '"' => written.push_str(double_quote),
            letter => written.push(letter),
        }
    }
    pattern(&written)
}

fn pattern(text: &str) -> Pattern {
    Zeroizing::new(text.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};

    use crate::{Scrubber, Secret};

    const AWKWARD: &str = "pa/ss wörd\"&'<+\\~1";

    #[track_caller]
    fn found(secret: &str, text: &str) {
        let clean = Scrubber::new(&[Secret::from(secret)]).scrub_text(text).into_owned();
        assert!(clean.contains("[redacted]"), "{text} stayed");
    }

    #[track_caller]
    fn gone(secret: &str, text: &str) {
        let clean = Scrubber::new(&[Secret::from(secret)]).scrub_text(text).into_owned();
        assert_eq!(clean, "[redacted]", "{text}");
    }

    #[test]
    fn hexadecimal_in_both_cases() {
        gone("hunter[22]", "68756e7465725b32325d");
        gone("hunter[22]", "68756E7465725B32325D");
    }

    #[test]
    fn base64_at_each_alignment_in_both_alphabets() {
        use base64::Engine as _;
        for before in ["", "a", "ab", "abc"] {
            for after in ["", "z", "zz"] {
                let text = format!("{before}~~hunter??>>22~~{after}");
                found("~~hunter??>>22~~", &BASE64_STANDARD.encode(&text));
                found("~~hunter??>>22~~", &BASE64_URL_SAFE.encode(&text));
            }
        }
    }

    #[test]
    fn percent_encoding_of_different_encoders() {
        for text in [
            "pa%2Fss%20w%C3%B6rd%22%26%27%3C%2B%5C~1",                   // strict
            "pa%2fss%20w%c3%b6rd%22%26%27%3c%2b%5c~1",                   // strict, lower case
            "pa%2Fss%20w%C3%B6rd%22%26'%3C%2B%5C~1",                     // encodeURIComponent
            "pa%2Fss+w%C3%B6rd%22%26%27%3C%2B%5C%7E1",                   // form
            "pa/ss%20w%C3%B6rd%22&%27%3C+\\~1",                          // a URL parser's query
            "%70%61%2F%73%73%20%77%C3%B6%72%64%22%26%27%3C%2B%5C%7E%31", // everything
        ] {
            gone(AWKWARD, text);
        }
    }

    #[test]
    fn json_of_different_writers() {
        gone(AWKWARD, serde_json::to_string(AWKWARD).expect("JSON").trim_matches('"'));
        for text in [
            r#"pa\/ss wörd\"&'<+\\~1"#,
            r#"pa\/ss w\u00f6rd\"&'<+\\~1"#,
            r#"pa/ss w\u00F6rd\u0022\u0026\u0027\u003C\u002B\\~1"#,
            r#"pa/ss wörd\"\u0026'\u003c+\\~1"#,
        ] {
            gone(AWKWARD, text);
        }
    }

    #[test]
    fn xml_of_different_writers() {
        for text in [
            "pa/ss wörd&quot;&amp;&#39;&lt;+\\~1",
            "pa/ss wörd\"&amp;'&lt;+\\~1",
            "pa/ss wörd&quot;&amp;&apos;&lt;+\\~1",
        ] {
            gone(AWKWARD, text);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_found() {
        let scrubber = Scrubber::new(&[Secret::new([0xff, 0xfe, 0x00, 0x01, 0x80, 0x90, 0xa0])]);
        assert_eq!(scrubber.scrub_text("key=fffe00018090a0!"), "key=[redacted]!");
        assert_eq!(scrubber.scrub_text("%FF%FE%00%01%80%90%A0"), "[redacted]");
    }
}
