//! What people do about deliveries: decided on what is seen, written only when that still holds.

use std::sync::Arc;

use serde_json::Value;
use sluse_model::{
    Act, ActKind, Actor, BatchId, Delivery, DeliveryId, DeliveryState, Event, Name, Position, Refused, RetryPolicy,
    Run, Standing, Timestamp,
};
use sluse_store::{Batch, DeliveryDetail, NewAct, StoreError};

use crate::{
    Engine,
    connections::ConnectionError,
    count::counted,
    figures::Newcomers,
    flows::FlowError,
    follow::{Followed, standing},
    revisions::{LoadedRevision, RevisionError},
    schema::Violation,
};

/// The most characters that people may say why with.
pub const MAX_WHY_CHARS: usize = 2_000;

/// What was said, if it was anything; otherwise how long it was, when it is too long.
pub(crate) fn said(why: Option<String>) -> Result<Option<String>, usize> {
    let why = why.map(|why| why.trim().to_owned()).filter(|why| !why.is_empty());
    match why.as_ref().map_or(0, |why| why.chars().count()) {
        length if length > MAX_WHY_CHARS => Err(length),
        _ => Ok(why),
    }
}

/// Why nothing was done about a delivery. Nothing has changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ActError {
    #[error("there is no delivery `{0}`")]
    Unknown(DeliveryId),
    #[error("say why (`--why`): this decides for good what became of the delivery")]
    NoReason,
    #[error("`why` has {0} characters: say it in {MAX_WHY_CHARS} at most")]
    LongReason(usize),
    /// Whoever acts has seen something else.
    #[error("the delivery has changed since you looked: {0}. Look again, and say what you have seen then")]
    Changed(String),
    /// Not where it stands; what is possible instead.
    #[error("`{}` is not possible: {what}", .act.as_str())]
    NotPossible { act: ActKind, what: String },
    /// With another input it would be another request, and nobody would know what became of the first.
    #[error(
        "a request of this delivery may have happened: look at the target first. If it did not happen, edit again and \
         say so (`--did-not-happen`, in the API `did_not_happen`); if it did, resolve the delivery"
    )]
    InDoubt,
    /// What came with it does not fit the operation.
    #[error("the {what} does not fit operation `{operation}`")]
    DoesNotFit { what: &'static str, operation: String, violations: Vec<Violation> },
    /// What it would be checked against, or what follows, is not there.
    #[error("nothing to check it against: {0}")]
    NotReady(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What whoever acts has seen of a delivery. Nothing is done about one that has changed since.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seen<'a> {
    /// As it stands now.
    Now,
    /// After so many attempts had begun.
    Attempts(u32),
    /// What stood there when the batch began.
    Batch(&'a Batch),
}

impl Seen<'_> {
    fn check(self, delivery: &Delivery, now: Timestamp) -> Result<(), ActError> {
        match self {
            Self::Attempts(seen) if seen != delivery.attempts => {
                let begun = counted(delivery.attempts.into(), "attempt has", "attempts have");
                Err(ActError::Changed(format!("{begun} begun, and you have seen {seen}")))
            }
            // By a clock that was set back nobody can say what came first.
            Self::Batch(batch) if delivery.changed_at > batch.began_at || now < batch.began_at => {
                Err(ActError::Changed("it has changed after the batch began".into()))
            }
            _ => Ok(()),
        }
    }

    fn batch(self) -> Option<BatchId> {
        match self {
            Self::Batch(batch) => Some(batch.id),
            Self::Now | Self::Attempts(_) => None,
        }
    }
}

impl Engine {
    /// Does something about a delivery, unless more or fewer attempts have begun than whoever acts has seen. Durable
    /// when it returns; gives the delivery as it stands then.
    pub async fn act(
        self: &Arc<Self>,
        id: DeliveryId,
        act: Act,
        by: Actor,
        why: Option<String>,
        attempts_seen: Option<u32>,
    ) -> Result<DeliveryDetail, ActError> {
        self.do_act(id, act, by, why, attempts_seen.map_or(Seen::Now, Seen::Attempts)).await?;
        self.store.delivery(id).await?.ok_or(ActError::Unknown(id))
    }

    /// The same as one of the acts of a batch, or by itself.
    pub(crate) async fn do_act(
        self: &Arc<Self>,
        id: DeliveryId,
        act: Act,
        by: Actor,
        why: Option<String>,
        seen: Seen<'_>,
    ) -> Result<(), ActError> {
        let why = said(why).map_err(ActError::LongReason)?;
        if why.is_none() && act.kind().needs_a_reason() {
            return Err(ActError::NoReason);
        }
        let detail = self.store.delivery(id).await?.ok_or(ActError::Unknown(id))?;
        seen.check(&detail.delivery, self.clock.now())?;
        let after = self.decided(&detail, &act)?;
        let connection = detail.delivery.connection.clone();
        let run = self.store.run(detail.delivery.run).await?;
        let run = run.ok_or_else(|| StoreError::NotFound(format!("run `{}`", detail.delivery.run)))?.run;
        self.check_texts(&detail, &run.flow, &act).await?;
        let new = NewAct { batch: seen.batch(), ..self.new_act(detail, run, act, after, by, why).await? };
        let engine = self.clone();
        Ok(self.to_the_end(async move { engine.write_act(&connection, new).await }).await?)
    }

    async fn write_act(&self, connection: &Name, new: NewAct) -> Result<(), StoreError> {
        let (id, kind, after) = (new.delivery, new.act.kind().as_str(), standing(&new.after));
        let by = new.by.name.clone();
        let (state, newcomers) = (new.after.clone(), Newcomers::of(&new.follow, &new.along));
        let moves = new.before.as_str() != state.as_str();
        self.store.act(new).await?;
        // Who is assigned other work that waits for a person has it still.
        if moves {
            self.counts.settled(connection, &state);
        }
        self.counts.came(&newcomers);
        self.tell_callers(&id, &state);
        tracing::info!(delivery = %id, act = kind, by, state = %after, "delivery {id}: {kind} by {by}, now {after}");
        Ok(())
    }

    /// Where the act leads the delivery, if it is possible.
    fn decided(&self, detail: &DeliveryDetail, act: &Act) -> Result<DeliveryState, ActError> {
        let delivery = &detail.delivery;
        let position = Position {
            state: delivery.state.clone(),
            attempts: delivery.attempts,
            lease_number: 0,
            accepted_at: delivery.accepted_at,
        };
        let in_doubt = detail.journal.iter().any(|intent| intent.standing == Standing::Open);
        let event = Event::Acted { act: act.clone(), in_doubt, leads_its_key: detail.leads_its_key };
        let decided = position.after(&event, &RetryPolicy::default(), self.clock.now(), 0.0);
        decided.map(|position| position.state).map_err(|refused| refusal(refused, act.kind(), detail))
    }

    /// Holds the texts of an act against the operation, as the active revision describes it.
    async fn check_texts(&self, detail: &DeliveryDetail, flow: &Name, act: &Act) -> Result<(), ActError> {
        let (what, text) = match act {
            Act::Edit { input, .. } => ("input", input),
            Act::Resolve { output } => ("output", output),
            Act::Retry { .. } | Act::Close | Act::Skip | Act::Assign { .. } => return Ok(()),
        };
        let operation = detail.delivery.operation.to_string();
        let revision = self.active_revision(detail).await?;
        let schemas = revision.asked(flow, &detail.delivery.operation).ok_or_else(|| {
            ActError::NotReady(format!("the active revision of the connector has no operation `{operation}`"))
        })?;
        let schema = if what == "input" { &schemas.input } else { &schemas.output };
        let value: Value = serde_json::from_str(text).unwrap_or(Value::Null);
        schema.check(&value).map_err(|violations| ActError::DoesNotFit { what, operation, violations })
    }

    async fn new_act(
        &self,
        detail: DeliveryDetail,
        run: Run,
        act: Act,
        after: DeliveryState,
        by: Actor,
        why: Option<String>,
    ) -> Result<NewAct, ActError> {
        let delivery = detail.delivery;
        let Run { flow, flow_digest, .. } = run;
        let followed = Followed { delivery: &delivery, flow: &flow, flow_digest: &flow_digest };
        if matches!(act, Act::Edit { .. } | Act::Resolve { .. }) {
            self.check_step(followed).await?;
        }
        let output = match &act {
            Act::Resolve { output } => Some(output.as_str()),
            _ => None,
        };
        let follow = self.follow_on(followed, &after, output).await?;
        // Whoever acts knows what becomes of this delivery; of the next one they may not.
        let along = self.causes_of_next(followed, output, &follow).await?;
        let at = self.clock.now();
        let (before, attempts) = (delivery.state, delivery.attempts);
        Ok(NewAct { delivery: delivery.id, act, by, why, at, before, attempts, after, follow, batch: None, along })
    }

    /// The revision that the delivery would run on now.
    async fn active_revision(&self, detail: &DeliveryDetail) -> Result<Arc<LoadedRevision>, ActError> {
        let connection = self.connections.get(self, &detail.delivery.connection).await;
        let connection = connection.map_err(|error| match error {
            ConnectionError::Store(error) => ActError::Store(error),
            error => ActError::NotReady(error.to_string()),
        })?;
        let connector = &connection.connection().connector;
        let active = self.store.active(connector).await?;
        let active =
            active.ok_or_else(|| ActError::NotReady(format!("connector `{connector}` has no active revision")))?;
        self.revisions.get(&active.digest).await.map_err(|error| match error {
            RevisionError::Store(error) => ActError::Store(error),
            error => ActError::NotReady(error.to_string()),
        })
    }

    /// What is said of a delivery can be trusted only as long as it is known which step it is.
    async fn check_step(&self, followed: Followed<'_>) -> Result<(), ActError> {
        let flow = self.flows.version(followed.flow, followed.flow_digest).await.map_err(|error| match error {
            FlowError::Store(error) => ActError::Store(error),
            error => ActError::NotReady(error.to_string()),
        })?;
        let delivery = followed.delivery;
        let step = flow.flow.steps.get(delivery.step_index as usize);
        if step.is_some_and(|step| step.name == delivery.step) {
            return Ok(());
        }
        Err(ActError::NotReady(format!("step {} of flow `{}` cannot be found", delivery.step_index + 1, followed.flow)))
    }
}

fn refusal(refused: Refused, act: ActKind, detail: &DeliveryDetail) -> ActError {
    let what = match refused {
        Refused::InDoubt => return ActError::InDoubt,
        Refused::Held => "an attempt is under way; wait until it has ended".to_owned(),
        Refused::Final => format!("the delivery is closed ({}), and stays so", standing(&detail.delivery.state)),
        _ => possible_instead(detail),
    };
    ActError::NotPossible { act, what }
}

fn possible_instead(detail: &DeliveryDetail) -> String {
    let state = &detail.delivery.state;
    let possible = ActKind::possible(state, detail.leads_its_key);
    let names: Vec<_> = possible.into_iter().map(|kind| format!("`{}`", kind.as_str())).collect();
    format!("the delivery is in state `{}`, where one can {}", state.as_str(), names.join(", "))
}
