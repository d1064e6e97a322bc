//! When a schedule has its ticks, as it is written down.

use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZoneDatabase;
use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use crate::Timestamp;

/// A second: nothing is asked more often.
const MIN_EVERY_MS: u64 = 1000;
/// A year: what happens less often is no schedule.
const MAX_EVERY_MS: u64 = 366 * 24 * 60 * 60 * 1000;

/// When a schedule has its ticks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cadence {
    /// In equal steps of real time, which know nothing of local time. Each tick is fired up to `jitter_ms` later, by
    /// chance; that never adds up.
    Every { every_ms: u64, jitter_ms: u64 },
    /// By the local time of a zone. Where a line names hours and minutes, a time that does not exist because the clock
    /// goes ahead is fired once, at the first moment after the gap, and one that comes twice because the clock goes back
    /// at its first coming only. Where hours or minutes are `*` or steps, it is fired whenever the local time fits: what
    /// does not exist is left out, and what comes twice is fired twice.
    Cron {
        /// Five fields: minute, hour, day of the month, month, day of the week.
        cron: String,
        /// By its IANA name.
        zone: String,
    },
}

/// Why a cadence cannot be kept to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CadenceFault {
    /// `every`, `jitter`, `cron` or `zone`.
    pub key: &'static str,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl Cadence {
    /// The ticks that there are.
    pub fn calendar(&self) -> Result<Calendar, CadenceFault> {
        match self {
            Self::Every { every_ms, jitter_ms } => every(*every_ms, *jitter_ms),
            Self::Cron { cron, zone } => by_cron(cron, zone),
        }
    }
}

/// The names of all zones.
pub fn zone_names() -> Vec<String> {
    TimeZoneDatabase::bundled().available().map(|zone| zone.to_string()).collect()
}

fn every(every_ms: u64, jitter_ms: u64) -> Result<Calendar, CadenceFault> {
    if !(MIN_EVERY_MS..=MAX_EVERY_MS).contains(&every_ms) {
        return Err(fault("every", "it is from a second (`1s`) to 366 days (`8784h`)"));
    }
    if jitter_ms > every_ms / 2 {
        return Err(fault("jitter", "it is at most half of `every`, so that no tick meets the next one"));
    }
    Ok(Calendar::every(every_ms, jitter_ms))
}

fn by_cron(line: &str, zone: &str) -> Result<Calendar, CadenceFault> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let cron = parser.parse(line).map_err(|error| {
        let detail = broken_field(&parser, line).unwrap_or_else(|| error.to_string());
        let detail = detail.trim_end_matches('.');
        fault("cron", format!("it is no cron line of five fields, such as `0 6 * * 1-5`: {detail}"))
    })?;
    // The zones come with the host: the same on every machine, and never from its files.
    let zone = TimeZoneDatabase::bundled().get(zone).map_err(|_| {
        fault("zone", format!("there is no zone `{zone}`: write an IANA name, such as `Europe/Copenhagen`"))
    })?;
    let calendar = Calendar::cron(cron, zone);
    // Without a year, what comes at all comes within the first eight.
    if calendar.first(Timestamp::from_millis(0)).is_none() {
        return Err(fault("cron", format!("`{line}` never comes: no year has such a day")));
    }
    Ok(calendar)
}

/// The field of a cron line that is wrong by itself; the parser does not say which one.
fn broken_field(parser: &CronParser, line: &str) -> Option<String> {
    const FIELDS: [&str; 5] = [
        "minute (0 to 59)",
        "hour (0 to 23)",
        "day of the month (1 to 31)",
        "month (1 to 12)",
        "day of the week (0 to 7, where 0 and 7 are Sunday)",
    ];
    let fields: Vec<&str> = line.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return None;
    }
    let is_broken = |index: usize| {
        let mut alone = ["*"; FIELDS.len()];
        alone[index] = fields[index];
        parser.parse(&alone.join(" ")).is_err()
    };
    let index = (0..FIELDS.len()).find(|index| is_broken(*index))?;
    Some(format!("`{}` is no {}", fields[index], FIELDS[index]))
}

fn fault(key: &'static str, message: impl Into<String>) -> CadenceFault {
    CadenceFault { key, message: message.into() }
}
