//! What does not fit into a width: cut where that is allowed, so that what was lost can be told, or refused.

use crate::Unfit;

/// A text that was made to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut<'t> {
    /// What fits.
    pub kept: &'t str,
    /// What does not; usually nothing.
    pub lost: &'t str,
}

impl Cut<'_> {
    /// What a person is told when something was lost: how much, and not what it said.
    #[must_use]
    pub fn warning(&self, place: &str) -> Option<String> {
        let (kept, lost) = (length(self.kept), length(self.lost));
        (lost > 0).then(|| format!("{place} er afkortet fra {} til {kept} tegn.", kept + lost))
    }
}

/// The number of characters.
#[must_use]
pub fn length(text: &str) -> usize {
    text.chars().count()
}

/// Cuts `text` behind `width` characters. An accent that stands as a character of its own stays with its letter.
#[must_use]
pub fn to_width(text: &str, width: usize) -> Cut<'_> {
    let Some((mut end, next)) = text.char_indices().nth(width) else { return Cut { kept: text, lost: "" } };
    if is_accent(next) {
        end = text[..end].char_indices().rev().find(|&(_, one)| !is_accent(one)).map_or(0, |(at, _)| at);
    }
    let (kept, lost) = text.split_at(end);
    Cut { kept, lost }
}

/// Gives `text` back when it has at most `width` characters.
///
/// # Errors
/// How long it is, and how much room there is.
pub fn or_refuse<'t>(text: &'t str, width: usize, place: &str) -> Result<&'t str, Unfit> {
    let length = length(text);
    if length <= width {
        return Ok(text);
    }
    let what = format!(" er på {length} tegn; der er plads til {width}.");
    Err(Unfit::new("text-too-long", place, &what, format!("at most {width} characters, and there are {length}")))
}

fn is_accent(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, width: usize, kept: &str, lost: &str) {
        assert_eq!(to_width(text, width), Cut { kept, lost });
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        check("Ærøskøbing", 3, "Ærø", "skøbing");
        check("Ærø", 3, "Ærø", "");
        check("", 3, "", "");
        check("abc", 0, "", "abc");
    }

    #[test]
    fn an_accent_stays_with_its_letter() {
        check("bla\u{30a}", 3, "bl", "a\u{30a}");
        check("bla\u{30a}", 4, "bla\u{30a}", "");
    }

    #[test]
    fn what_was_lost_is_told_by_number() {
        assert_eq!(to_width("Ærøskøbing", 3).warning("`By`").as_deref(), Some("`By` er afkortet fra 10 til 3 tegn."));
        assert_eq!(to_width("Ærø", 3).warning("`By`"), None);
    }

    #[test]
    fn where_nothing_may_be_cut_it_is_refused() {
        assert_eq!(or_refuse("Ærø", 3, "`By`"), Ok("Ærø"));
        let unfit = or_refuse("Ærø!", 3, "`By`").expect_err("refused");
        assert_eq!(unfit.message, "`By` er på 4 tegn; der er plads til 3.");
    }
}
