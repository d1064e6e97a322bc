//! A value of a line as the flow gives it: a text, or a JSON number that is taken as it stands. It never becomes a
//! floating-point number here, and one that may have been rounded on its way is refused.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::value::RawValue;
use sluse_formats::Unfit;

/// The digits that every program keeps which holds a JSON number in 64 bits.
const EXACT_DIGITS: usize = 15;

/// A value. Not printed: it may be a person number.
pub(crate) enum Written {
    Text(String),
    /// As it stands in the JSON.
    Number(String),
}

impl Written {
    /// As people write it, with a decimal comma. `place` says which value it is.
    pub(crate) fn into_text(self, place: impl FnOnce() -> String) -> Result<String, Unfit> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Number(number) if is_exact(&number) => Ok(number.replace('.', ",")),
            Self::Number(_) => Err(Unfit {
                code: "number-not-exact",
                message: format!("{} er et tal, der kan være afrundet. Skriv det som tekst: \"1234,50\".", place()),
                detail: format!("a JSON number is taken with at most {EXACT_DIGITS} digits and without an exponent"),
            }),
        }
    }
}

fn is_exact(number: &str) -> bool {
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    digits <= EXACT_DIGITS && !number.contains(['e', 'E'])
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        match raw.get().as_bytes() {
            [b'"', ..] => serde_json::from_str(raw.get()).map(Self::Text).map_err(D::Error::custom),
            [b'-' | b'0'..=b'9', ..] => Ok(Self::Number(raw.get().to_owned())),
            _ => Err(D::Error::custom("expected a text or a number")),
        }
    }
}

impl JsonSchema for Written {
    fn schema_name() -> Cow<'static, str> {
        "Written".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(json: &str, expected: &str) {
        let written: Written = serde_json::from_str(json).expect("a value");
        assert_eq!(written.into_text(|| "x".into()).as_deref(), Ok(expected), "{json}");
    }

    #[test]
    fn a_number_is_read_as_it_stands() {
        reads("12.5", "12,5");
        reads("-0.10", "-0,10");
        reads("1234567890", "1234567890");
        reads("12.345", "12,345");
        reads(r#""1.234,50 \u00e6""#, "1.234,50 æ");
    }

    #[test]
    fn a_number_that_may_have_been_rounded_is_refused() {
        for json in ["1234567890123.456", "1e3", "0.1000000000000000055"] {
            let written: Written = serde_json::from_str(json).expect("a number");
            assert_eq!(written.into_text(|| "x".into()).expect_err(json).code, "number-not-exact");
        }
    }

    #[test]
    fn nothing_else_is_a_value() {
        for json in ["true", "null", "[1]", "{}"] {
            assert!(serde_json::from_str::<Written>(json).is_err(), "{json}");
        }
    }
}
