//! Waiting for something that is under way, on a machine that may be busy.

use anyhow::{Result, bail};
use std::time::Duration;

/// What is under way ends within this.
const SETTLED_WITHIN: Duration = Duration::from_secs(120);

/// A moment between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Looks again and again until something is found.
///
/// # Errors
/// What looking says, or that it took too long.
pub(super) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let looking = async {
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    match tokio::time::timeout(SETTLED_WITHIN, looking).await {
        Ok(found) => found,
        Err(_) => bail!("waited {} s in vain until {what}", SETTLED_WITHIN.as_secs()),
    }
}
