//! How long a server asks to be left alone.

use std::time::{Duration, SystemTime};

use sluse_model::{MAX_RETRY_AFTER_MS, Timestamp};

/// What `Retry-After` asks for, seconds or a date (RFC 9110 section 10.2.3), up to [`MAX_RETRY_AFTER_MS`]. A past date is
/// now, nonsense is nothing.
pub fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let wait = match text.trim().parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = httpdate::parse_http_date(text.trim()).ok()?;
            let since_epoch = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            Timestamp::default().plus(since_epoch).since(now)
        }
    };
    Some(wait.min(Duration::from_millis(MAX_RETRY_AFTER_MS)))
}
