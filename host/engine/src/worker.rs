//! One claimed delivery: call, judge, settle. No transaction is open while a guest runs.

use std::{sync::Arc, time::Duration};

use sluse_connector::{Breakage, BreakageKind, Call, CallLimits, Ended};
use sluse_model::{
    Attempt, AttemptEnd, AttemptResult, DeliveryState, Failure, Outcome, Problem, RetryPolicy, Standing, TimelineLevel,
    TimelineLine, Timestamp, Tried, after_attempt, after_lost_attempt, unit_interval,
};
use sluse_store::{Claimed, Claiming, ClosedIntent, Follow, NotedIntent, Settlement, StoreError};
use tracing::Instrument;

use crate::{
    Engine, callbacks,
    connections::{ConnectionError, LiveConnection},
    follow::state_name,
    gates::Pass,
    host::{DeliveryHost, HostRecord},
    revisions::{LoadedRevision, RevisionError},
};

/// Waits this long before a settlement is tried again that the store could not take.
const SETTLE_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// The code of the problem when a call as a whole ran out of time.
const CALL_TIMED_OUT: &str = "call-timed-out";

/// Lapsed deliveries are taken up in groups of this size.
const LAPSED_AT_ONCE: u32 = 100;

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
            self.take_back(&claimed, state).await;
            return None;
        }
        pass.begin();
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
        tracing::info!(
            delivery = %claimed.delivery.id,
            outcome = attempted.end.kind(),
            state = state_name(&state),
            revision = %claimed.revision.short(),
            "delivery {} attempt {}: {}, now {}",
            claimed.delivery.id, claimed.attempt, attempted.end.kind(), state_name(&state),
        );
        let (output, left) = match &attempted.end {
            AttemptEnd::Done { output } => (Some(output.clone()), None),
            AttemptEnd::Waiting { state, .. } => (None, Some(state.clone())),
            _ => (None, None),
        };
        let follow = self.follow_surely(&claimed, &state, output.as_deref()).await;
        let result = AttemptResult {
            ended_at: now,
            kind: attempted.end.kind().to_owned(),
            problem: attempted.end.problem().cloned(),
        };
        let resumed = claimed.resumption.is_some();
        let (number, revision) = (claimed.attempt, claimed.revision);
        let attempt = Attempt { number, resumed, revision, began_at, result: Some(result) };
        let next = match &follow {
            Follow::Next(next) if matches!(next.state, DeliveryState::Queued { .. }) => pass.for_next(&next.connection),
            _ => None,
        };
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
        };
        self.settle(settlement, next).await
    }

    /// What follows, asked as often as it takes: the attempt has happened, whatever the store says.
    pub(crate) async fn follow_surely(&self, claimed: &Claimed, state: &DeliveryState, output: Option<&str>) -> Follow {
        loop {
            match self.follow(claimed, state, output).await {
                Ok(follow) => return follow,
                Err(error) => {
                    tracing::error!(%error, delivery = %claimed.delivery.id, "what follows cannot be read now");
                    tokio::time::sleep(SETTLE_AGAIN_AFTER).await;
                }
            }
        }
    }

    /// Writes what became of an attempt, as often as it takes: it has happened, whatever the store says. What follows
    /// is claimed when there is a pass for it.
    pub(crate) async fn settle(&self, settlement: Settlement, pass: Option<Pass>) -> Option<(Claimed, Pass)> {
        loop {
            let claim = (pass.is_some() && !self.stopping()).then(|| self.claim(self.clock.now()));
            match self.store.settle(settlement.clone(), claim).await {
                Ok(next) => return next.map(|next| *next).zip(pass),
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
        if let Some(end) = unfit(&revision, claimed) {
            return Attempted { policy, ..Attempted::before_it_began(end, in_doubt) };
        }
        let reads_only = reads_only(&revision, claimed);
        let host = DeliveryHost::new(self.clone(), connection.clone(), claimed, journal, reads_only);
        let record = host.record();
        let ended = match self.call(&revision, &connection, claimed, host).await {
            Ok(ended) => judge(ended, record.wait(), self.clock.now()),
            Err(end) => end,
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

    /// Begins with the operation, or goes on with it when its wait has ended.
    async fn call(
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

    /// Settles deliveries whose attempt was lost: with a process that ended, or a lease that lapsed. Those that are
    /// worked on here are not lost, however late their lease was renewed.
    pub(crate) async fn take_up_lapsed(self: &Arc<Self>) -> Result<(), StoreError> {
        loop {
            let mut lapsed = self.store.lapsed(self.clock.now(), LAPSED_AT_ONCE).await?;
            let is_last = lapsed.len() < LAPSED_AT_ONCE as usize;
            lapsed.retain(|claimed| !self.dispatcher.holds(&claimed.delivery.id));
            let is_stuck = lapsed.is_empty();
            for claimed in lapsed {
                self.take_up(claimed).await?;
            }
            if is_last || is_stuck {
                return Ok(());
            }
        }
    }

    async fn take_up(self: &Arc<Self>, claimed: Claimed) -> Result<(), StoreError> {
        let connection = self.connections.get(self, &claimed.delivery.connection).await;
        let operation = &claimed.delivery.operation;
        let policy = connection.map(|connection| connection.connection().retry_of(operation).clone());
        let policy = policy.unwrap_or_default();
        let in_doubt = is_in_doubt(&self.store.journal(claimed.delivery.id).await?);
        let (now, jitter) = (self.clock.now(), unit_interval(&*self.dice));
        let state = after_lost_attempt(in_doubt, tried(&claimed, false), &policy, now, jitter);
        tracing::warn!(
            delivery = %claimed.delivery.id, state = state_name(&state),
            "delivery {} attempt {} was lost, now {}", claimed.delivery.id, claimed.attempt, state_name(&state),
        );
        let problem = match &state {
            DeliveryState::Attention(attention) => Some(attention.problem.clone()),
            DeliveryState::Retrying { problem, .. } => Some(problem.clone()),
            _ => None,
        };
        let line = TimelineLine {
            at: now,
            attempt: claimed.attempt,
            level: TimelineLevel::Warn,
            message: "The attempt was lost: the host stopped, or its lease lapsed.".into(),
        };
        let settlement = Settlement {
            delivery: claimed.delivery.id,
            lease: claimed.lease,
            attempt: Claiming::Ended(Attempt {
                number: claimed.attempt,
                resumed: claimed.resumption.is_some(),
                revision: claimed.revision,
                began_at: claimed.delivery.changed_at,
                result: Some(AttemptResult { ended_at: now, kind: "lost".into(), problem }),
            }),
            follow: self.follow(&claimed, &state, None).await?,
            state,
            output: None,
            left: None,
            timeline: vec![line],
            closed: Vec::new(),
        };
        match self.store.settle(settlement, None).await {
            Ok(_) | Err(StoreError::Stale(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Whether a request that must happen once may have happened, and nobody knows.
pub(crate) fn is_in_doubt(journal: &[NotedIntent]) -> bool {
    journal.iter().any(|noted| noted.intent.standing == Standing::Open)
}

/// What the policy is asked with.
fn tried(claimed: &Claimed, is_strained: bool) -> Tried {
    Tried { attempts: claimed.attempt, accepted_at: claimed.delivery.accepted_at, is_strained }
}

/// The call as a whole ran out of time.
fn took_too_long(end: &AttemptEnd) -> bool {
    end.problem().is_some_and(|problem| problem.code == CALL_TIMED_OUT)
}

/// What the connector promises of the operation.
fn reads_only(revision: &LoadedRevision, claimed: &Claimed) -> bool {
    revision.operation(claimed.delivery.operation.as_str()).is_some_and(|operation| operation.reads_only)
}

/// An attempt that cannot begin because nobody knows what was sent before it.
fn not_read(error: &StoreError) -> AttemptEnd {
    let problem = Problem::new("journal-not-read", error.to_string());
    AttemptEnd::Failed(Failure::Unavailable { problem, retry_after_ms: None })
}

/// An attempt that cannot begin because its revision is not there. What passes by itself is tried again.
fn not_ready(error: &RevisionError) -> AttemptEnd {
    let problem = Problem::new("revision-not-loaded", error.to_string());
    match error {
        RevisionError::Store(_) => AttemptEnd::Failed(Failure::Unavailable { problem, retry_after_ms: None }),
        RevisionError::Gone(_) | RevisionError::NotLoaded { .. } => AttemptEnd::Misconfigured(problem),
    }
}

fn not_connected(error: &ConnectionError) -> AttemptEnd {
    let problem = Problem::new("connection-not-usable", error.to_string());
    match error {
        ConnectionError::Store(_) => AttemptEnd::Failed(Failure::Unavailable { problem, retry_after_ms: None }),
        _ => AttemptEnd::Misconfigured(problem),
    }
}

/// Why the operation cannot be asked for with this input: the revision may be a newer one than the flow was
/// applied under.
fn unfit(revision: &LoadedRevision, claimed: &Claimed) -> Option<AttemptEnd> {
    let operation = &claimed.delivery.operation;
    let Some(schemas) = revision.operation(operation.as_str()) else {
        let message = format!("revision {} of the connector has no operation `{operation}`", claimed.revision.short());
        return Some(AttemptEnd::Misconfigured(Problem::new("unknown-operation", message)));
    };
    let input = serde_json::from_str(&claimed.delivery.input).unwrap_or(serde_json::Value::Null);
    let violations = schemas.input.check(&input).err()?;
    let detail = violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let message = format!("The input of step `{}` does not fit operation `{operation}`.", claimed.delivery.step);
    let problem = Problem::new("input-does-not-fit", message).with_detail(detail);
    Some(AttemptEnd::Failed(Failure::Invalid { problem }))
}

/// What an ended call amounts to.
fn judge(ended: Ended<Outcome>, wait: Option<Duration>, now: Timestamp) -> AttemptEnd {
    match ended {
        Ok(Ok(Outcome::Done { output })) => AttemptEnd::Done { output },
        Ok(Ok(Outcome::Waiting { state })) => match wait {
            Some(wait) => AttemptEnd::Waiting { state, until: now.plus(wait) },
            None => AttemptEnd::Broken(Problem::new(
                "waits-for-nothing",
                "The connector waits for a callback without having opened an address for one.",
            )),
        },
        Ok(Err(failure)) => AttemptEnd::Failed(failure),
        Err(Breakage { kind: BreakageKind::TimedOut, message }) => {
            let problem = Problem::new(CALL_TIMED_OUT, "The target took too long.").with_detail(message);
            AttemptEnd::Failed(Failure::Unavailable { problem, retry_after_ms: None })
        }
        Err(Breakage { kind, message }) => AttemptEnd::Broken(
            Problem::new(breakage_code(kind), "The connector failed. Its supplier has to look.").with_detail(message),
        ),
    }
}

/// What the connector said, completed by what only the host knows: that it was itself not set up for a request,
/// or that a token endpoint asked for patience.
fn with_the_host_s_part(end: AttemptEnd, left: &HostRecord) -> AttemptEnd {
    match (end, &left.misconfigured) {
        (AttemptEnd::Failed(_), Some(message)) if !left.in_doubt => {
            AttemptEnd::Misconfigured(Problem::new("not-signed-in", message.clone()))
        }
        (AttemptEnd::Failed(Failure::Unavailable { problem, retry_after_ms }), _) => {
            let retry_after_ms = retry_after_ms.max(left.retry_after_ms);
            AttemptEnd::Failed(Failure::Unavailable { problem, retry_after_ms })
        }
        (end, _) => end,
    }
}

fn breakage_code(kind: BreakageKind) -> &'static str {
    match kind {
        BreakageKind::Trapped => "connector-trapped",
        BreakageKind::CpuExceeded => "cpu-exceeded",
        BreakageKind::MemoryExceeded => "memory-exceeded",
        BreakageKind::TimedOut => CALL_TIMED_OUT,
        BreakageKind::ContractBroken => "contract-broken",
        BreakageKind::NotExported => "not-exported",
    }
}

/// Holds what a connector is done with against what it promised.
fn checked(revision: &LoadedRevision, claimed: &Claimed, end: AttemptEnd) -> AttemptEnd {
    let AttemptEnd::Done { output } = &end else { return end };
    let broken = |detail: String| {
        let message = "The connector is done, but its answer does not fit its own schema.";
        AttemptEnd::Broken(Problem::new("output-does-not-fit", message).with_detail(detail))
    };
    let Some(schemas) = revision.operation(claimed.delivery.operation.as_str()) else { return end };
    match serde_json::from_str(output) {
        Err(error) => broken(format!("not JSON: {error}")),
        Ok(value) => match schemas.output.check(&value) {
            Ok(()) => end,
            Err(violations) => broken(violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
        },
    }
}
