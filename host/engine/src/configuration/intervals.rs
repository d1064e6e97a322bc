//! How often a feed is polled by a schedule that does not say so: as the connection's settings have it, else as suits most
//! uses. What was not written down follows the settings whenever they are applied.

use serde_json::Value;
use sluse_model::{Cadence, Connection, Description, IntervalOf, Name, Schedule};

use super::{Catalog, Parsed, check::connection};

/// The mark of a setting that says how often a feed is polled, in seconds. Its value is the name of the feed.
const MARK: &str = "x-sluse-interval";

/// A year's: what happens less often is no schedule.
const MAX_SECONDS: u64 = 366 * 24 * 60 * 60;

/// A setting that says how often a feed is polled.
pub(super) struct IntervalSetting<'a> {
    /// The property's name.
    pub(super) key: String,
    pub(super) value: &'a Value,
}

impl IntervalSetting<'_> {
    /// `None` when it is no interval: a whole number of seconds, also written as text, from one to a year's.
    pub(super) fn seconds(&self) -> Option<u64> {
        let seconds = match self.value {
            Value::String(text) => text.trim().parse().ok(),
            value => value.as_u64(),
        };
        seconds.filter(|seconds| (1..=MAX_SECONDS).contains(seconds))
    }
}

/// The settings of a connection that say how often one of its feeds is polled.
pub(super) fn settings_of<'a>(
    connection: &'a Connection,
    description: &Description,
    is_meant: impl Fn(&str) -> bool,
) -> Vec<IntervalSetting<'a>> {
    let schema: Value = serde_json::from_str(&description.settings_schema).unwrap_or_default();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let marked = properties.filter(|(_, property)| property[MARK].as_str().is_some_and(&is_meant));
    let written = marked.filter_map(|(key, _)| Some((key.clone(), connection.settings.get(key)?)));
    written.map(|(key, value)| IntervalSetting { key, value }).collect()
}

/// Gives each schedule that does not say how often its feed is polled the interval that holds: those of the files, and
/// the stored ones of connections in the files.
pub(crate) fn settle(parsed: &mut Parsed, stored: &[Schedule], catalog: &Catalog<'_>) {
    let own: Vec<_> = parsed.schedules().map(|schedule| interval(schedule, parsed, catalog)).collect();
    for (located, interval) in parsed.schedules.iter_mut().zip(own) {
        located.value.set_interval(interval);
    }
    let is_touched = |schedule: &&Schedule| {
        let polls = |connection: &Connection| schedule.feed().is_some_and(|(name, _)| connection.name == *name);
        parsed.schedules().all(|applied| applied.name != schedule.name) && parsed.connections().any(polls)
    };
    let followers = stored.iter().filter(is_touched).filter_map(|schedule| {
        let mut follower = schedule.clone();
        follower.set_interval(interval(schedule, parsed, catalog));
        // Whoever wrote down the jitter is not asked again.
        if let Cadence::Every { every_ms, jitter_ms } = &mut follower.cadence {
            *jitter_ms = (*jitter_ms).min(*every_ms / 2);
        }
        (follower != *schedule).then_some(follower)
    });
    parsed.followers = followers.collect();
}

/// In milliseconds, and who says so. `None` when it is written down, or when nobody says so.
fn interval(schedule: &Schedule, parsed: &Parsed, catalog: &Catalog<'_>) -> Option<(u64, IntervalOf)> {
    schedule.every_of?;
    let (name, feed) = schedule.feed()?;
    let connection = connection(name, parsed, catalog)?;
    let description = catalog.connectors.get(&connection.connector)?;
    let settings = settings_of(connection, description, |marked| marked == feed.as_str());
    let (seconds, of) = match settings.first() {
        Some(setting) => (setting.seconds()?, IntervalOf::Settings),
        None => (usual_seconds(description, feed)?, IntervalOf::Feed),
    };
    Some((seconds.saturating_mul(1000), of))
}

/// What suits most uses, where the connector has a word for it.
fn usual_seconds(description: &Description, feed: &Name) -> Option<u64> {
    let feed = description.feeds.iter().find(|known| known.name == feed.as_str())?;
    (feed.usual_interval_seconds > 0).then_some(feed.usual_interval_seconds.into())
}

impl super::Located<Schedule> {
    /// Whether nobody says how often its feed is polled.
    pub(super) fn is_without_interval(&self) -> bool {
        let none = matches!(self.value.cadence, Cadence::Every { every_ms: 0, .. });
        self.value.every_of.is_some() && none
    }
}
