//! One claimed delivery: call, judge, settle. No transaction is open while a guest runs.

use std::{sync::Arc, time::Duration};

use sluse_connector::{Call, CallLimits, Ended};
use sluse_model::{
    Attempt, AttemptEnd, AttemptResult, Delivery, DeliveryState, Failure, GroupReport, Name, Outcome, Problem,
    RetryPolicy, SETTLE_FLOW, Standing, TimelineLevel, TimelineLine, Timestamp, Tried, after_attempt, unit_interval,
};
use sluse_store::{Claimed, Claiming, ClosedIntent, NotedIntent, Settlement, StoreError};
use tracing::Instrument;

use crate::{
    Engine, callbacks,
    connections::LiveConnection,
    follow::{Aftermath, needs_somebody, standing},
    gates::Pass,
    host::{DeliveryHost, HostRecord},
    judgement::{
        checked, cut_off, judge, no_report, not_connected, not_read, not_ready, of_another_connector, took_too_long,
        unfit, with_the_host_s_part,
    },
    revisions::LoadedRevision,
};

/// Waits this long before a settlement is tried again that the store could not take.
const SETTLE_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// What an attempt leaves behind.
struct Attempted {
    end: AttemptEnd,
    /// A request that must happen once may have happened, in this attempt or one before.
    in_doubt: bool,
    closed: Vec<ClosedIntent>,
    policy: RetryPolicy,
    /// The target answered 429, or not in time.
    is_strained: bool,
    timeline: Vec<TimelineLine>,
}

impl Attempted {
    fn before_it_began(end: AttemptEnd, in_doubt: bool) -> Self {
        let (closed, timeline) = (Vec::new(), Vec::new());
        Self { end, in_doubt, closed, policy: RetryPolicy::default(), is_strained: false, timeline }
    }
}

impl Engine {
    /// Works on a delivery, and then on those of the same run that follow it, one after the other.
    pub(crate) async fn carry_out(self: Arc<Self>, claimed: Claimed, pass: Pass) {
        let mut present = Some((claimed, pass));
        while let Some((claimed, pass)) = present.take() {
            let span = tracing::debug_span!(
                "engine.deliver",
                run = %claimed.delivery.run,
                delivery = %claimed.delivery.id,
                attempt = claimed.attempt,
                connection = %claimed.delivery.connection,
                operation = %claimed.delivery.operation,
            );
            present = self.deliver(claimed, pass).instrument(span).await;
        }
    }

    async fn deliver(self: &Arc<Self>, claimed: Claimed, mut pass: Pass) -> Option<(Claimed, Pass)> {
        let id = claimed.delivery.id;
        let began_at = self.clock.now();
        // Held until it is settled, and let go also when something panics: then the lease lapses, and the delivery
        // is taken up as a lost one.
        let hold = self.dispatcher.hold(id, claimed.lease);
        if let Some(state) = self.over_before_it_begins(&claimed).await {
            self.take_back(claimed, state).await;
            return None;
        }
        pass.begin();
        // The store writes these itself, in the transaction of what they tell of: they are seen when they begin.
        if claimed.flow.as_str() == SETTLE_FLOW && claimed.attempt == 1 && claimed.resumption.is_none() {
            self.counts.accepted_at(&claimed.delivery.connection);
        }
        let attempted = tokio::select! {
            () = hold.lost() => {
                tracing::warn!(delivery = %id, "the lease on {id} is lost; its attempt was stopped");
                return None;
            }
            attempted = self.attempt(&claimed) => attempted,
        };
        self.conclude(claimed, attempted, began_at, pass).await
    }

    /// Settles an attempt that has ended. Never called off: what follows may be claimed in the same commit.
    async fn conclude(
        &self,
        claimed: Claimed,
        attempted: Attempted,
        began_at: Timestamp,
        mut pass: Pass,
    ) -> Option<(Claimed, Pass)> {
        let now = self.clock.now();
        let jitter = unit_interval(&*self.dice);
        let tried = tried(&claimed, attempted.is_strained);
        let state = after_attempt(&attempted.end, attempted.in_doubt, tried, &attempted.policy, now, jitter);
        tell(&claimed, &attempted.end, &state);
        let Delivery { connection, operation, .. } = &claimed.delivery;
        self.counts.attempted(connection, operation, attempted.end.kind(), now.since(began_at));
        let (output, left) = match &attempted.end {
            AttemptEnd::Done { output } => (Some(output.clone()), None),
            AttemptEnd::Waiting { state, .. } => (None, Some(state.clone())),
            _ => (None, None),
        };
        let problem = attempted.end.problem();
        let Aftermath { state, follow, along } =
            self.aftermath_surely(&claimed, state, problem, output.as_deref()).await;
        let result = AttemptResult { ended_at: now, kind: attempted.end.kind().to_owned(), problem: problem.cloned() };
        let resumed = claimed.resumption.is_some();
        let (number, revision) = (claimed.attempt, claimed.revision);
        let attempt = Attempt { number, resumed, revision, began_at, result: Some(result) };
        let next = follow.next().filter(|next| matches!(next.state, DeliveryState::Queued { .. }));
        let next = next.and_then(|next| pass.for_next(&next.connection));
        let settlement = Settlement {
            delivery: claimed.delivery.id,
            lease: claimed.lease,
            attempt: Claiming::Ended(attempt),
            state,
            output,
            left,
            timeline: attempted.timeline,
            closed: attempted.closed,
            follow,
            along,
        };
        self.settle(&claimed.delivery.connection, settlement, next).await
    }

    /// What comes of it, asked as often as it takes: the attempt has happened, whatever the store says.
    pub(crate) async fn aftermath_surely(
        &self,
        claimed: &Claimed,
        state: DeliveryState,
        problem: Option<&Problem>,
        output: Option<&str>,
    ) -> Aftermath {
        loop {
            match self.aftermath(claimed, state.clone(), problem, output).await {
                Ok(aftermath) => return aftermath,
                Err(error) => {
                    tracing::error!(%error, delivery = %claimed.delivery.id, "what follows cannot be read now");
                    tokio::time::sleep(SETTLE_AGAIN_AFTER).await;
                }
            }
        }
    }

    /// Writes what became of an attempt, as often as it takes: it has happened, whatever the store says. What follows
    /// is claimed when there is a pass for it.
    pub(crate) async fn settle(
        &self,
        connection: &Name,
        settlement: Settlement,
        pass: Option<Pass>,
    ) -> Option<(Claimed, Pass)> {
        loop {
            let claim = (pass.is_some() && !self.stopping()).then(|| self.claim(self.clock.now()));
            match self.store.settle(settlement.clone(), claim).await {
                Ok(next) => {
                    self.counts.was_written(connection, &settlement);
                    self.tell_callers(&settlement.delivery, &settlement.state);
                    return next.map(|next| *next).zip(pass);
                }
                Err(StoreError::Stale(what)) => {
                    tracing::warn!("a settlement came too late: {what} has changed meanwhile");
                    return None;
                }
                Err(error) => {
                    tracing::error!(%error, delivery = %settlement.delivery, "a settlement cannot be written now");
                    tokio::time::sleep(SETTLE_AGAIN_AFTER).await;
                }
            }
        }
    }

    async fn attempt(self: &Arc<Self>, claimed: &Claimed) -> Attempted {
        let journal = match self.journal(claimed).await {
            Ok(journal) => journal,
            // As nobody knows what stands in it.
            Err(error) => return Attempted::before_it_began(not_read(&error), true),
        };
        let in_doubt = is_in_doubt(&journal);
        let revision = match self.revisions.get(&claimed.revision).await {
            Ok(revision) => revision,
            Err(error) => return Attempted::before_it_began(not_ready(&error), in_doubt),
        };
        let connection = match self.connections.get(self, &claimed.delivery.connection).await {
            Ok(connection) => connection,
            Err(error) => return Attempted::before_it_began(not_connected(&error), in_doubt),
        };
        let policy = connection.connection().retry_of(&claimed.delivery.operation).clone();
        if let Some(problem) = of_another_connector(&revision, &connection) {
            // The next attempt is claimed with a revision of the one that is used by now.
            let end = AttemptEnd::Failed(Failure::Unavailable { problem, retry_after_ms: None });
            return Attempted { policy, ..Attempted::before_it_began(end, in_doubt) };
        }
        if let Some(end) = unfit(&revision, claimed) {
            return Attempted { policy, ..Attempted::before_it_began(end, in_doubt) };
        }
        let reads_only = reads_only(&revision, claimed);
        let host = DeliveryHost::new(self.clone(), connection.clone(), claimed, journal, reads_only);
        let record = host.record();
        let ended = tokio::select! {
            ended = self.invoke(&revision, &connection, claimed, host) => match ended {
                Ok(ended) => judge(ended, record.wait(), self.clock.now()),
                Err(end) => end,
            },
            () = self.dispatcher.cut_off.cancelled() => cut_off(),
        };
        let end = checked(&revision, claimed, ended);
        if let AttemptEnd::Waiting { until, .. } = &end {
            record.line(TimelineLevel::Info, format!("Waits for the target's answer until {until}."));
        }
        let left = record.finish();
        let end = with_the_host_s_part(end, &left);
        let is_silent = claimed.resumption.as_ref().is_some_and(|resumption| resumption.answer.is_none());
        let end = if is_silent { callbacks::after_silence(end) } else { end };
        let HostRecord { in_doubt, closed, timeline, is_strained, .. } = left;
        let is_strained = is_strained || took_too_long(&end);
        Attempted { end, in_doubt, closed, policy, is_strained, timeline }
    }

    /// Begins with the operation, tells a source what became of its items, or goes on with it when its wait has ended.
    async fn invoke(
        &self,
        revision: &LoadedRevision,
        connection: &LiveConnection,
        claimed: &Claimed,
        host: DeliveryHost,
    ) -> Result<Ended<Outcome>, AttemptEnd> {
        let delivery = &claimed.delivery;
        let call = Call {
            delivery: delivery.id.to_string(),
            attempt: claimed.attempt,
            accepted_at: delivery.accepted_at,
            attempt_at: delivery.changed_at,
            settings: connection.settings(),
        };
        let limits = CallLimits::from(&connection.connection().limits);
        let (connector, operation, input) = (&revision.connector, delivery.operation.as_str(), &delivery.input);
        let span = tracing::debug_span!("sandbox.invoke");
        if claimed.flow.as_str() == SETTLE_FLOW {
            let GroupReport { group, items } = serde_json::from_str(input).map_err(|error| no_report(&error))?;
            let told = connector.settle(call, operation, &group, items, limits, Box::new(host)).instrument(span).await;
            return Ok(told.map(|told| told.map(|()| Outcome::Done { output: "null".to_owned() })));
        }
        let Some(resumption) = &claimed.resumption else {
            return Ok(connector.execute(call, operation, input, limits, Box::new(host)).instrument(span).await);
        };
        let arrival = self.arrival(resumption)?;
        host.record().line(TimelineLevel::Info, callbacks::told(resumption));
        let (state, host) = (resumption.state.as_str(), Box::new(host));
        Ok(connector.resume(call, operation, input, state, arrival, limits, host).instrument(span).await)
    }

    /// What was noted before. The first attempt has nothing before it.
    async fn journal(&self, claimed: &Claimed) -> Result<Vec<NotedIntent>, StoreError> {
        if claimed.attempt == 1 && claimed.resumption.is_none() {
            return Ok(Vec::new());
        }
        self.store.journal(claimed.delivery.id).await
    }
}

/// A warning where somebody has to know.
fn tell(claimed: &Claimed, end: &AttemptEnd, state: &DeliveryState) {
    let (delivery, revision) = (claimed.delivery.id, claimed.revision.short());
    let (outcome, standing) = (end.kind(), standing(state));
    let message = format!("delivery {delivery} attempt {}: {outcome}, now {standing}", claimed.attempt);
    if needs_somebody(state) {
        tracing::warn!(%delivery, outcome, state = %standing, %revision, "{message}");
    } else {
        tracing::info!(%delivery, outcome, state = %standing, %revision, "{message}");
    }
}

/// Whether a request that must happen once may have happened, and nobody knows.
pub(crate) fn is_in_doubt(journal: &[NotedIntent]) -> bool {
    journal.iter().any(|noted| noted.intent.standing == Standing::Open)
}

/// What the policy is asked with.
pub(crate) fn tried(claimed: &Claimed, is_strained: bool) -> Tried {
    Tried { attempts: claimed.attempt, accepted_at: claimed.delivery.accepted_at, is_strained }
}

/// What the connector promises of the operation.
fn reads_only(revision: &LoadedRevision, claimed: &Claimed) -> bool {
    revision.asked(&claimed.flow, &claimed.delivery.operation).is_some_and(|operation| operation.reads_only)
}
