//! What can be written about one operation.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use sluse_model::Name;

#[derive(Debug, Args)]
pub(crate) struct Call {
    /// As `connection list` shows it.
    pub(crate) connection: Name,
    /// As its connector describes it; `sluse connector inspect` lists them.
    pub(crate) operation: Name,
    /// The input, a JSON file; `-` reads standard input.
    pub(crate) input: PathBuf,
    /// How long to wait, from 100ms to 60s. What changes something goes on after that.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub(crate) deadline: Duration,
    /// The same key with the same input is the same delivery: call again without fear.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
}

/// A time with its unit: `500ms`, `5s`.
fn time(text: &str) -> Result<Duration, String> {
    let split = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let count: Option<u64> = digits.parse().ok();
    match (count, unit) {
        (Some(millis), "ms") => Ok(Duration::from_millis(millis)),
        (Some(seconds), "s") => Ok(Duration::from_secs(seconds)),
        _ => Err("write a number with its unit, such as `500ms` or `5s`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_its_unit() {
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(time("5s"), Ok(Duration::from_secs(5)));
        for text in ["5", "s", "", "5 s", "-5s", "1.5s", "5m"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
