//! What a component says to people: escaped, so that it cannot do anything to a terminal or a page, and cut where
//! it is longer than its place has room for.

use std::fmt::Write as _;

use sluse_connector::Finding;
use sluse_model::Problem;

/// A line on a timeline; what is longer belongs into an attachment.
pub(crate) const MAX_LINE_BYTES: usize = 4 << 10;

/// A short name for programs.
const MAX_NAME_BYTES: usize = 64;

/// One sentence for a person.
const MAX_MESSAGE_BYTES: usize = 600;

/// What support needs to find a cause.
const MAX_DETAIL_BYTES: usize = 4 << 10;

/// Things that one check looks at.
const MAX_FINDINGS: usize = 64;

/// The problem as it may be kept and shown.
pub(crate) fn problem(said: Problem) -> Problem {
    Problem {
        code: name(said.code),
        message: tidy(said.message, MAX_MESSAGE_BYTES),
        detail: said.detail.map(|detail| tidy(detail, MAX_DETAIL_BYTES)),
    }
}

/// The findings as they may be shown. What is left out has not passed: nobody sees it.
pub(crate) fn findings(mut said: Vec<Finding>) -> Vec<Finding> {
    let left_out = said.len().saturating_sub(MAX_FINDINGS);
    said.truncate(MAX_FINDINGS);
    let mut findings: Vec<Finding> = said.into_iter().map(finding).collect();
    if left_out > 0 {
        let message = format!("the check says {left_out} things more than the {MAX_FINDINGS} that are shown");
        findings.push(Finding { subject: "left-out".into(), passed: false, message });
    }
    findings
}

fn finding(said: Finding) -> Finding {
    Finding {
        subject: tidy(said.subject, MAX_NAME_BYTES),
        passed: said.passed,
        message: tidy(said.message, MAX_MESSAGE_BYTES),
    }
}

/// A name that programs can rely on: what a name cannot have becomes a dash.
fn name(said: String) -> String {
    if said.is_empty() {
        return "unnamed".into();
    }
    let plain = |character: char| if is_plain(character) { character } else { '-' };
    said.chars().take(MAX_NAME_BYTES).map(plain).collect()
}

fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}

/// The text as it may be shown: escaped, and cut after `max_bytes`. The usual text is not copied.
pub(crate) fn tidy(text: String, max_bytes: usize) -> String {
    if text.len() <= max_bytes && !text.chars().any(is_unfit) {
        return text;
    }
    let mut tidied = String::with_capacity(text.len().min(max_bytes) + 64);
    for (position, character) in text.char_indices() {
        if tidied.len() >= max_bytes {
            let _ = write!(tidied, "… ({} bytes left out)", text.len() - position);
            break;
        }
        if is_unfit(character) {
            tidied.extend(character.escape_default());
        } else {
            tidied.push(character);
        }
    }
    tidied
}

/// What could move a terminal's cursor, begin a line of its own, or turn the direction of the text around it.
fn is_unfit(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> String {
        tidy(text.to_owned(), MAX_LINE_BYTES)
    }

    #[test]
    fn danish_text_passes_as_it_is() {
        assert_eq!(line("Sagen blev åbnet"), "Sagen blev åbnet");
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(line("a\nb\x1b[2J\u{202e}c\0"), r"a\nb\u{1b}[2J\u{202e}c\u{0}");
    }

    #[test]
    fn a_long_line_is_cut_with_a_mark() {
        let line = line(&"x".repeat(MAX_LINE_BYTES + 100));
        assert!(line.ends_with("… (100 bytes left out)"), "{}", &line[MAX_LINE_BYTES..]);
    }

    #[test]
    fn escapes_count_for_the_length() {
        assert!(line(&"\u{1}".repeat(MAX_LINE_BYTES)).len() < MAX_LINE_BYTES + 64);
    }

    #[test]
    fn a_code_is_a_name_whatever_was_said() {
        let code = |said: &str| problem(Problem::new(said, "")).code;
        assert_eq!(code("case-not-found"), "case-not-found");
        assert_eq!(code("\x1b[2J æ"), "--2J--");
        assert_eq!(code(""), "unnamed");
        assert_eq!(code(&"æ".repeat(1000)).len(), MAX_NAME_BYTES);
    }

    #[test]
    fn findings_that_are_left_out_have_not_passed() {
        let passed = Finding { subject: "sign-in".into(), passed: true, message: "It works.".into() };
        assert_eq!(findings(vec![passed.clone(); MAX_FINDINGS]), vec![passed.clone(); MAX_FINDINGS]);
        let many = findings(vec![passed; MAX_FINDINGS + 7]);
        assert_eq!(many.len(), MAX_FINDINGS + 1);
        let last = many.last().expect("a mark");
        assert!(!last.passed && last.message.contains("7 things"), "{last:?}");
    }
}
