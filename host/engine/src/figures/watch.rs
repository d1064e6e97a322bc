//! Since when the clock can be believed: what should have come by a clock that was set is not late yet.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use sluse_model::Timestamp;
use tokio::time::Instant;

/// A clock that went so much further, or less far, than time did has been set. Clocks that are kept right go a few
/// seconds wrong at most.
const SET_BY: Duration = Duration::from_secs(60);

/// Holds the wall clock against the monotonic one, whenever somebody looks.
#[derive(Debug)]
pub(crate) struct Watch(Mutex<Seen>);

#[derive(Debug, Clone, Copy)]
struct Seen {
    /// What both clocks said last.
    now: Timestamp,
    instant: Instant,
    since: Timestamp,
}

impl Watch {
    pub(crate) fn from(now: Timestamp, instant: Instant) -> Self {
        Self(Mutex::new(Seen { now, instant, since: now }))
    }

    /// Since when the wall clock goes on as time does: since it was set last, or since the start.
    pub(crate) fn since(&self, now: Timestamp, instant: Instant) -> Timestamp {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let expected = seen.now.plus(instant.saturating_duration_since(seen.instant));
        let off = now.since(expected).max(expected.since(now));
        let since = if off > SET_BY { now } else { seen.since };
        *seen = Seen { now, instant, since };
        since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_000_000_000);

    #[test]
    fn a_clock_that_was_set_is_believed_from_then_on() {
        let instant = Instant::now();
        let watch = Watch::from(START, instant);
        let after = |seconds: u64| instant + Duration::from_secs(seconds);
        let at = |seconds: u64| START.plus(Duration::from_secs(seconds));
        assert_eq!(watch.since(at(3600), after(3600)), START);
        // It goes a little wrong, again and again.
        assert_eq!(watch.since(at(7250), after(7200)), START);
        assert_eq!(watch.since(at(7350), after(7250)), START);
        let ahead = at(1_000_000);
        assert_eq!(watch.since(ahead, after(7260)), ahead);
        assert_eq!(watch.since(ahead.plus(Duration::from_secs(10)), after(7270)), ahead);
        // And back.
        assert_eq!(watch.since(at(7280), after(7280)), at(7280));
    }
}
