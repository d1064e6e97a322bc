//! A time in milliseconds, as a number or as a text: Studio's snippets write `timeoutMilliSec = "6000"`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest time that anybody waits for an answer.
const MAX_MS: f64 = 600_000.0;

/// Milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Milliseconds {
    /// `6000`
    Number(f64),
    /// `"6000"`
    Text(String),
}

impl Milliseconds {
    /// What it has to be.
    pub(crate) const WANTED: &'static str = "a whole number of milliseconds from 1 to 600000, as a number or as a text";

    /// The number; `None` when it is no time.
    pub(crate) fn get(&self) -> Option<u32> {
        let number = match self {
            Self::Number(number) => *number,
            Self::Text(text) => f64::from(text.trim().parse::<u32>().ok()?),
        };
        let fits = number.fract() == 0.0 && (1.0..=MAX_MS).contains(&number);
        // The range was looked at.
        fits.then_some(number as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: Option<u32>) {
        let given: Milliseconds = serde_json::from_str(json).expect("a number or a text");
        assert_eq!(given.get(), expected, "{json}");
    }

    #[test]
    fn numbers_and_texts_are_read() {
        check("6000", Some(6000));
        check("\"6000\"", Some(6000));
        check("\" 250 \"", Some(250));
        check("6000.0", Some(6000));
        check("600000", Some(600_000));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for json in ["0", "-1", "1.5", "600001", "\"\"", "\"6 s\"", "\"6000ms\"", "\"-6\"", "\"1.000\""] {
            check(json, None);
        }
    }
}
