//! What a call leaves behind: its timeline, and what is in doubt. Outlives the host, so that a call that was
//! cut off leaves it too.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sluse_connector::{Lines, Request};
use sluse_model::{Clock, Doubt, TimelineLevel, TimelineLine};

use crate::{
    counted,
    intents::{InDoubt, IntentNumber, Intents, Standing},
};

/// What a call leaves behind, while it runs.
#[derive(Debug)]
pub(crate) struct Record {
    attempt: u32,
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    intents: Intents,
    /// The host's own lines are among them.
    lines: Lines<TimelineLine>,
    misconfigured: Option<String>,
    retry_after_ms: Option<u64>,
    is_strained: bool,
}

/// A connector that waits for answers. Dropped before it has heard them, it was told that they were interrupted,
/// whatever became of the requests.
#[derive(Debug)]
pub(crate) struct Hearing {
    record: Arc<Record>,
    from: Option<usize>,
}

impl Hearing {
    /// The answers are handed over.
    pub(crate) fn heard(mut self) {
        self.from = None;
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        if let Some(from) = self.from {
            self.record.kept().intents.unheard(from);
        }
    }
}

/// What a call has left behind.
#[derive(Debug)]
pub(crate) struct HostRecord {
    pub(crate) doubt: Doubt,
    pub(crate) timeline: Vec<TimelineLine>,
    /// Why the host itself could not do its part: a secret is missing, an origin is not confirmed.
    pub(crate) misconfigured: Option<String>,
    /// How long the target, or a token endpoint, asked to be left alone.
    pub(crate) retry_after_ms: Option<u64>,
    /// The target answered 429, or not in time.
    pub(crate) is_strained: bool,
}

impl Record {
    pub(crate) fn new(attempt: u32, clock: Arc<dyn Clock>) -> Self {
        Self { attempt, clock, kept: Mutex::default() }
    }

    /// Adds a line to the timeline.
    pub(crate) fn line(&self, level: TimelineLevel, message: String) {
        let size_bytes = message.len();
        let line = TimelineLine { at: self.clock.now(), attempt: self.attempt, level, message };
        self.kept().lines.push(line, size_bytes);
    }

    /// Notes that a request is about to be sent.
    pub(crate) fn open(&self, request: &Request) -> Result<Option<IntentNumber>, InDoubt> {
        self.kept().intents.open(request)
    }

    /// Notes what became of a request.
    pub(crate) fn close(&self, intent: Option<IntentNumber>, standing: Standing) {
        self.kept().intents.close(intent, standing);
    }

    /// Notes that the connector waits for the answers to requests that follow now.
    pub(crate) fn hearing(self: &Arc<Self>) -> Hearing {
        Hearing { record: self.clone(), from: Some(self.kept().intents.count()) }
    }

    /// Notes that the host itself is not set up for a request; the first note counts.
    pub(crate) fn misconfigured(&self, message: String) {
        self.kept().misconfigured.get_or_insert(message);
    }

    /// Notes that the target, or a token endpoint, asked to be left alone; the longest time counts.
    pub(crate) fn retry_after(&self, wait: Duration) {
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let mut kept = self.kept();
        kept.retry_after_ms = kept.retry_after_ms.max(Some(wait_ms));
    }

    /// Notes that the target answered 429, or not in time.
    pub(crate) fn strained(&self) {
        self.kept().is_strained = true;
    }

    /// What the call has left behind.
    pub(crate) fn finish(&self) -> HostRecord {
        let mut kept = self.kept();
        let timeline = std::mem::take(&mut kept.lines).finish(|left_out, next| TimelineLine {
            level: TimelineLevel::Warn,
            message: format!("… {} left out here", counted(left_out, "line is", "lines are")),
            ..next.clone()
        });
        HostRecord {
            doubt: kept.intents.doubt(),
            timeline,
            misconfigured: kept.misconfigured.take(),
            retry_after_ms: kept.retry_after_ms,
            is_strained: kept.is_strained,
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
