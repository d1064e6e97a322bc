//! The two that are compared: each takes submissions over HTTP, and says when each was recorded.

use async_trait::async_trait;

/// Takes submissions, sends one request for each, and records what came of it.
#[async_trait]
pub(crate) trait Arm: Sync {
    /// Where submissions are posted.
    fn url(&self) -> String;

    /// What comes before `Authorization`, if anything.
    fn token(&self) -> Option<&str>;

    /// How many are recorded.
    async fn recorded(&self) -> anyhow::Result<usize>;

    /// From accepted to recorded, in milliseconds, one for each.
    async fn latencies_ms(&self) -> anyhow::Result<Vec<i64>>;
}
