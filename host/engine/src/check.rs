//! Trying a connection without changing anything at its target.

use std::{sync::Arc, time::Duration};

use sluse_connector::{Call, CallLimits, Finding, FolderError};
use sluse_model::{Connection, Digest, FolderGrant, FolderNeed, Name, Problem, PublicationId, Timestamp};
use sluse_store::{PublishedName, StoreError};
use tokio::time::timeout;

use crate::{
    Engine,
    host::{GrantedFolder, LookHost},
};

/// Somebody waits for what a check finds.
const FOLDER_PATIENCE: Duration = Duration::from_secs(10);

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
        let host = LookHost::of_check(self.clone(), connection.clone());
        let mut said = match revision.connector.check(call, limits, Box::new(host)).await {
            Ok(Ok(findings)) => CheckReport { findings },
            Ok(Err(failure)) => {
                let Problem { code, message, detail } = failure.problem();
                let detail = detail.as_deref().map(|detail| format!(" ({detail})")).unwrap_or_default();
                CheckReport::failed(code, format!("{message}{detail}"))
            }
            Err(breakage) => CheckReport::failed("connector", breakage.message),
        };
        said.findings.extend(self.check_folders(connection.connection(), &active.description.folders).await);
        Ok(Some(said))
    }

    /// Whether each folder that was granted does what the connector needs. A connector cannot find that out without
    /// leaving a file for whoever reads there.
    async fn check_folders(&self, connection: &Connection, needs: &[FolderNeed]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (name, grant) in &connection.grant.folders {
            let reads_only = needs.iter().any(|need| need.name == name.as_str() && need.reads_only);
            let tried = self.try_folder(&connection.name, name, grant, reads_only).await;
            let done = if reads_only { "read from" } else { "published into" };
            let message =
                tried.as_ref().map_or_else(ToString::to_string, |()| format!("files can be {done} `{}`", grant.path));
            findings.push(Finding { subject: format!("folder `{name}`"), passed: tried.is_ok(), message });
        }
        findings
    }

    async fn try_folder(
        &self,
        connection: &Name,
        name: &Name,
        grant: &FolderGrant,
        reads_only: bool,
    ) -> Result<(), FolderError> {
        let folder = GrantedFolder::of(self, grant)?;
        // The same for each check, so that one takes away what another one left that was killed.
        let tried = PublishedName { connection: connection.clone(), folder: name.clone(), name: String::new() };
        let id = PublicationId::derived(Timestamp::from_millis(0), &Digest::of(format!("{connection}/{name}")));
        let silence = || FolderError::Unavailable(format!("the folder `{}` does not answer", grant.path));
        let turn = self.publishing.take(&tried).ok_or_else(silence)?;
        let trying = folder
            .ask(Some(turn), move |folder| if reads_only { folder.try_reading(id) } else { folder.try_publishing(id) });
        timeout(FOLDER_PATIENCE, trying).await.unwrap_or_else(|_| Err(silence()))
    }
}
