//! Trying a connection without changing anything at its target.

use std::sync::Arc;

use sluse_connector::{Call, CallLimits, Finding};
use sluse_model::{Name, Problem};
use sluse_store::StoreError;

use crate::{Engine, host::LookHost};

/// What a connection's check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckReport {
    pub findings: Vec<Finding>,
}

impl CheckReport {
    fn failed(subject: &str, message: impl Into<String>) -> Self {
        Self { findings: vec![Finding { subject: subject.into(), passed: false, message: message.into() }] }
    }
}

impl Engine {
    /// Asks the active revision of the connection's connector to try it. `None` when there is no such
    /// connection. Whatever is not a read is refused.
    pub async fn check_connection(self: &Arc<Self>, name: &Name) -> Result<Option<CheckReport>, StoreError> {
        let Some(stored) = self.store.connection(name).await? else { return Ok(None) };
        let connector = &stored.connection.connector;
        let Some(active) = self.store.active(connector).await? else {
            return Ok(Some(CheckReport::failed(
                "connector",
                format!("connector `{connector}` has no active revision"),
            )));
        };
        let revision = match self.revisions.get(&active.digest).await {
            Ok(revision) => revision,
            Err(error) => return Ok(Some(CheckReport::failed("connector", error.to_string()))),
        };
        let connection = match self.connections.get(self, name).await {
            Ok(connection) => connection,
            Err(error) => return Ok(Some(CheckReport::failed("connection", error.to_string()))),
        };
        let now = self.clock.now();
        let call = Call {
            delivery: format!("check-{name}"),
            attempt: 1,
            accepted_at: now,
            attempt_at: now,
            settings: connection.settings(),
        };
        let limits = CallLimits::from(&connection.connection().limits);
        let host = LookHost::of_check(self.clone(), connection);
        let said = match revision.connector.check(call, limits, Box::new(host)).await {
            Ok(Ok(findings)) => CheckReport { findings },
            Ok(Err(failure)) => {
                let Problem { code, message, detail } = failure.problem();
                let detail = detail.as_deref().map(|detail| format!(" ({detail})")).unwrap_or_default();
                CheckReport::failed(code, format!("{message}{detail}"))
            }
            Err(breakage) => CheckReport::failed("connector", breakage.message),
        };
        Ok(Some(said))
    }
}
