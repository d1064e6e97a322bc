//! How much the engine does at once, and how long it holds on to it.

use std::time::Duration;

/// How much the engine does at once, and how long it holds on to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineSettings {
    /// Attempts under way at the same time, over all connections.
    pub max_in_flight: u32,
    /// How long a claim is good for without being renewed.
    pub lease: Duration,
    /// How long attempts under way may go on after the engine was asked to stop.
    pub stop_within: Duration,
    /// What the addresses begin with at which targets answer: `https://sluse.example.dk`. Without it, none is given.
    pub callbacks_url: Option<String>,
    /// How long schedules are not looked at, at most: a clock that was set is noticed by then.
    pub schedule_look: Duration,
    /// Every connection is paused at the start, until [`crate::Engine::resume_all`].
    pub starts_paused: bool,
}

impl Default for EngineSettings {
    fn default() -> Self {
        let (lease, stop_within) = (Duration::from_secs(60), Duration::from_secs(20));
        let schedule_look = Duration::from_secs(30);
        Self { max_in_flight: 512, lease, stop_within, callbacks_url: None, schedule_look, starts_paused: false }
    }
}
