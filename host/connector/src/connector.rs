//! What the host asks of a component.

use std::fmt;

use async_trait::async_trait;
use sluse_model::{Description, Digest, ItemReport, Outcome};

use crate::{Arrival, Call, CallLimits, Ended, Host};

/// A revision that is compiled, linked and ready. Every call runs in a fresh instance.
///
/// A call takes its host with it and drops it when it ends, however it ends.
#[async_trait]
pub trait Connector: Send + Sync + fmt::Debug {
    /// The digest of the component's bytes.
    fn digest(&self) -> Digest;

    /// What `describe` said when it was loaded, without any grant.
    fn description(&self) -> &Description;

    /// Does one operation. `input` is JSON text that is valid against the operation's input schema.
    async fn execute(
        &self,
        call: Call,
        operation: &str,
        input: &str,
        limits: CallLimits,
        host: Box<dyn Host>,
    ) -> Ended<Outcome>;

    /// Goes on with a delivery that was waiting, with the state that it left behind.
    #[expect(clippy::too_many_arguments, reason = "they are those of the contract")]
    async fn resume(
        &self,
        call: Call,
        operation: &str,
        input: &str,
        state: &str,
        arrival: Arrival,
        limits: CallLimits,
        host: Box<dyn Host>,
    ) -> Ended<Outcome>;

    /// Tries a connection without changing anything at the target.
    async fn check(&self, call: Call, limits: CallLimits, host: Box<dyn Host>) -> Ended<Vec<Finding>>;

    /// Looks for new items behind the cursor.
    async fn poll(
        &self,
        call: Call,
        feed: &str,
        cursor: Option<&str>,
        limits: CallLimits,
        host: Box<dyn Host>,
    ) -> Ended<FeedPage>;

    /// Tells the source what became of a group of items.
    async fn settle(
        &self,
        call: Call,
        feed: &str,
        group: &str,
        report: Vec<ItemReport>,
        limits: CallLimits,
        host: Box<dyn Host>,
    ) -> Ended<()>;
}

/// One thing that `check` looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub subject: String,
    pub passed: bool,
    pub message: String,
}

/// One thing that a poll found, and that starts one run ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedItem {
    /// Names the item at its source.
    pub key: String,
    pub group: Option<String>,
    pub flow: Option<String>,
    /// JSON text.
    pub input: String,
    /// Ids of attachments that the poll created or kept.
    pub attachments: Vec<String>,
}

/// What one poll found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPage {
    pub items: Vec<FeedItem>,
    pub cursor: Option<String>,
    pub more: bool,
}
