//! What durable state promises. State and queue are one store: a delivery is enqueued in the transaction of
//! the fact that caused it. Every write is durable (fsynced) when its method returns, and conditional on
//! what it was read under. How a database keeps the promises is the adapters' business; the promises are
//! also tests (feature `conformance`).

mod acts; // what people do about deliveries
mod batches; // one act on many deliveries
mod callbacks; // answers that targets give
mod commits; // how writes fare
mod configuration; // connections and flows
mod connectors; // installed revisions
mod contents; // bytes under their digest
mod deliveries; // work that waits, and who is doing it
mod error; // what can go wrong, and who can act on it
mod feeds; // polls, and the items that they find
mod journal; // what must happen once
mod numbers; // numbers that are handed out once
mod pauses; // connections at which nothing begins
mod publications; // files that were published
mod retention; // what is given up in time
mod runs; // submissions and what became of them
mod schedules; // what happens again and again
mod secrets; // sealed values, and sign-ins that failed
mod tokens; // who may ask

use std::fmt;

use async_trait::async_trait;
use tokio::sync::watch;

pub use acts::{Acts, NewAct};
pub use batches::{Batch, Batches};
pub use callbacks::{Answer, Arrived, Callbacks, Resumption};
pub use commits::{COMMIT_SECONDS, COMMIT_SIZES, Commits};
pub use configuration::{Configuration, StoredConnection, StoredFlow};
pub use connectors::Connectors;
pub use contents::{Content, ContentReader, ContentWriter, Contents};
pub use deliveries::{
    Backlog, Claim, Claimed, Claiming, Deliveries, DeliveryFilter, Follow, ListedDelivery, MAX_BACKLOG, Rooms,
    Settlement,
};
pub use error::StoreError;
pub use feeds::{ClaimedPoll, DuePoll, Feeds, NewItem, NewPage, PollSettlement};
pub use journal::{ClosedIntent, Journal, JournalEntry, NewIntent, NotedIntent};
pub use numbers::{Numbers, Reservation, Reserved};
pub use pauses::Pauses;
pub use publications::{NewPublication, Publication, PublicationState, Publications, PublishedName};
pub use retention::{Aged, Expired, Expiring, Retention};
pub use runs::{Accepted, DeliveryDetail, NewRun, Page, PageRequest, RunDetail, RunFilter, Runs};
pub use schedules::{Firing, NewTick, NewTurn, Schedules, StoredSchedule};
pub use secrets::{MAX_SIGN_IN_FAILURES, SealedSecret, SecretOrigin, Secrets};
pub use tokens::{Revocation, Tokens};

#[cfg(feature = "conformance")]
pub mod conformance;

/// Everything that a host keeps. Cheap to share: `Arc<dyn Store>`.
#[async_trait]
pub trait Store:
    Acts
    + Batches
    + Callbacks
    + Configuration
    + Connectors
    + Contents
    + Deliveries
    + Feeds
    + Journal
    + Numbers
    + Pauses
    + Publications
    + Retention
    + Runs
    + Schedules
    + Secrets
    + Tokens
    + fmt::Debug
    + Send
    + Sync
{
    /// Whether the store can take a write now.
    async fn health(&self) -> Result<(), StoreError>;

    /// What has been committed since the store was opened.
    fn commits(&self) -> Commits;

    /// Changes whenever a delivery may have become due other than by time passing. Subscribe before you look;
    /// keep a slow poll beside it.
    fn wakeups(&self) -> watch::Receiver<u64>;

    /// Finishes what is under way and lets go of the database. Everything afterwards fails.
    async fn close(&self);
}
