//! What must not stand in a value because it means something to the reader of the file: delimiters, and what ends a line.

use crate::{Unfit, charset::shown};

/// Refuses control characters, line ends among them, and each character of `forbidden`.
///
/// # Errors
/// The first of them, with its position.
pub fn refuse(text: &str, forbidden: &str, place: &str) -> Result<(), Unfit> {
    let found =
        text.chars().enumerate().find(|&(_, one)| one.is_control() || is_line_end(one) || forbidden.contains(one));
    let Some((index, character)) = found else { return Ok(()) };
    let position = index + 1;
    let what = format!(": tegnet {} på plads {position} er ikke tilladt.", shown(character));
    let rule = format!("{} at position {position} is not allowed in the value", shown(character));
    Err(Unfit::new("character-not-allowed", place, &what, rule))
}

/// Ends a line for some readers, and is no control character.
fn is_line_end(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delimiter_is_refused_with_its_place() {
        let unfit = refuse("Mad & drikke", "&", "Linje 1, felt 153").expect_err("refused");
        assert_eq!(unfit.code, "character-not-allowed");
        assert_eq!(unfit.message, "Linje 1, felt 153: tegnet `&` på plads 5 er ikke tilladt.");
    }

    #[test]
    fn a_line_end_is_refused_everywhere() {
        for text in ["a\nb", "a\rb", "a\tb", "a\u{85}b", "a\u{2028}b"] {
            let unfit = refuse(text, "", "x").expect_err("refused");
            assert!(unfit.message.contains("U+"), "{unfit}");
        }
    }

    #[test]
    fn everything_else_may_stand() {
        assert_eq!(refuse("Ærø, 12½ % (moms) – \"ja\"", "&!\\", "x"), Ok(()));
    }
}
