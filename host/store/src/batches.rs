//! One act on many deliveries, kept with how far it has come.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sluse_model::{Actor, BatchAct, BatchEnd, BatchId, BatchRefusal, DeliveryId, Timestamp};

use crate::{DeliveryFilter, Page, PageRequest, StoreError};

/// One act on many deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub id: BatchId,
    pub act: BatchAct,
    /// Which deliveries are meant, of those that were accepted before it began.
    pub filter: DeliveryFilter,
    /// At most so many acts in a second.
    pub per_second: u32,
    pub by: Actor,
    pub why: Option<String>,
    pub began_at: Timestamp,
    /// How many it was for when it began.
    pub found: u64,
    /// How many it was done to.
    pub done: u64,
    /// To how many it was not, and why.
    pub refused: BTreeMap<BatchRefusal, u64>,
    /// Absent while it is under way.
    pub end: Option<BatchEnd>,
}

/// One act on many deliveries. Goes from the latest to the earliest of those that were there when it began, each once:
/// whoever carries it out asks for the rest, and does it to one after the other, in their order.
#[async_trait]
pub trait Batches: Send + Sync {
    /// Begins: fixes which deliveries are there.
    async fn begin_batch(&self, batch: Batch) -> Result<(), StoreError>;

    /// The batch of this id.
    async fn batch(&self, id: BatchId) -> Result<Option<Batch>, StoreError>;

    /// All of them, the latest first.
    async fn batches(&self, page: PageRequest) -> Result<Page<Batch>, StoreError>;

    /// Those that are under way, the earliest first.
    async fn open_batches(&self) -> Result<Vec<Batch>, StoreError>;

    /// The next up to `limit` deliveries; none when it has come to its end. `NotFound` when there is no such batch.
    async fn rest_of_batch(&self, id: BatchId, limit: u32) -> Result<Vec<DeliveryId>, StoreError>;

    /// Passes a delivery by, and counts why. `Stale` when the batch has ended, or has been there.
    async fn pass_by(&self, id: BatchId, delivery: DeliveryId, why: BatchRefusal) -> Result<(), StoreError>;

    /// Ends it; `false` when it has ended.
    async fn end_batch(&self, id: BatchId, end: BatchEnd) -> Result<bool, StoreError>;
}
