//! Known secrets are taken out of what targets echo, before guest, log, journal or page see it.
//! Only what is known can be found: a target that transforms a secret otherwise is not promised.

mod encodings; // how a secret looks after a trip
mod stream; // a body, chunk by chunk

use std::{borrow::Cow, fmt, ops::Range, sync::Arc};

use aho_corasick::{AhoCorasick, Input, MatchKind};
use zeroize::Zeroizing;

use crate::Secret;
pub(crate) use stream::{Binary, Scan};

/// What stands where a secret stood.
pub const REDACTED: &str = "[redacted]";

/// Shorter values are ignored: four or five letters occur in ordinary words, and taking those out of every
/// answer would damage data without hiding anything. Choose longer secrets.
pub const MIN_SECRET_BYTES: usize = 6;

/// As much of a pattern as the automaton holds; the rest is compared where a head was found. Tokens of
/// kilobytes, each in a dozen spellings, would otherwise cost megabytes per connection.
const HEAD_BYTES: usize = 32;

/// Finds known secrets in text and in streams: as they are, and in base64 (at any alignment, both
/// alphabets), percent-encoding, hexadecimal, JSON and XML escapes.
///
/// Build it once per set of secrets and clone it: a clone is a pointer.
#[derive(Clone, Default)]
pub struct Scrubber {
    patterns: Option<Arc<Patterns>>,
}

struct Patterns {
    heads: AhoCorasick,
    /// The bytes that some pattern begins with.
    first: [bool; 256],
    /// Longest first.
    full: Vec<Zeroizing<Vec<u8>>>,
}

/// What one search found.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    /// Secrets, in order, without overlap.
    secrets: Vec<Range<usize>>,
    /// From here on a secret may have begun that the text does not end. The length of the text if none.
    open: usize,
}

impl Scrubber {
    /// Knows these secrets. Values shorter than [`MIN_SECRET_BYTES`] are ignored.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut full: Vec<Zeroizing<Vec<u8>>> = secrets
            .into_iter()
            .filter(|secret| secret.expose().len() >= MIN_SECRET_BYTES)
            .flat_map(|secret| encodings::of(secret.expose()))
            .collect();
        full.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        full.dedup();
        if full.is_empty() {
            return Self::default();
        }
        let mut first = [false; 256];
        full.iter().for_each(|pattern| first[usize::from(pattern[0])] = true);
        let mut heads: Vec<&[u8]> = full.iter().map(|pattern| &pattern[..pattern.len().min(HEAD_BYTES)]).collect();
        heads.sort_unstable();
        heads.dedup();
        let heads = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(heads)
            .expect("a few hundred short heads stay below the automaton's limits");
        Self { patterns: Some(Arc::new(Patterns { heads, first, full })) }
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_none()
    }

    /// The text with every known secret replaced by [`REDACTED`]; the text itself when it holds none.
    pub fn scrub_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(patterns) = &self.patterns else {
            return Cow::Borrowed(text);
        };
        let found = patterns.find(text.as_bytes(), true);
        if found.secrets.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut clean = Vec::with_capacity(text.len());
        replace(text.as_bytes(), &found.secrets, &mut clean);
        Cow::Owned(
            String::from_utf8(clean).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        )
    }

    /// Whether the bytes hold a known secret.
    pub fn finds_in(&self, bytes: &[u8]) -> bool {
        self.patterns.as_ref().is_some_and(|patterns| !patterns.find(bytes, true).secrets.is_empty())
    }
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scrubber({} patterns)", self.patterns.as_ref().map_or(0, |patterns| patterns.full.len()))
    }
}

impl Patterns {
    /// Every secret in `text`; unless it is the end of the text, with the place from which more must be seen.
    fn find(&self, text: &[u8], at_end: bool) -> Found {
        let mut secrets = Vec::new();
        let mut at = 0;
        let mut open = if at_end { text.len() } else { self.open_tail(text, at) };
        loop {
            let head = self.heads.find(Input::new(text).range(at..)).map(|head| head.start());
            if at > open {
                open = self.open_tail(text, at);
            }
            let Some(start) = head.filter(|start| *start < open) else {
                return Found { secrets, open };
            };
            if !at_end && self.may_go_on(&text[start..]) {
                return Found { secrets, open: start };
            }
            at = match self.longest_at(&text[start..]) {
                Some(length) => {
                    secrets.push(start..start + length);
                    start + length
                }
                None => start + 1,
            };
        }
    }

    /// The first place in the last bytes where a head may have begun.
    fn open_tail(&self, text: &[u8], at: usize) -> usize {
        let from = at.max(text.len().saturating_sub(HEAD_BYTES - 1));
        (from..text.len()).find(|start| self.may_go_on(&text[*start..])).unwrap_or(text.len())
    }

    /// Whether the text ends within a pattern that begins where it begins.
    fn may_go_on(&self, text: &[u8]) -> bool {
        self.first[usize::from(text[0])]
            && self
                .full
                .iter()
                .take_while(|pattern| pattern.len() > text.len())
                .any(|pattern| pattern.starts_with(text))
    }

    fn longest_at(&self, text: &[u8]) -> Option<usize> {
        self.full.iter().find(|pattern| text.starts_with(pattern)).map(|pattern| pattern.len())
    }
}

fn replace(text: &[u8], secrets: &[Range<usize>], clean: &mut Vec<u8>) {
    let mut at = 0;
    for secret in secrets {
        clean.extend_from_slice(&text[at..secret.start]);
        clean.extend_from_slice(REDACTED.as_bytes());
        at = secret.end;
    }
    clean.extend_from_slice(&text[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrubber(secrets: &[&str]) -> Scrubber {
        let secrets: Vec<Secret> = secrets.iter().map(|secret| Secret::from(*secret)).collect();
        Scrubber::new(&secrets)
    }

    #[track_caller]
    fn check(secrets: &[&str], text: &str, clean: &str) {
        assert_eq!(scrubber(secrets).scrub_text(text), clean);
    }

    #[test]
    fn a_secret_is_replaced_wherever_it_stands() {
        check(&["hunter22"], "hunter22", "[redacted]");
        check(&["hunter22"], "a hunter22 b hunter22", "a [redacted] b [redacted]");
        check(&["hunter22"], "hunter2 hunter222", "hunter2 [redacted]2");
        check(&["hunter22"], "æhunter22ø", "æ[redacted]ø");
    }

    #[test]
    fn text_without_secrets_is_not_copied() {
        assert!(matches!(scrubber(&["hunter22"]).scrub_text("plain"), Cow::Borrowed("plain")));
        assert!(matches!(Scrubber::default().scrub_text("plain"), Cow::Borrowed("plain")));
    }

    #[test]
    fn short_values_are_ignored() {
        assert!(scrubber(&["case", "", "12345"]).is_empty());
        check(&["123456"], "123456", "[redacted]");
    }

    #[test]
    fn of_two_secrets_at_one_place_the_longer_goes() {
        check(&["secret-a", "secret-a-longer"], "secret-a-longer secret-a", "[redacted] [redacted]");
    }

    #[test]
    fn a_long_secret_is_compared_to_its_end() {
        let token = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.".to_owned() + &"abcdefgh".repeat(200);
        check(&[&token], &format!("x{token}y"), "x[redacted]y");
        let other = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.other";
        check(&[&token], other, other);
        check(&[&token, "eyJhbGciOi"], other, "[redacted]JSUzI1NiIsInR5cCI6IkpXVCJ9.other");
    }

    #[test]
    fn a_secret_of_one_letter_many_times_is_found() {
        check(&["aaaaaaaa"], &"a".repeat(20), "[redacted][redacted]aaaa");
    }

    #[test]
    fn debug_output_shows_no_secret() {
        assert!(!format!("{:?}", scrubber(&["hunter22"])).contains("hunter"));
    }

    #[test]
    fn bytes_are_searched_too() {
        assert!(scrubber(&["hunter22"]).finds_in(b"\xff\x00hunter22\xfe"));
        assert!(!scrubber(&["hunter22"]).finds_in(b"\xff\x00hunter\xfe"));
    }
}
