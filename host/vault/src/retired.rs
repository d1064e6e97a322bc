//! Values that are no longer used and may still come back in an answer that is under way.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sluse_egress::Secret;
use sluse_model::{Name, Timestamp};

/// Longer than the slowest exchange that egress usually allows (two minutes), with room for a log that is
/// fetched a little later.
const KEPT_FOR: Duration = Duration::from_secs(10 * 60);

/// More changes than this in [`KEPT_FOR`] are an accident; the memory that it costs stays bounded.
const KEPT_PER_SECRET: usize = 16;

/// Old values and tokens, by the secret that they came from. Debug output shows none.
#[derive(Debug, Default)]
pub(crate) struct Retired(Mutex<HashMap<Name, Values>>);

/// With the time at which each retired, the oldest first.
type Values = VecDeque<(Timestamp, Arc<Secret>)>;

impl Retired {
    pub(crate) fn push(&self, secret: &Name, value: Arc<Secret>, now: Timestamp) {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = values.entry(secret.clone()).or_default();
        if queue.len() == KEPT_PER_SECRET {
            queue.pop_front();
        }
        queue.push_back((now, value));
    }

    /// What retired of this secret and is remembered.
    pub(crate) fn of(&self, secret: &Name) -> Vec<Arc<Secret>> {
        let values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.get(secret).into_iter().flatten().map(|(_, value)| value.clone()).collect()
    }

    /// Forgets what retired long ago.
    pub(crate) fn prune(&self, now: Timestamp) {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.retain(|_, queue| {
            queue.retain(|(retired_at, _)| now.since(*retired_at) < KEPT_FOR);
            !queue.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retired_value_is_remembered_for_a_while() {
        let (retired, secret, now) = (Retired::default(), "api".parse().expect("a name"), Timestamp::from_millis(0));
        retired.push(&secret, Arc::new("hunter22".into()), now);
        retired.prune(now.plus(KEPT_FOR - Duration::from_millis(1)));
        assert_eq!(retired.of(&secret).len(), 1);
        retired.prune(now.plus(KEPT_FOR));
        assert_eq!(retired.of(&secret).len(), 0);
    }

    #[test]
    fn only_the_latest_are_remembered() {
        let (retired, secret, now) = (Retired::default(), "api".parse().expect("a name"), Timestamp::from_millis(0));
        for number in 0..100 {
            retired.push(&secret, Arc::new(format!("value-{number}").into()), now);
        }
        let kept = retired.of(&secret);
        assert_eq!(kept.len(), KEPT_PER_SECRET);
        assert_eq!(kept.last().expect("one").expose(), b"value-99");
    }
}
