//! Which ticks there are. Ticks of a cron line are instants of a zone; those of an interval stand on a grid that begins
//! with the first one.

use croner::Cron;
use jiff::{Zoned, tz::TimeZone};

use super::{
    Planned,
    look::{MAX_COUNTED, Skipped},
};
use crate::Timestamp;

/// Which ticks a schedule has.
#[derive(Debug, Clone)]
pub struct Calendar(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Every { every_ms: i64, jitter_ms: u64 },
    Cron { cron: Box<Cron>, zone: TimeZone },
}

impl Calendar {
    pub(super) fn every(every_ms: u64, jitter_ms: u64) -> Self {
        Self(Kind::Every { every_ms: i64::try_from(every_ms).unwrap_or(i64::MAX), jitter_ms })
    }

    pub(super) fn cron(cron: Cron, zone: TimeZone) -> Self {
        Self(Kind::Cron { cron: Box::new(cron), zone })
    }

    /// The first tick of a schedule that begins at `now`: at once, or at the next time that the line names.
    pub fn first(&self, now: Timestamp) -> Option<Timestamp> {
        match &self.0 {
            Kind::Every { .. } => Some(now),
            Kind::Cron { .. } => self.after(now, now),
        }
    }

    /// The first tick after `at`, of a schedule that has one at `known`.
    pub(super) fn after(&self, known: Timestamp, at: Timestamp) -> Option<Timestamp> {
        match &self.0 {
            Kind::Every { every_ms, .. } => {
                let steps = at.as_millis().saturating_sub(known.as_millis()).div_euclid(*every_ms).saturating_add(1);
                let millis = known.as_millis().checked_add(steps.checked_mul(*every_ms)?)?;
                Some(Timestamp::from_millis(millis))
            }
            Kind::Cron { cron, zone } => {
                let found = cron.find_next_occurrence(&local(at, zone)?, false).ok()?;
                Some(Timestamp::from_millis(found.timestamp().as_millisecond()))
            }
        }
    }

    /// The last tick that is before `at`, or at it when that is meant, of a schedule that has one at `known`.
    pub(super) fn before(&self, known: Timestamp, at: Timestamp, or_at: bool) -> Option<Timestamp> {
        match &self.0 {
            Kind::Every { every_ms, .. } => {
                let after = self.after(known, at)?.as_millis();
                let steps = if or_at || after - every_ms < at.as_millis() { 1 } else { 2 };
                Some(Timestamp::from_millis(after - steps * every_ms))
            }
            Kind::Cron { cron, zone } => {
                let found = cron.find_previous_occurrence(&local(at, zone)?, or_at).ok()?;
                Some(Timestamp::from_millis(found.timestamp().as_millisecond()))
            }
        }
    }

    /// The ticks from `from` to `until`, both of which are some, as far as they are counted.
    pub(super) fn between(&self, from: Timestamp, until: Timestamp) -> Skipped {
        let count = match &self.0 {
            Kind::Every { every_ms, .. } => {
                let count = (until.as_millis() - from.as_millis()) / every_ms + 1;
                u32::try_from(count).unwrap_or(MAX_COUNTED).min(MAX_COUNTED)
            }
            Kind::Cron { .. } => {
                let (mut count, mut at) = (1, from);
                while count < MAX_COUNTED
                    && let Some(next) = self.after(at, at).filter(|next| *next <= until)
                {
                    (count, at) = (count + 1, next);
                }
                count
            }
        };
        Skipped { from, until, count }
    }

    /// When a tick is fired. `jitter` is from 0 (included) to 1 (excluded).
    pub fn planned(&self, at: Timestamp, jitter: f64) -> Planned {
        let jitter_ms = match &self.0 {
            Kind::Every { jitter_ms, .. } => (*jitter_ms as f64 * jitter) as u64,
            Kind::Cron { .. } => 0,
        };
        Planned { at, fires_at: at.plus(std::time::Duration::from_millis(jitter_ms)) }
    }

    /// Whether what is planned is further away than any tick can be: somebody has set the clock back.
    pub fn was_set_back(&self, planned: Planned, now: Timestamp) -> bool {
        match &self.0 {
            Kind::Every { every_ms, .. } => planned.at.as_millis().saturating_sub(now.as_millis()) > *every_ms,
            Kind::Cron { .. } => self.after(now, now).is_some_and(|next| next < planned.at),
        }
    }

    /// The next tick after the clock was set back. What was fired already, by local time, is not fired again: `fired`
    /// are those that are later than `now`. An interval begins anew: it is about the time between.
    pub fn after_set_back(&self, now: Timestamp, fired: &[Timestamp], jitter: f64) -> Option<Planned> {
        let mut at = match &self.0 {
            Kind::Every { every_ms, .. } => Timestamp::from_millis(now.as_millis().checked_add(*every_ms)?),
            Kind::Cron { .. } => self.after(now, now)?,
        };
        while fired.contains(&at) {
            at = self.after(at, at)?;
        }
        Some(self.planned(at, jitter))
    }
}

/// The local time, in whole seconds.
fn local(at: Timestamp, zone: &TimeZone) -> Option<Zoned> {
    let instant = jiff::Timestamp::from_second(at.as_millis().div_euclid(1000)).ok()?;
    Some(instant.to_zoned(zone.clone()))
}
