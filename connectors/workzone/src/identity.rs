//! CPR numbers, CVR numbers and e-mail addresses: what is one, how it may be written, and what names it where
//! the number itself must not stand.

use schemars::JsonSchema;
use serde::Deserialize;
use sluse_sdk::Failure;

use crate::settings::CprFormat;

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
    pub(crate) kind: IdKind,
    /// Without dash and spaces around it.
    plain: String,
}

impl Identity {
    /// Reads `text`. `place` says which party it is, for the problem; the text itself is in none.
    pub(crate) fn read(kind: IdKind, text: &str, place: &str) -> Result<Self, Failure> {
        let text = text.trim();
        let plain = match kind {
            IdKind::Cpr => cpr_digits(text),
            IdKind::Cvr => Some(text).filter(|text| text.len() == 8 && all_digits(text)).map(str::to_owned),
            IdKind::Email => Some(text).filter(|text| is_email(text)).map(str::to_owned),
        };
        let plain = plain.ok_or_else(|| {
            Failure::invalid(
                format!("{}-not-valid", kind.as_str()),
                format!("{place}: {} har ikke en gyldig form.", kind.title()),
            )
            .detail(match kind {
                IdKind::Cpr => "a CPR number is `ddmmyyxxxx` or `ddmmyy-xxxx` with a date that exists",
                IdKind::Cvr => "a CVR number is 8 digits",
                IdKind::Email => "an e-mail address is `name@host.domain`",
            })
        })?;
        Ok(Self { kind, plain })
    }

    /// As it is written to WorkZone.
    pub(crate) fn written(&self, format: CprFormat) -> String {
        match (self.kind, format) {
            (IdKind::Cpr, CprFormat::Dashed) => self.dashed(),
            _ => self.plain.clone(),
        }
    }

    /// Each way in which WorkZone may have stored it.
    pub(crate) fn spellings(&self) -> Vec<String> {
        let mut spellings = vec![self.plain.clone()];
        match self.kind {
            IdKind::Cpr => spellings.push(self.dashed()),
            IdKind::Email if self.plain.to_lowercase() != self.plain => spellings.push(self.plain.to_lowercase()),
            IdKind::Email | IdKind::Cvr => {}
        }
        spellings
    }

    fn dashed(&self) -> String {
        format!("{}-{}", &self.plain[..6], &self.plain[6..])
    }

    /// Whether the check digit fits. Since 2007 a CPR number need not have one that does.
    pub(crate) fn fits_modulus_11(&self) -> bool {
        match self.kind {
            IdKind::Cpr => weighted_sum(&self.plain, &[4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11),
            IdKind::Cvr => weighted_sum(&self.plain, &[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11),
            IdKind::Email => true,
        }
    }

    /// Names it in an intent key. Sixteen bits: enough to tell the parties of a delivery apart together with
    /// their place in it, and far too few to find a CPR number by trying all of them.
    pub(crate) fn mark(&self, delivery: &str) -> String {
        mark(&[delivery, self.kind.as_str(), &self.plain])
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

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn weighted_sum(digits: &str, weights: &[u32]) -> u32 {
    digits.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum()
}

/// The ten digits, when they begin with a date. The century is not in the first six, so 29 February passes.
fn cpr_digits(text: &str) -> Option<String> {
    let digits = match text.as_bytes().get(6) {
        Some(b'-') => [&text[..6], &text[7..]].concat(),
        _ => text.to_owned(),
    };
    if digits.len() != 10 || !all_digits(&digits) {
        return None;
    }
    let (day, month): (u32, u32) = (digits[..2].parse().ok()?, digits[2..4].parse().ok()?);
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    ((1..=days).contains(&day) || digits == "0000000000").then_some(digits)
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
    fn a_cpr_number_begins_with_a_date() {
        for text in ["3101901234", "2902001234", "0000000000"] {
            assert!(read(IdKind::Cpr, text).is_some(), "{text}");
        }
        for text in [
            "3201901234",
            "3104901234",
            "3002901234",
            "0113901234",
            "25124849161",
            "251248 4916",
            "25124-84916",
            "æ512484916",
            "",
        ] {
            assert!(read(IdKind::Cpr, text).is_none(), "{text}");
        }
    }

    #[test]
    fn modulus_11_is_told_and_not_demanded() {
        assert!(read(IdKind::Cpr, "2512484916").expect("valid").fits_modulus_11());
        assert!(!read(IdKind::Cpr, "0101010101").expect("valid").fits_modulus_11());
        for text in ["26911745", "25313763", "29189846", "55133018"] {
            assert!(read(IdKind::Cvr, text).expect("valid").fits_modulus_11(), "{text}");
        }
        assert!(!read(IdKind::Cvr, "12345678").expect("valid").fits_modulus_11());
    }

    #[test]
    fn a_cvr_number_has_eight_digits() {
        for text in ["1234567", "123456789", "1234 5678", "DK12345678"] {
            assert!(read(IdKind::Cvr, text).is_none(), "{text}");
        }
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
    }

    #[test]
    fn a_mark_is_short_and_stays_the_same() {
        let identity = read(IdKind::Cpr, "2512484916").expect("valid");
        assert_eq!(identity.mark("del-1").len(), 4);
        assert_eq!(identity.mark("del-1"), read(IdKind::Cpr, "251248-4916").expect("valid").mark("del-1"));
        assert_ne!(identity.mark("del-1"), identity.mark("del-2"));
    }
}
