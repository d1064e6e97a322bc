//! What a call leaves behind: its timeline, and what is in doubt. Outlives the host, so that a call that was
//! cut off leaves it too.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sluse_connector::Lines;
use sluse_model::{Clock, Digest, Standing, TimelineLevel, TimelineLine};
use sluse_store::{ClosedIntent, NewIntent, NotedIntent};

use crate::{
    counted,
    intents::{Admission, Facts, Intents, Mark},
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
    /// How many reservations without a purpose the call has made.
    reservations: u32,
    /// How many addresses the call has opened, and the shortest time that one of them is good for.
    addresses: u32,
    wait: Option<Duration>,
}

/// A connector that waits for answers. Dropped before it has heard them, it was told that they were interrupted,
/// whatever became of the requests.
#[derive(Debug)]
pub(crate) struct Hearing {
    record: Arc<Record>,
    since: Option<Mark>,
}

impl Hearing {
    /// The answers are handed over.
    pub(crate) fn heard(mut self) {
        self.since = None;
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        if let Some(since) = self.since.take() {
            self.record.kept().intents.unheard(since);
        }
    }
}

/// What a call has left behind.
#[derive(Debug)]
pub(crate) struct HostRecord {
    /// A request that must happen once may have happened, and nobody knows.
    pub(crate) in_doubt: bool,
    /// What became of requests, as far as it is not written yet.
    pub(crate) closed: Vec<ClosedIntent>,
    pub(crate) timeline: Vec<TimelineLine>,
    /// Why the host itself could not do its part: a secret is missing, an origin is not confirmed.
    pub(crate) misconfigured: Option<String>,
    /// How long the target, or a token endpoint, asked to be left alone.
    pub(crate) retry_after_ms: Option<u64>,
    /// The target answered 429, or not in time.
    pub(crate) is_strained: bool,
}

impl Record {
    /// Of an attempt, with what earlier ones have noted in the journal.
    pub(crate) fn new(attempt: u32, clock: Arc<dyn Clock>, journal: Vec<NotedIntent>) -> Self {
        let kept = Kept { intents: Intents::of(journal), ..Kept::default() };
        Self { attempt, clock, kept: Mutex::new(kept) }
    }

    /// The attempt, from 1.
    pub(crate) fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Adds a line to the timeline.
    pub(crate) fn line(&self, level: TimelineLevel, message: String) {
        let size_bytes = message.len();
        let line = TimelineLine { at: self.clock.now(), attempt: self.attempt, level, message };
        self.kept().lines.push(line, size_bytes);
    }

    /// Decides which requests may go out, in this order. What has to be durable before they do comes with it.
    pub(crate) fn admit(
        &self,
        facts: Vec<Option<Facts>>,
    ) -> (Vec<Option<Admission>>, Vec<ClosedIntent>, Vec<NewIntent>) {
        let mut kept = self.kept();
        let admit = |facts: Option<Facts>| facts.map(|facts| kept.intents.admit(facts));
        let admissions = facts.into_iter().map(admit).collect();
        let (closed, opened) = kept.intents.take();
        (admissions, closed, opened)
    }

    /// What was to be durable is not: none of the new ones has left.
    pub(crate) fn give_back(&self, closed: Vec<ClosedIntent>, opened: &[NewIntent]) {
        self.kept().intents.give_back(closed, opened);
    }

    /// Notes what became of a request.
    pub(crate) fn close(&self, number: u32, standing: Standing, answer: Option<Vec<u8>>) {
        self.kept().intents.close(number, standing, answer);
    }

    /// Notes that the connector has the answer to a request.
    pub(crate) fn answered(&self, number: u32) {
        self.kept().intents.answered(number);
    }

    /// Notes what the answer to a request means, where the connector knows better than its status.
    pub(crate) fn conclude(&self, identity: Digest, standing: Standing) -> Result<(), String> {
        self.kept().intents.conclude(identity, standing)
    }

    /// What names the request of this number, the same on every attempt.
    pub(crate) fn identity_of(&self, number: u32) -> Option<Digest> {
        self.kept().intents.identity_of(number)
    }

    /// Notes that the target answered a read.
    pub(crate) fn looked(&self) {
        self.kept().intents.looked();
    }

    /// Notes that the connector waits for the answers to requests that follow now.
    pub(crate) fn hearing(self: &Arc<Self>) -> Hearing {
        Hearing { record: self.clone(), since: Some(self.kept().intents.mark()) }
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

    /// The number of the next reservation that has no purpose, from 1.
    pub(crate) fn next_reservation(&self) -> u32 {
        let mut kept = self.kept();
        kept.reservations += 1;
        kept.reservations
    }

    /// How many addresses the call has opened.
    pub(crate) fn addresses(&self) -> u32 {
        self.kept().addresses
    }

    /// Notes an address, and how long it is good for.
    pub(crate) fn opened_address(&self, timeout: Duration) {
        let mut kept = self.kept();
        kept.addresses += 1;
        kept.wait = Some(kept.wait.map_or(timeout, |wait| wait.min(timeout)));
    }

    /// How long the delivery waits for an answer; `None` without an address. The shortest time counts: each address
    /// was said to be good for so long, and the wait is over when the first of them is.
    pub(crate) fn wait(&self) -> Option<Duration> {
        self.kept().wait
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
            in_doubt: kept.intents.is_in_doubt(),
            closed: kept.intents.take_closed(),
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
