//! What can be written about one operation.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use sluse_model::Name;

#[derive(Debug, Args)]
pub(crate) struct Call {
    /// As `connection list` shows it.
    pub(crate) connection: Name,
    /// As its connector describes it; `sluse connector show` lists them.
    pub(crate) operation: Name,
    /// The input, a JSON file; `-` reads standard input.
    pub(crate) input: PathBuf,
    /// How long to wait, from 100ms to 60s. What changes something goes on after that.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub(crate) deadline: Duration,
    /// The same key with the same input is the same delivery: call again without fear.
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub(crate) key: Option<String>,
}

/// A time with its unit: `500ms`, `5s`.
fn time(text: &str) -> Result<Duration, String> {
    let split = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let count: Option<u64> = digits.parse().ok();
    let time = match (count, unit) {
        (Some(millis), "ms") => Duration::from_millis(millis),
        (Some(seconds), "s") => Duration::from_secs(seconds),
        _ => return Err("write a number with its unit, such as `500ms` or `5s`".to_owned()),
    };
    let can_be_waited_for = (Duration::from_millis(100)..=Duration::from_secs(60)).contains(&time);
    if can_be_waited_for { Ok(time) } else { Err("it is from `100ms` to `60s`".to_owned()) }
}

/// A key goes into a header as it stands.
pub(super) fn key(text: &str) -> Result<String, String> {
    let is_plain = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if is_plain { Ok(text.to_owned()) } else { Err("a key is plain ASCII, without æ, ø and å".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_its_unit() {
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(time("5s"), Ok(Duration::from_secs(5)));
        for text in ["5", "s", "", "5 s", "-5s", "1.5s", "5m", "10ms", "61s"] {
            assert!(time(text).is_err(), "{text}");
        }
        assert_eq!((time("100ms"), time("60s")), (Ok(Duration::from_millis(100)), Ok(Duration::from_secs(60))));
    }

    #[test]
    fn a_key_is_one_that_a_header_takes() {
        assert_eq!(key("permit 2026/1"), Ok("permit 2026/1".to_owned()));
        for text in ["ansøgning-1", "a\nb"] {
            assert!(key(text).is_err(), "{text}");
        }
    }
}
