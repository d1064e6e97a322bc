//! What is closed for long enough is given up, beside the work and slower than it.

use std::{sync::Arc, time::Duration};

use sluse_model::Timestamp;
use sluse_store::{Aged, Expiring, PageRequest, StoreError};
use tokio::time::Instant;

use crate::{Engine, RetentionSettings};

/// The first pass waits until the start is over.
const FIRST_PASS_AFTER: Duration = Duration::from_secs(60);

/// A pass that takes longer ends; the next one goes on.
const LONGEST_PASS: Duration = Duration::from_secs(20 * 60);

/// Rows that are looked at in one transaction: some ten milliseconds of the writer's time, and then others come first
/// for this many times as long.
const PAGE_ROWS: u32 = 100;
const PAUSE_FACTOR: u32 = 4;

/// A clock that went further than time did has been set. It may have been set wrongly: nothing is given up by it before
/// somebody could have seen that.
const SET_BY: Duration = Duration::from_secs(60 * 60);
const HELD_AFTER_SETTING: Duration = Duration::from_secs(24 * 60 * 60);

/// A host that was away for longer cannot tell that from a clock that was set.
const AWAY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl RetentionSettings {
    fn of(&self, what: Expiring) -> Duration {
        match what {
            Expiring::Journal => self.journal,
            Expiring::Files => self.files,
            Expiring::Runs | Expiring::Ticks | Expiring::Batches => self.runs,
        }
    }
}

impl Engine {
    /// Gives up what has been closed for long enough, pass by pass, until the engine stops.
    pub(crate) async fn retain(self: Arc<Self>, settings: RetentionSettings) {
        let (now, instant) = (self.clock.now(), Instant::now());
        let Some(noted) = self.noted_time(now).await else { return };
        let mut clock = SetClock::new(now, instant, noted);
        let mut wait = FIRST_PASS_AFTER.min(settings.look_every);
        while self.waited(wait).await {
            wait = settings.look_every;
            let now = self.clock.now();
            if clock.is_trusted(now, Instant::now()) {
                self.note_time(now).await;
                self.pass(&settings, now).await;
            } else {
                tracing::warn!("the clock was set: nothing is given up for a day, so that somebody can look at it");
            }
        }
    }

    /// What the clock said when it was trusted last; now, when it never was. Asked as often as it takes: `None` when the
    /// engine stops meanwhile.
    async fn noted_time(&self, now: Timestamp) -> Option<Timestamp> {
        loop {
            match self.store.noted_time().await {
                Ok(noted) => return Some(noted.unwrap_or(now)),
                Err(error) => tracing::warn!(%error, "whether the clock was set meanwhile cannot be read now"),
            }
            if !self.waited(FIRST_PASS_AFTER).await {
                return None;
            }
        }
    }

    async fn note_time(&self, now: Timestamp) {
        if let Err(error) = self.store.note_time(now).await {
            tracing::warn!(%error, "what the clock says cannot be noted now; the next pass tries again");
        }
    }

    /// `now` is what the clock said when it was found to be trusted: it may be set at any time after that.
    async fn pass(&self, settings: &RetentionSettings, now: Timestamp) {
        let until = Instant::now() + LONGEST_PASS;
        for what in [Expiring::Journal, Expiring::Files, Expiring::Runs, Expiring::Ticks, Expiring::Batches] {
            let aged = Aged { before: now.minus(settings.of(what)), now };
            match self.give_up(what, aged, until).await {
                Ok(0) => {}
                Ok(given_up) => tracing::info!(given_up, "retention: {given_up} {} given up", plural(what)),
                Err(error) => tracing::warn!(%error, "what is old cannot be given up now; the next pass tries again"),
            }
        }
    }

    /// Gives up what closed before, page by page. Gives how much that was.
    async fn give_up(&self, what: Expiring, aged: Aged, until: Instant) -> Result<u64, StoreError> {
        let (mut given_up, mut after) = (0, None);
        loop {
            let began = Instant::now();
            let expired = self.store.expire(what, aged, PageRequest { limit: PAGE_ROWS, after }).await?;
            given_up += expired.given_up;
            after = expired.next;
            let is_over = after.is_none() || Instant::now() >= until;
            if is_over || !self.waited(began.elapsed() * PAUSE_FACTOR).await {
                return Ok(given_up);
            }
        }
    }

    /// Waits, unless the engine stops meanwhile.
    pub(crate) async fn waited(&self, wait: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(wait) => true,
            () = self.dispatcher.stop.cancelled() => false,
        }
    }
}

fn plural(what: Expiring) -> &'static str {
    match what {
        Expiring::Journal => "journals",
        Expiring::Files => "files",
        Expiring::Runs => "runs",
        Expiring::Ticks => "ticks",
        Expiring::Batches => "batches",
    }
}

/// Whether the clock goes as time does.
struct SetClock {
    seen: (Timestamp, Instant),
    held_until: Option<Instant>,
}

impl SetClock {
    /// `noted` is what it said when it was trusted last, in this process or one before.
    fn new(now: Timestamp, instant: Instant, noted: Timestamp) -> Self {
        let was_set = now.since(noted) > AWAY || noted.since(now) > SET_BY;
        Self { seen: (now, instant), held_until: was_set.then(|| instant + HELD_AFTER_SETTING) }
    }

    fn is_trusted(&mut self, now: Timestamp, instant: Instant) -> bool {
        let (before, at) = std::mem::replace(&mut self.seen, (now, instant));
        let (went, took) = (now.since(before), instant.duration_since(at));
        if went > took + SET_BY || before.since(now) > SET_BY {
            self.held_until = Some(instant + HELD_AFTER_SETTING);
        }
        self.held_until.is_none_or(|until| instant >= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

    /// Whether the clock is trusted at each of these times after the start, given what it says then.
    #[track_caller]
    fn check(passes: &[(Duration, Timestamp, bool)]) {
        check_after(at(Duration::ZERO), passes);
    }

    #[track_caller]
    fn check_after(noted: Timestamp, passes: &[(Duration, Timestamp, bool)]) {
        let start = Instant::now();
        let mut clock = SetClock::new(at(Duration::ZERO), start, noted);
        for (after, says, trusted) in passes {
            assert_eq!(clock.is_trusted(*says, start + *after), *trusted, "after {after:?}");
        }
    }

    fn at(after: Duration) -> Timestamp {
        Timestamp::from_millis(1_768_464_000_000).plus(after)
    }

    #[test]
    fn a_clock_that_goes_as_time_does_is_trusted() {
        check(&[(HOUR, at(HOUR), true), (2 * HOUR, at(2 * HOUR + Duration::from_secs(59)), true)]);
    }

    #[test]
    fn a_clock_that_was_set_is_not_trusted_for_a_day() {
        check(&[
            (HOUR, at(YEAR), false),
            (2 * HOUR, at(YEAR + HOUR), false),
            (24 * HOUR, at(YEAR + 23 * HOUR), false),
            (25 * HOUR, at(YEAR + 24 * HOUR), true),
        ]);
        check(&[(HOUR, at(YEAR), false), (2 * HOUR, at(2 * HOUR), false), (26 * HOUR, at(26 * HOUR), true)]);
    }

    #[test]
    fn a_clock_that_was_set_while_the_host_was_away_is_not_trusted_for_a_day() {
        let passes = [(HOUR, at(HOUR), false), (25 * HOUR, at(25 * HOUR), true)];
        check_after(at(Duration::ZERO).minus(YEAR), &passes);
        check_after(at(YEAR), &passes);
        check_after(at(Duration::ZERO).minus(6 * 24 * HOUR), &[(HOUR, at(HOUR), true)]);
    }
}
