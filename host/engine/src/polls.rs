//! Polls of feeds: one at a time at a connection, under a lease, behind its gates. What is found is written with the
//! cursor, and read again when it could not be.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sluse_connector::{Call, CallLimits, Ended, FeedPage};
use sluse_model::{
    AttemptEnd, DeliveryState, Found, Name, Problem, RetryPolicy, TickId, TickState, TimelineLine, Tried,
    after_attempt, unit_interval,
};
use sluse_store::{ClaimedPoll, NewPage, PollSettlement, StoreError};
use tracing::Instrument;

use crate::{
    Engine,
    gates::Pass,
    host::{Additions, DeliveryHost, HostRecord},
    judgement::{judge_failure, not_connected, not_ready, of_another_connector, took_too_long, with_the_host_s_part},
    revisions::LoadedRevision,
    schedules::WAITING_LOOK,
};

/// Calls of one tick while a source says that there is more. The next tick goes on where this one ended.
const MAX_PAGES: u32 = 100;

/// Waits this long before a settlement is tried again that the store could not take.
const SETTLE_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Ticks that are polled here.
#[derive(Debug, Default)]
pub(crate) struct Polls(Mutex<HashSet<TickId>>);

impl Polls {
    fn held(&self) -> MutexGuard<'_, HashSet<TickId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// That a tick is polled here; until this is dropped.
struct Polling<'a>(&'a Polls, TickId);

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        self.0.held().remove(&self.1);
    }
}

/// What one call came to.
struct Polled {
    result: Result<FeedPage, AttemptEnd>,
    /// The revision that was asked, when there was one.
    revision: Option<Arc<LoadedRevision>>,
    additions: Option<Arc<Additions>>,
    policy: RetryPolicy,
    is_strained: bool,
    timeline: Vec<TimelineLine>,
}

impl Polled {
    fn before_it_began(end: AttemptEnd) -> Self {
        let (policy, timeline) = (RetryPolicy::default(), Vec::new());
        Self { result: Err(end), revision: None, additions: None, policy, is_strained: false, timeline }
    }
}

impl Engine {
    /// Begins polls that are due, where the gates let them. Gives when to look again.
    pub(crate) async fn begin_due_polls(self: &Arc<Self>) -> Result<Duration, StoreError> {
        let now = self.clock.now();
        let mut wait = Duration::MAX;
        for poll in self.store.next_polls().await? {
            if poll.due > now {
                wait = wait.min(poll.due.since(now));
                continue;
            }
            let Some(pass) = self.gates.admit(&poll.connection) else {
                wait = wait.min(WAITING_LOOK);
                continue;
            };
            if let Some(claimed) = self.store.begin_poll(poll.tick, self.claim(now)).await? {
                let span = tracing::debug_span!("engine.poll", tick = %claimed.tick, connection = %poll.connection);
                self.attempts.spawn(self.clone().poll(claimed, pass).instrument(span));
            }
        }
        Ok(wait)
    }

    /// Polls whose lease has lapsed are due again, unless they are under way here.
    pub(crate) async fn release_polls(&self) -> Result<(), StoreError> {
        let held = self.polls.held().iter().copied().collect();
        if self.store.release_polls(self.clock.now(), held).await? > 0 {
            self.schedules_changed.notify_one();
        }
        Ok(())
    }

    async fn poll(self: Arc<Self>, claimed: ClaimedPoll, mut pass: Pass) {
        self.polls.held().insert(claimed.tick);
        let _polling = Polling(&self.polls, claimed.tick);
        pass.begin();
        let mut work = std::pin::pin!(self.poll_pages(&claimed));
        loop {
            tokio::select! {
                () = &mut work => break,
                // Its lease lapses with this process, and the next start asks again.
                () = self.dispatcher.cut_off.cancelled() => break,
                () = tokio::time::sleep(self.settings.lease / 3) => {}
            }
            let until = self.clock.now().plus(self.settings.lease);
            match self.store.renew_poll(claimed.tick, claimed.lease, until).await {
                Ok(true) => {}
                Ok(false) => {
                    tracing::warn!(tick = %claimed.tick, "the lease on {} is lost; its poll was stopped", claimed.tick);
                    break;
                }
                Err(error) => tracing::warn!(%error, "the lease of a poll cannot be renewed now"),
            }
        }
        drop(pass);
        self.schedules_changed.notify_one();
    }

    /// Page after page, each written before the next one is asked for.
    async fn poll_pages(self: &Arc<Self>, claimed: &ClaimedPoll) {
        let Some((connection, feed)) = claimed.schedule.feed() else { return };
        let mut cursor = claimed.cursor.clone();
        for number in 1..=MAX_PAGES {
            let polled = self.poll_once(claimed, (connection, feed), cursor.as_deref()).await;
            let additions = polled.additions.clone();
            let is_last = number == MAX_PAGES;
            let settlement = self.poll_settlement(claimed, (connection, feed), polled, is_last).await;
            let used: HashSet<_> = settlement
                .page
                .iter()
                .flat_map(|page| &page.items)
                .flat_map(|item| &item.run.attachments)
                .map(|file| file.id)
                .collect();
            cursor = settlement.page.as_ref().and_then(|page| page.cursor.clone());
            let goes_on = settlement.state.is_none();
            let is_held = self.settle_poll(&claimed.schedule.name, settlement).await;
            // Nothing of what came too late refers to a file.
            let used = if is_held { used } else { HashSet::new() };
            self.discard_unused(additions, &used).await;
            if !(goes_on && is_held) {
                return;
            }
        }
    }

    async fn poll_once(
        self: &Arc<Self>,
        claimed: &ClaimedPoll,
        (name, feed): (&Name, &Name),
        cursor: Option<&str>,
    ) -> Polled {
        let revision = match self.revisions.get(&claimed.revision).await {
            Ok(revision) => revision,
            Err(error) => return Polled::before_it_began(not_ready(&error)),
        };
        let connection = match self.connections.get(self, name).await {
            Ok(connection) => connection,
            Err(error) => return Polled::before_it_began(not_connected(&error)),
        };
        let policy = connection.connection().retry.clone();
        if let Some(problem) = of_another_connector(&revision, &connection) {
            return Polled::before_it_began(AttemptEnd::Misconfigured(problem));
        }
        if revision.feed(feed.as_str()).is_none() {
            let message = format!("revision {} of the connector has no feed `{feed}`", claimed.revision.short());
            return Polled::before_it_began(AttemptEnd::Misconfigured(Problem::new("unknown-feed", message)));
        }
        let call = Call {
            delivery: claimed.tick.to_string(),
            attempt: claimed.attempt,
            accepted_at: claimed.accepted_at,
            attempt_at: self.clock.now(),
            settings: connection.settings(),
        };
        let limits = CallLimits::from(&connection.connection().limits);
        let host = DeliveryHost::of_poll(self.clone(), connection, claimed.attempt);
        let (record, additions) = (host.record(), host.additions());
        let span = tracing::debug_span!("sandbox.invoke");
        let ended: Ended<FeedPage> =
            revision.connector.poll(call, feed.as_str(), cursor, limits, Box::new(host)).instrument(span).await;
        let left = record.finish();
        let result = match ended {
            Ok(Ok(page)) => Ok(page),
            Ok(Err(failure)) => Err(with_the_host_s_part(judge_failure(Ok(failure)), &left)),
            Err(breakage) => Err(judge_failure(Err(breakage))),
        };
        let HostRecord { timeline, is_strained, .. } = left;
        let is_strained = is_strained || result.as_ref().err().is_some_and(took_too_long);
        Polled { result, revision: Some(revision), additions: Some(additions), policy, is_strained, timeline }
    }

    async fn poll_settlement(
        &self,
        claimed: &ClaimedPoll,
        (connection, feed): (&Name, &Name),
        polled: Polled,
        is_last: bool,
    ) -> PollSettlement {
        let now = self.clock.now();
        let Polled { result, revision, additions, policy, is_strained, timeline } = polled;
        let files = additions.map(|additions| additions.files()).unwrap_or_default();
        let page = match (result, revision) {
            (Ok(page), Some(revision)) => {
                let (cursor, more) = (page.cursor.clone(), page.more);
                let items = self.new_items(claimed, &revision, page, &files).await;
                items.map(|(items, known)| (items, known, cursor, more))
            }
            (Err(end), _) => Err(end),
            (Ok(_), None) => unreachable!("a page comes from a revision"),
        };
        let (page, state) = match page {
            Ok((items, known, cursor, more)) => {
                let state = match (more, self.stopping(), is_last) {
                    (true, false, false) => None,
                    (true, true, _) => Some(TickState::Queued { due: now }),
                    _ => Some(TickState::Done { at: now }),
                };
                (Some(NewPage { connection: connection.clone(), feed: feed.clone(), items, known, cursor }), state)
            }
            Err(end) => {
                let tried = Tried { attempts: claimed.attempt, accepted_at: claimed.accepted_at, is_strained };
                let jitter = unit_interval(&*self.dice);
                (None, Some(failed(&end, after_attempt(&end, false, tried, &policy, now, jitter), now)))
            }
        };
        let (tick, lease) = (claimed.tick, claimed.lease);
        PollSettlement { tick, lease, at: now, page, timeline, is_taken_back: false, state }
    }

    /// Writes what a call came to, as often as it takes. Whether its lease was held.
    async fn settle_poll(&self, schedule: &Name, settlement: PollSettlement) -> bool {
        let tick = settlement.tick;
        loop {
            match self.store.settle_poll(settlement.clone()).await {
                Ok(found) => {
                    told(&settlement, found);
                    self.counts.polled(schedule, &settlement);
                    return true;
                }
                Err(StoreError::Stale(what)) => {
                    tracing::warn!("a poll came too late: {what} has changed meanwhile");
                    return false;
                }
                Err(error) => {
                    tracing::error!(%error, %tick, "what a poll has found cannot be written now");
                    tokio::time::sleep(SETTLE_AGAIN_AFTER).await;
                }
            }
        }
    }

    /// Gives up files that no run refers to.
    async fn discard_unused(&self, additions: Option<Arc<Additions>>, used: &HashSet<sluse_model::AttachmentId>) {
        let files = additions.map(|additions| additions.files()).unwrap_or_default();
        for file in files.iter().filter(|file| !used.contains(&file.id)) {
            if let Err(error) = self.store.discard_content(&file.digest).await {
                tracing::warn!(%error, "a file that a poll kept for nothing stays for a day");
            }
        }
    }
}

/// Where a poll that came to nothing goes: what its policy tries again is due later, and the next tick is the next try of
/// anything else.
fn failed(end: &AttemptEnd, after: DeliveryState, at: sluse_model::Timestamp) -> TickState {
    match after {
        DeliveryState::Retrying { due, problem } => TickState::Retrying { due, problem },
        _ => {
            let problem = end.problem().cloned();
            TickState::Failed { at, problem: problem.unwrap_or_else(|| Problem::new("failed", "The poll failed.")) }
        }
    }
}

fn told(settlement: &PollSettlement, found: Found) {
    let tick = settlement.tick;
    let Found { started, known, held } = found;
    match &settlement.state {
        Some(TickState::Failed { problem, .. } | TickState::Retrying { problem, .. }) => {
            tracing::warn!(%tick, code = problem.code, "poll {tick} has failed: {}", problem.code);
        }
        _ if started == 0 => tracing::debug!(%tick, known, "poll {tick} has found nothing new"),
        _ => tracing::info!(%tick, started, known, held, "poll {tick} has found {started} new, {known} known"),
    }
}
