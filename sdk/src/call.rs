//! On whose behalf a connector is called, and when.

use crate::bindings::connector::sluse::connector::types as wire;
use crate::{Failure, json};
use serde::de::DeserializeOwned;

/// One call of the connector.
#[derive(Debug, Clone)]
pub struct Call<S> {
    /// The delivery that this call belongs to. The same on every attempt, so whatever must not happen
    /// twice derives its identity from it.
    pub delivery: String,
    /// The number of this attempt, counted from 1.
    pub attempt: u32,
    /// When the delivery was accepted, in milliseconds since 1970. The same on every attempt.
    pub accepted_at_ms: u64,
    /// When this attempt began, in milliseconds since 1970. Never put it into what must happen once: it
    /// differs between attempts.
    pub attempt_at_ms: u64,
    /// The connection's settings.
    pub settings: S,
}

impl<S: DeserializeOwned> Call<S> {
    pub(crate) fn read(call: wire::Call) -> Result<Self, Failure> {
        Ok(Self {
            settings: json::parse(&call.config, "settings-do-not-fit", "The connection's settings do")?,
            delivery: call.delivery,
            attempt: call.attempt,
            accepted_at_ms: call.accepted_at,
            attempt_at_ms: call.attempt_at,
        })
    }
}
