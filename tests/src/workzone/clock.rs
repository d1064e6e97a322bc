//! The simulator's time: token life, creation stamps and HTTP dates follow it.
//! It moves by itself only when the settings say so.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use tokio::time::Instant;

use super::settings::ClockMode;

/// A clock that a test can move.
#[derive(Debug)]
pub(super) struct VirtualClock {
    base_unix_ms: AtomicI64,
    running_since: Option<Instant>,
}

impl VirtualClock {
    /// A clock as the settings want it.
    pub(super) fn new(mode: ClockMode) -> VirtualClock {
        match mode {
            ClockMode::Frozen(unix_ms) => VirtualClock { base_unix_ms: unix_ms.into(), running_since: None },
            ClockMode::RunningFrom(unix_ms) => {
                VirtualClock { base_unix_ms: unix_ms.into(), running_since: Some(Instant::now()) }
            }
        }
    }

    /// Milliseconds since 1970.
    pub(super) fn now_unix_ms(&self) -> i64 {
        let elapsed_ms = self.running_since.map_or(0, |since| since.elapsed().as_millis());
        self.base_unix_ms.load(Ordering::SeqCst) + i64::try_from(elapsed_ms).unwrap_or(i64::MAX / 2)
    }

    /// Moves forward, or back with a negative number.
    pub(super) fn advance_ms(&self, by_ms: i64) {
        self.base_unix_ms.fetch_add(by_ms, Ordering::SeqCst);
    }

    /// Jumps to an instant.
    pub(super) fn set_unix_ms(&self, unix_ms: i64) {
        self.advance_ms(unix_ms - self.now_unix_ms());
    }

    /// The time as OData v4 writes it, without fractions.
    pub(super) fn now_text(&self) -> String {
        let seconds = self.now_unix_ms().div_euclid(1000);
        Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
    }

    /// The time `after_s` seconds from now as an HTTP date.
    pub(super) fn http_date(&self, after_s: i64) -> String {
        let seconds = (self.now_unix_ms().div_euclid(1000) + after_s).max(0).unsigned_abs();
        httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds))
    }
}
