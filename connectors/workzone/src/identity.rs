//! Who a party is: a CPR number, a CVR number, an e-mail address or the code of a contact as it stands, how WorkZone may
//! have written it, and what names it where the number itself must not stand. What is a CPR or CVR number is left to `sluse-formats`.

use schemars::JsonSchema;
use serde::Deserialize;
use sluse_formats::{Cpr, Cvr, Unfit};
use sluse_sdk::Failure;

use crate::settings::CprFormat;

/// Longer than the codes that installations number their contacts with.
const MAX_CODE_CHARS: usize = 254;

/// What identifies a party.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum IdKind {
    /// A person, by CPR number with or without dash.
    Cpr,
    /// A company, by CVR number of 8 digits.
    Cvr,
    /// A contact, by e-mail address.
    Email,
}

impl IdKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Cpr => "cpr",
            Self::Cvr => "cvr",
            Self::Email => "email",
        }
    }

    /// What case officers call it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Cpr => "CPR-nummeret",
            Self::Cvr => "CVR-nummeret",
            Self::Email => "e-mailadressen",
        }
    }
}

/// A number or address that has the right form. Not printed: it names a person.
pub(crate) struct Identity {
    /// `None` where the type of the contact says nothing about the form of its code.
    pub(crate) kind: Option<IdKind>,
    text: Text,
}

/// What identifies, as far as somebody knows what it is made of.
enum Text {
    Cpr(Cpr),
    Cvr(Cvr),
    Email(String),
    Code(String),
}

impl Identity {
    /// Reads `text`. `place` says which party it is, for the problem; the text itself is in none.
    pub(crate) fn read(kind: IdKind, text: &str, place: &str) -> Result<Self, Failure> {
        let text = match kind {
            IdKind::Cpr => Text::Cpr(Cpr::read(text, place)?),
            IdKind::Cvr => Text::Cvr(Cvr::read(text, place)?),
            IdKind::Email => Text::Email(email(text, place)?),
        };
        Ok(Self { kind: Some(kind), text })
    }

    /// Reads the code of a contact whose type says nothing about its form. It may be a number that names a person.
    pub(crate) fn read_code(code: &str, place: &str) -> Result<Self, Failure> {
        let code = code.trim();
        if code.is_empty() || code.chars().count() > MAX_CODE_CHARS || code.chars().any(char::is_control) {
            let message = format!("{place}: kontaktens nummer har ikke en gyldig form.");
            let detail = format!("the code of a contact is one line of at most {MAX_CODE_CHARS} characters");
            return Err(Failure::invalid("contact-code-not-valid", message).detail(detail));
        }
        Ok(Self { kind: None, text: Text::Code(code.to_owned()) })
    }

    /// What it is, in an intent key.
    pub(crate) fn name(&self) -> &'static str {
        self.kind.map_or("code", IdKind::as_str)
    }

    /// As it is written to WorkZone.
    pub(crate) fn written(&self, format: CprFormat) -> String {
        match (&self.text, format) {
            (Text::Cpr(cpr), CprFormat::Dashed) => cpr.dashed(),
            _ => self.plain().to_owned(),
        }
    }

    /// Each way in which WorkZone may have stored it.
    pub(crate) fn spellings(&self) -> Vec<String> {
        let mut spellings = vec![self.plain().to_owned()];
        match &self.text {
            Text::Cpr(cpr) => spellings.push(cpr.dashed()),
            Text::Email(email) if email.to_lowercase() != *email => spellings.push(email.to_lowercase()),
            Text::Email(_) | Text::Cvr(_) | Text::Code(_) => {}
        }
        spellings
    }

    /// Without dash and spaces around it.
    fn plain(&self) -> &str {
        match &self.text {
            Text::Cpr(cpr) => cpr.digits(),
            Text::Cvr(cvr) => cvr.digits(),
            Text::Email(text) | Text::Code(text) => text,
        }
    }

    /// What a person is told when the check digit does not fit.
    pub(crate) fn warning(&self, place: &str) -> Option<String> {
        match &self.text {
            Text::Cpr(cpr) => cpr.warning(place),
            Text::Cvr(cvr) => cvr.warning(place),
            Text::Email(_) | Text::Code(_) => None,
        }
    }

    /// Names it in an intent key. Sixteen bits: enough to tell the parties of a delivery apart together with
    /// their place in it, and far too few to find a CPR number by trying all of them.
    pub(crate) fn mark(&self, delivery: &str) -> String {
        mark(&[delivery, self.name(), self.plain()])
    }
}

/// A short name for texts that must not be repeated.
pub(crate) fn mark(texts: &[&str]) -> String {
    let hash = fnv(texts);
    let folded = hash ^ (hash >> 32);
    format!("{:04x}", (folded ^ (folded >> 16)) & 0xffff)
}

/// A name for texts that are no secret and too long to repeat.
pub(crate) fn fingerprint(texts: &[&str]) -> String {
    format!("{:016x}", fnv(texts))
}

/// FNV-1a: small, and the same everywhere. Nobody gains by making two texts meet.
fn fnv(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn email(text: &str, place: &str) -> Result<String, Unfit> {
    let text = text.trim();
    if is_email(text) {
        return Ok(text.to_owned());
    }
    Err(Unfit {
        code: "email-not-valid",
        message: format!("{place}: e-mailadressen har ikke en gyldig form."),
        detail: "an e-mail address is `name@host.domain`".into(),
    })
}

fn is_email(text: &str) -> bool {
    let Some((name, domain)) = text.split_once('@') else { return false };
    let plain =
        |character: char| !character.is_whitespace() && !character.is_control() && !"@\"<>(),;:\\".contains(character);
    let labels = domain.split('.').all(|label| !label.is_empty());
    text.len() <= 254
        && !name.is_empty()
        && domain.contains('.')
        && labels
        && text.replacen('@', "", 1).chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: IdKind, text: &str) -> Option<Identity> {
        Identity::read(kind, text, "Part 1").ok()
    }

    #[test]
    fn a_cpr_number_is_the_same_with_and_without_dash() {
        for text in ["2512484916", "251248-4916", " 251248-4916 "] {
            let identity = read(IdKind::Cpr, text).expect("valid");
            assert_eq!(identity.spellings(), ["2512484916", "251248-4916"]);
            assert_eq!(identity.written(CprFormat::Dashed), "251248-4916");
        }
    }

    #[test]
    fn modulus_11_is_told_and_not_demanded() {
        let warns = |kind, text| read(kind, text).expect("valid").warning("Part 1").is_some();
        assert!(!warns(IdKind::Cpr, "2512484916") && warns(IdKind::Cpr, "0101010101"));
        assert!(!warns(IdKind::Cvr, "26911745") && warns(IdKind::Cvr, "12345678"));
    }

    #[test]
    fn an_address_has_a_name_and_a_domain() {
        for text in ["anna.sørensen@example.dk", "a@b.c"] {
            assert!(read(IdKind::Email, text).is_some(), "{text}");
        }
        for text in ["", "a", "@b.c", "a@b", "a@.c", "a@b.", "a b@c.d", "a@b@c.d", "<a@b.c>"] {
            assert!(read(IdKind::Email, text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_problem_does_not_repeat_the_number() {
        let failure = Identity::read(IdKind::Cpr, "3201901234", "Part 1").err().expect("refused");
        assert!(!format!("{failure:?}").contains("3201901234"));
        assert_eq!(failure.problem().message, "Part 1: CPR-nummeret har ikke en gyldig form.");
        let failure = Identity::read(IdKind::Email, "x", "Part 2").err().expect("refused");
        assert_eq!(failure.problem().message, "Part 2: e-mailadressen har ikke en gyldig form.");
        let failure = Identity::read_code("2512484916\n", "Part 3").map(|identity| identity.spellings());
        assert_eq!(failure.expect("trimmed"), ["2512484916"]);
        let failure = Identity::read_code("251248\t4916", "Part 3").err().expect("refused");
        assert!(!format!("{failure:?}").contains("4916"));
    }

    #[test]
    fn a_mark_is_short_and_stays_the_same() {
        let identity = read(IdKind::Cpr, "2512484916").expect("valid");
        assert_eq!(identity.mark("del-1").len(), 4);
        assert_eq!(identity.mark("del-1"), read(IdKind::Cpr, "251248-4916").expect("valid").mark("del-1"));
        assert_ne!(identity.mark("del-1"), identity.mark("del-2"));
    }
}
