//! CPR and CVR numbers: what is one, and whether its check digit fits. A number that has the right form is accepted
//! whatever its check digit says: since October 2007 people get CPR numbers that fail modulus 11.

use std::fmt;

use crate::Unfit;

/// A person's number. Not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Cpr(String);

impl Cpr {
    /// Reads `ddmmyyxxxx` or `ddmmyy-xxxx`; also `0000000000`, which stands for nobody.
    ///
    /// # Errors
    /// `place`, and what a CPR number looks like; never the text.
    pub fn read(text: &str, place: &str) -> Result<Self, Unfit> {
        cpr_digits(text.trim()).map(Self).ok_or_else(|| {
            let rule = "a CPR number is `ddmmyyxxxx` or `ddmmyy-xxxx` with a date that exists";
            Unfit::new("cpr-not-valid", place, ": CPR-nummeret har ikke en gyldig form.", rule)
        })
    }

    /// The ten digits.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// `ddmmyy-xxxx`.
    #[must_use]
    pub fn dashed(&self) -> String {
        format!("{}-{}", &self.0[..6], &self.0[6..])
    }

    /// Whether the check digit fits. A person may well have a number whose does not.
    #[must_use]
    pub fn fits_modulus_11(&self) -> bool {
        fits_modulus_11(&self.0, &[4, 3, 2, 7, 6, 5, 4, 3, 2, 1])
    }

    /// What a person is told when the check digit does not fit. Nothing of a number that nobody has: it never had one.
    #[must_use]
    pub fn warning(&self, place: &str) -> Option<String> {
        let is_odd = !self.fits_modulus_11() && !self.is_fictitious();
        is_odd.then(|| format!("{place}: CPR-nummeret opfylder ikke modulus 11. Det kan være gyldigt."))
    }

    /// Whether it ends in `0000`: nobody has such a number, and SD Løn uses them for those who have none.
    #[must_use]
    pub fn is_fictitious(&self) -> bool {
        self.0.ends_with("0000")
    }
}

impl fmt::Debug for Cpr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Cpr(…)")
    }
}

/// A company's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cvr(String);

impl Cvr {
    /// Reads eight digits.
    ///
    /// # Errors
    /// `place`, and what a CVR number looks like.
    pub fn read(text: &str, place: &str) -> Result<Self, Unfit> {
        let text = text.trim();
        if text.len() != 8 || !all_digits(text) {
            let what = ": CVR-nummeret har ikke en gyldig form.";
            return Err(Unfit::new("cvr-not-valid", place, what, "a CVR number is 8 digits"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The eight digits.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// Whether the check digit fits.
    #[must_use]
    pub fn fits_modulus_11(&self) -> bool {
        fits_modulus_11(&self.0, &[2, 7, 6, 5, 4, 3, 2, 1])
    }

    /// What a person is told when the check digit does not fit.
    #[must_use]
    pub fn warning(&self, place: &str) -> Option<String> {
        let what = "CVR-nummeret opfylder ikke modulus 11. Kontrollér, at det er tastet rigtigt.";
        (!self.fits_modulus_11()).then(|| format!("{place}: {what}"))
    }
}

pub(crate) fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn fits_modulus_11(digits: &str, weights: &[u32]) -> bool {
    let sum: u32 = digits.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    sum.is_multiple_of(11)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cpr_number_is_the_same_with_and_without_dash() {
        for text in ["2512484916", "251248-4916", " 251248-4916 "] {
            let cpr = Cpr::read(text, "x").expect("valid");
            assert_eq!((cpr.digits(), cpr.dashed().as_str()), ("2512484916", "251248-4916"));
        }
    }

    #[test]
    fn a_cpr_number_begins_with_a_date() {
        for text in ["3101900000", "2902000000", "0000000000"] {
            assert!(Cpr::read(text, "x").is_ok(), "{text}");
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
            "25124æ4916",
            "",
        ] {
            assert!(Cpr::read(text, "x").is_err(), "{text}");
        }
    }

    #[test]
    fn modulus_11_is_told_and_not_demanded() {
        assert!(Cpr::read("2512484916", "x").expect("valid").fits_modulus_11());
        assert!(!Cpr::read("0101010101", "x").expect("valid").fits_modulus_11());
        for text in ["26911745", "25313763", "29189846", "55133018"] {
            assert!(Cvr::read(text, "x").expect("valid").fits_modulus_11(), "{text}");
        }
        assert!(!Cvr::read("12345678", "x").expect("valid").fits_modulus_11());
    }

    #[test]
    fn a_warning_says_where_and_never_which() {
        let warning = |text| Cpr::read(text, "x").expect("valid").warning("Linje 3, `cpr`");
        let told = "Linje 3, `cpr`: CPR-nummeret opfylder ikke modulus 11. Det kan være gyldigt.";
        assert_eq!(warning("0101010101").as_deref(), Some(told));
        assert_eq!((warning("2512484916"), warning("0101010000")), (None, None));
        let company = |text| Cvr::read(text, "x").expect("valid").warning("Part 2");
        let told = "Part 2: CVR-nummeret opfylder ikke modulus 11. Kontrollér, at det er tastet rigtigt.";
        assert_eq!((company("12345678").as_deref(), company("26911745")), (Some(told), None));
    }

    #[test]
    fn a_number_that_nobody_has_is_told() {
        assert!(Cpr::read("0101010000", "x").expect("valid").is_fictitious());
        assert!(Cpr::read("0000000000", "x").expect("valid").is_fictitious());
        assert!(!Cpr::read("0101010101", "x").expect("valid").is_fictitious());
    }

    #[test]
    fn a_cvr_number_has_eight_digits() {
        for text in ["1234567", "123456789", "1234 5678", "DK12345678", "1234567æ"] {
            assert!(Cvr::read(text, "x").is_err(), "{text}");
        }
        assert_eq!(Cvr::read(" 26911745 ", "x").expect("valid").digits(), "26911745");
    }

    #[test]
    fn an_error_does_not_repeat_the_number() {
        let unfit = Cpr::read("3201901234", "Part 1").expect_err("refused");
        assert!(!format!("{unfit:?}").contains("3201901234"));
        assert_eq!(unfit.message, "Part 1: CPR-nummeret har ikke en gyldig form.");
        assert_eq!(format!("{:?}", Cpr::read("2512484916", "x").expect("valid")), "Cpr(…)");
    }
}
