//! How much the engine does at once, and how long it holds on to it.

use std::{path::PathBuf, time::Duration};

/// How much the engine does at once, and how long it holds on to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineSettings {
    /// Attempts under way at the same time, over all connections.
    pub max_in_flight: u32,
    /// How long a claim is good for without being renewed.
    pub lease: Duration,
    /// How long attempts under way may go on after the engine was asked to stop.
    pub stop_within: Duration,
    /// Where folders may be that connections use.
    pub folders: Vec<PathBuf>,
    /// What the addresses begin with at which targets answer: `https://sluse.example.dk`. Without it, none is given.
    pub callbacks_url: Option<String>,
    /// How long schedules are not looked at, at most: a clock that was set is noticed by then.
    pub schedule_look: Duration,
    /// Every connection is paused at the start, until [`crate::Engine::resume_all`].
    pub starts_paused: bool,
    /// Absent when everything is kept for ever.
    pub retention: Option<RetentionSettings>,
}

impl EngineSettings {
    /// Calls under way at the same time for those who wait for their answer, over all connections. They are beside
    /// the attempts of the queue: a quarter as many, since nobody waits for what is slow.
    pub fn max_calls(&self) -> u32 {
        self.max_in_flight.div_ceil(4)
    }
}

/// How long what is closed is kept, from when it closed. What is not closed is kept however old it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionSettings {
    /// Runs, with all that belongs to them. Their idempotency keys are known as long.
    pub runs: Duration,
    /// What was sent that must happen once, and what targets answered.
    pub journal: Duration,
    /// Submitted files, and those that connectors kept.
    pub files: Duration,
    /// How often what is kept is looked through.
    pub look_every: Duration,
}

impl Default for RetentionSettings {
    fn default() -> Self {
        let days = |count: u64| Duration::from_secs(count * 24 * 60 * 60);
        Self { runs: days(90), journal: days(30), files: days(30), look_every: Duration::from_secs(60 * 60) }
    }
}

impl Default for EngineSettings {
    fn default() -> Self {
        let (lease, stop_within) = (Duration::from_secs(60), Duration::from_secs(20));
        let (schedule_look, retention) = (Duration::from_secs(30), Some(RetentionSettings::default()));
        let (callbacks_url, starts_paused) = (None, false);
        Self {
            max_in_flight: 512,
            lease,
            stop_within,
            folders: Vec::new(),
            callbacks_url,
            schedule_look,
            starts_paused,
            retention,
        }
    }
}
