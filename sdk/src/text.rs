//! Texts of targets before people read them.

/// What a covered number is replaced with.
const COVER: &str = "[personnummer]";

/// Covers whatever reads as a Danish personal number: ten digits, or six, a dash or space and four.
///
/// ```
/// assert_eq!(sluse_sdk::text::without_personal_numbers("CPR 251248-4916"), "CPR [personnummer]");
/// ```
#[must_use]
pub fn without_personal_numbers(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut covered = String::with_capacity(text.len());
    let mut at = 0;
    while at < characters.len() {
        match personal_number_length(&characters, at) {
            Some(length) => {
                covered.push_str(COVER);
                at += length;
            }
            None => {
                covered.push(characters[at]);
                at += 1;
            }
        }
    }
    covered
}

/// White space and control characters become single spaces.
///
/// ```
/// assert_eq!(sluse_sdk::text::one_line(" to\r\nlinjer "), "to linjer");
/// ```
#[must_use]
pub fn one_line(text: &str) -> String {
    let apart = |character: char| character.is_whitespace() || character.is_control();
    text.split(apart).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The text, or the beginning of it and an ellipsis where it has more than `max_chars` characters.
///
/// ```
/// assert_eq!(sluse_sdk::text::shortened("Ærøskøbing", 4), "Ærø…");
/// ```
#[must_use]
pub fn shortened(text: &str, max_chars: usize) -> String {
    if text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let kept: String = text.chars().take(max_chars.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// The length of a personal number that begins at `start`, when digits neither precede nor follow it.
fn personal_number_length(characters: &[char], start: usize) -> Option<usize> {
    let digit = |at: usize| characters.get(at).is_some_and(char::is_ascii_digit);
    if start > 0 && digit(start - 1) || !(start..start + 6).all(digit) {
        return None;
    }
    let separator = usize::from(matches!(characters.get(start + 6), Some('-' | ' ')));
    let tail = start + 6 + separator;
    ((tail..tail + 4).all(digit) && !digit(tail + 4)).then_some(10 + separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(without_personal_numbers(text), expected);
    }

    #[test]
    fn each_spelling_of_a_personal_number_is_covered() {
        check("2512484916", COVER);
        check("251248-4916 og 251248 4916", "[personnummer] og [personnummer]");
    }

    #[test]
    fn shorter_and_longer_numbers_stay() {
        check("12345678 og 12345678901", "12345678 og 12345678901");
        check("", "");
    }
}
