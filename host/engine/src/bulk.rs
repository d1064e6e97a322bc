//! One act on many deliveries, one after the other and not too fast. Durable: the next start goes on where it was.

use std::{sync::Arc, time::Duration};

use sluse_model::{
    Actor, BatchAct, BatchEnd, BatchId, BatchRefusal, DeliveryId, MAX_BATCH_RATE, USUAL_BATCH_RATE, batch_gap,
};
use sluse_store::{Batch, DeliveryFilter, ListedDelivery, PageRequest, StoreError};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::{
    ActError, Engine, MAX_WHY_CHARS,
    acts::{Seen, said},
};

/// What may stand in a filter, as people are told it.
const FILTERS: &str = "`state`, `connection`, `flow`, `since`, `until`, `reason`, `queue` or `text`";

/// Examples of what a batch would be for.
const MAX_EXAMPLES: u32 = 5;

/// So many are looked up together.
const AT_ONCE: u32 = 50;

/// Waits this long after the store failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// What somebody wants done about many deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bulk {
    pub act: BatchAct,
    /// Names something; without a state, those are meant that wait for a person.
    pub filter: DeliveryFilter,
    /// At most so many in a second.
    pub per_second: Option<u32>,
    pub by: Actor,
    pub why: Option<String>,
}

/// What a batch would be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkPreview {
    pub count: u64,
    /// A few of them, the latest.
    pub examples: Vec<ListedDelivery>,
}

/// Why no batch was begun, or stopped. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BulkError {
    #[error("say which deliveries: a filter names {FILTERS}")]
    NoFilter,
    /// A state in which the act is never possible.
    #[error("`{act}` is not possible in state `{state}`: use {}", possible.join(", "))]
    WrongState { act: &'static str, state: String, possible: &'static [&'static str] },
    #[error("say why (`--why`): this decides for good what becomes of the deliveries")]
    NoReason,
    #[error("`why` has {0} characters: say it in {MAX_WHY_CHARS} at most")]
    LongReason(usize),
    #[error("a batch does from 1 to {MAX_BATCH_RATE} in a second")]
    WrongRate,
    #[error("there is no batch `{0}`")]
    Unknown(BatchId),
    #[error("batch `{0}` has ended")]
    Ended(BatchId),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// How many deliveries this would be for, and a few of them.
    pub async fn preview_bulk(&self, bulk: Bulk) -> Result<BulkPreview, BulkError> {
        let bulk = checked(bulk)?;
        let count = self.store.count_deliveries(bulk.filter.clone()).await?;
        let (mut examples, mut after) = (Vec::new(), None);
        loop {
            let limit = MAX_EXAMPLES - u32::try_from(examples.len()).unwrap_or(MAX_EXAMPLES);
            // A page may be empty though more follow: a backlog is looked through in parts.
            let page = self.store.deliveries(bulk.filter.clone(), PageRequest { limit, after }).await?;
            examples.extend(page.items);
            after = page.next;
            if after.is_none() || examples.len() >= MAX_EXAMPLES as usize {
                return Ok(BulkPreview { count, examples });
            }
        }
    }

    /// Begins with it. Durable when it returns; it goes on by itself.
    pub async fn begin_bulk(self: &Arc<Self>, bulk: Bulk) -> Result<Batch, BulkError> {
        let bulk = checked(bulk)?;
        if bulk.why.is_none() && bulk.act.kind().needs_a_reason() {
            return Err(BulkError::NoReason);
        }
        let found = self.store.count_deliveries(bulk.filter.clone()).await?;
        let began_at = self.clock.now();
        let batch = Batch {
            id: BatchId::new(began_at, &*self.dice),
            act: bulk.act,
            filter: bulk.filter,
            per_second: bulk.per_second.unwrap_or(USUAL_BATCH_RATE),
            by: bulk.by,
            why: bulk.why,
            began_at,
            found,
            done: 0,
            refused: Default::default(),
            end: None,
        };
        tracing::info!(
            batch = %batch.id, by = batch.by.name, found,
            "batch {}: {} of {found} deliveries by {}", batch.id, batch.act.kind().as_str(), batch.by.name,
        );
        let (engine, begun) = (self.clone(), batch.clone());
        let written = self.to_the_end(async move {
            engine.store.begin_batch(begun.clone()).await?;
            engine.background.spawn(engine.clone().carry_out_batch(begun));
            Ok::<(), StoreError>(())
        });
        written.await?;
        Ok(batch)
    }

    /// Stops it: nothing more is done. What was done stays.
    pub async fn stop_bulk(&self, id: BatchId, by: Actor) -> Result<Batch, BulkError> {
        self.store.batch(id).await?.ok_or(BulkError::Unknown(id))?;
        tracing::info!(batch = %id, by = by.name, "batch {id} is stopped by {}", by.name);
        let end = BatchEnd { at: self.clock.now(), stopped_by: Some(by) };
        if !self.store.end_batch(id, end).await? {
            return Err(BulkError::Ended(id));
        }
        self.store.batch(id).await?.ok_or(BulkError::Unknown(id))
    }

    /// Goes on with what a former process left in the middle.
    pub(crate) async fn resume_batches(self: &Arc<Self>) -> Result<(), StoreError> {
        for batch in self.store.open_batches().await? {
            self.background.spawn(self.clone().carry_out_batch(batch));
        }
        Ok(())
    }

    async fn carry_out_batch(self: Arc<Self>, batch: Batch) {
        let mut pace = interval(batch_gap(batch.per_second));
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let working = async {
            while let Err(error) = self.work_through(&batch, &mut pace).await {
                tracing::warn!(%error, batch = %batch.id, "batch {} cannot go on now", batch.id);
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        };
        // Between two acts, or before one: each is one transaction, and the next start finds what is left.
        tokio::select! {
            () = working => {}
            () = self.dispatcher.stop.cancelled() => {}
        }
    }

    /// Does it to one after the other, until none is left or somebody has stopped it.
    async fn work_through(self: &Arc<Self>, batch: &Batch, pace: &mut Interval) -> Result<(), StoreError> {
        loop {
            let rest = self.store.rest_of_batch(batch.id, AT_ONCE).await?;
            if rest.is_empty() {
                let end = BatchEnd { at: self.clock.now(), stopped_by: None };
                if self.store.end_batch(batch.id, end).await? {
                    tracing::info!(batch = %batch.id, "batch {} is through", batch.id);
                }
                return Ok(());
            }
            for delivery in rest {
                pace.tick().await;
                if !self.act_in_batch(batch, delivery).await? {
                    return Ok(());
                }
            }
        }
    }

    /// Does it to this one, or passes it by. `false` when the batch has ended.
    async fn act_in_batch(self: &Arc<Self>, batch: &Batch, delivery: DeliveryId) -> Result<bool, StoreError> {
        let act = batch.act.act();
        let done = self.do_act(delivery, act, batch.by.clone(), batch.why.clone(), Seen::Batch(batch)).await;
        let refusal = match done {
            Ok(()) | Err(ActError::Unknown(_)) => return Ok(true),
            Err(ActError::Changed(_) | ActError::Store(StoreError::Stale(_))) => BatchRefusal::ChangedMeanwhile,
            Err(ActError::Store(error)) => return Err(error),
            Err(ActError::InDoubt) => BatchRefusal::InDoubt,
            Err(ActError::NotReady(_)) => BatchRefusal::NotReady,
            Err(
                ActError::NotPossible { .. }
                | ActError::NoReason
                | ActError::LongReason(_)
                | ActError::DoesNotFit { .. },
            ) => BatchRefusal::NotPossible,
        };
        match self.store.pass_by(batch.id, delivery, refusal).await {
            Ok(()) => Ok(true),
            Err(StoreError::Stale(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The same, when it may be done.
fn checked(mut bulk: Bulk) -> Result<Bulk, BulkError> {
    bulk.filter = bulk.filter.meant();
    if bulk.filter == DeliveryFilter::default() {
        return Err(BulkError::NoFilter);
    }
    let (act, possible) = (bulk.act.kind(), bulk.act.states());
    let state = bulk.filter.state.get_or_insert_with(|| "attention".into());
    if !possible.contains(&state.as_str()) {
        return Err(BulkError::WrongState { act: act.as_str(), state: state.clone(), possible });
    }
    bulk.why = said(bulk.why).map_err(BulkError::LongReason)?;
    if bulk.per_second.is_some_and(|rate| !(1..=MAX_BATCH_RATE).contains(&rate)) {
        return Err(BulkError::WrongRate);
    }
    Ok(bulk)
}

#[cfg(test)]
mod tests {
    use sluse_model::TokenId;

    use super::*;

    fn bulk(filter: DeliveryFilter) -> Bulk {
        let by = Actor { token: TokenId::from_bytes([7; 16]), name: "clerk".into() };
        Bulk { act: BatchAct::Close, filter, per_second: None, by, why: Some("handed in twice".into()) }
    }

    fn text(text: &str) -> DeliveryFilter {
        DeliveryFilter { text: Some(text.into()), ..DeliveryFilter::default() }
    }

    #[test]
    fn a_reason_has_an_end() {
        let long = |count| Bulk { why: Some("å".repeat(count)), ..bulk(text("too long")) };
        assert!(checked(long(MAX_WHY_CHARS)).is_ok());
        assert_eq!(checked(long(MAX_WHY_CHARS + 1)), Err(BulkError::LongReason(MAX_WHY_CHARS + 1)));
    }

    /// Only looking decides nothing.
    #[test]
    fn what_would_be_done_needs_no_reason() {
        assert!(checked(Bulk { why: None, ..bulk(text("too long")) }).is_ok());
    }

    #[test]
    fn an_empty_text_does_not_say_which_deliveries() {
        for empty in ["", " ", "\t\n"] {
            assert_eq!(checked(bulk(text(empty))), Err(BulkError::NoFilter), "{empty:?}");
        }
        let meant = checked(bulk(text("too long"))).expect("a filter");
        assert_eq!(meant.filter.text.as_deref(), Some("too long"));
    }
}
