//! What was found a moment ago, by one for all who ask: anybody may ask for health, as often as they like.

use std::{future::Future, time::Duration};

use tokio::{sync::Mutex, time::Instant};

/// Monitors ask every few seconds; nobody is served worse by an answer of this age.
const FRESH_FOR: Duration = Duration::from_secs(1);

/// What was found, and when that was asked for.
#[derive(Debug)]
pub(crate) struct Lately<T>(Mutex<Option<(Instant, T)>>);

impl<T> Default for Lately<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Lately<T> {
    /// What was found lately, or else is found now. Whoever asks meanwhile waits for that.
    pub(crate) async fn get<F: Future<Output = T>>(&self, find: impl FnOnce() -> F) -> T {
        let mut found = self.0.lock().await;
        if let Some((asked_at, found)) = &*found
            && asked_at.elapsed() < FRESH_FOR
        {
            return found.clone();
        }
        // Of when it was asked for: what changes meanwhile may be missing in it.
        let asked_at = Instant::now();
        let fresh = find().await;
        *found = Some((asked_at, fresh.clone()));
        fresh
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::future::join_all;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test]
    async fn one_looks_for_all_who_ask() {
        let (lately, looks) = (Lately::default(), AtomicU32::new(0));
        let ask = || {
            lately.get(async || {
                sleep(Duration::from_millis(20)).await;
                looks.fetch_add(1, Ordering::SeqCst)
            })
        };
        assert_eq!(join_all((0..50).map(|_| ask())).await, [0; 50]);
        sleep(FRESH_FOR).await;
        assert_eq!(ask().await, 1);
    }

    #[tokio::test]
    async fn who_goes_away_leaves_the_look_to_the_next() {
        let lately = Lately::default();
        let gone = tokio::time::timeout(Duration::from_millis(10), lately.get(std::future::pending::<u32>)).await;
        assert!(gone.is_err());
        assert_eq!(lately.get(async || 7).await, 7);
    }
}
