//! Applying configuration: read and checked as a whole, then written in one transaction, or not at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use sluse_folders::Place;
use sluse_model::{Connection, Description, Endpoint, Flow, FolderGrant, Name, RevisionStanding, Schedule};
use sluse_store::StoreError;
use sluse_vault::{SecretUse, Standing, VaultError};

use crate::{
    Engine,
    configuration::{
        Catalog, Change, ConfigurationFile, Finding, Parsed, Stored, check, diff, parse, resolve, settle_intervals,
        warnings,
    },
    connections::{ConnectionError, Route},
    counted,
};

/// How configuration is applied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ApplyOptions {
    /// Write nothing; only say what would change.
    pub dry_run: bool,
    /// The caller may write secrets: where the configuration sends them is thereby confirmed, unless that was
    /// withdrawn.
    pub confirm_origins: bool,
}

/// What applying has changed, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub changes: Vec<Change>,
    /// What is written all the same, and is seldom meant.
    pub warnings: Vec<Finding>,
    /// Secrets that may not go where the configuration sends them, until somebody confirms it.
    pub unconfirmed: Vec<SecretUse>,
}

/// Why nothing was applied.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ApplyError {
    /// Every one, by file and line.
    #[error("{}; nothing was applied", counted(.0.len() as u64, "finding", "findings"))]
    Findings(Vec<Finding>),
    #[error(transparent)]
    Vault(VaultError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<VaultError> for ApplyError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Store(error) => Self::Store(error),
            error => Self::Vault(error),
        }
    }
}

impl Engine {
    /// Applies connections, flows and schedules. What is not named stays as it is.
    pub async fn configure(
        self: &Arc<Self>,
        files: &[ConfigurationFile],
        options: ApplyOptions,
    ) -> Result<Applied, ApplyError> {
        let mut parsed = parse(files).map_err(ApplyError::Findings)?;
        let stored = self.stored().await?;
        let warnings = self.check_configuration(&mut parsed, &stored).await?;
        let changes = diff(&stored, &parsed);
        let parts = parsed.into_parts();
        if options.dry_run {
            let uses = self.vault.plan_origins(&parts.0).await?;
            return Ok(Applied { changes, warnings, unconfirmed: unconfirmed(uses) });
        }
        let engine = self.clone();
        let uses = self.to_the_end(async move { engine.write(parts, options).await }).await?;
        for change in &changes {
            tracing::info!("configuration: {change}");
        }
        for warning in &warnings {
            tracing::warn!("configuration: {warning}");
        }
        Ok(Applied { changes, warnings, unconfirmed: unconfirmed(uses) })
    }

    /// Writes what was checked. Gives the secrets that may not go yet where it sends them.
    async fn write(
        &self,
        (connections, flows, schedules): (Vec<Connection>, Vec<Flow>, Vec<Schedule>),
        options: ApplyOptions,
    ) -> Result<Vec<SecretUse>, ApplyError> {
        let uses = self.vault.apply_origins(&connections, options.confirm_origins).await?;
        self.store.apply(connections.clone(), flows, schedules, self.clock.now()).await?;
        self.connections.refresh();
        self.gates.configure(&connections);
        self.flows.refresh();
        self.schedules_changed.notify_one();
        Ok(uses)
    }

    async fn stored(&self) -> Result<Stored, StoreError> {
        let connections = self.store.connections().await?.into_iter().map(|stored| stored.connection).collect();
        let flows = self.store.flows().await?.into_iter().map(|stored| stored.flow).collect();
        let schedules = self.store.schedules().await?.into_iter().map(|stored| stored.schedule).collect();
        Ok(Stored { connections, flows, schedules })
    }

    /// Gives what is seldom meant. Completes what the files leave to the settings of connections.
    async fn check_configuration(&self, parsed: &mut Parsed, stored: &Stored) -> Result<Vec<Finding>, ApplyError> {
        let secrets: BTreeSet<Name> = self.vault.list().await?.into_iter().map(|secret| secret.name).collect();
        let connections: BTreeMap<Name, Connection> =
            stored.connections.iter().map(|connection| (connection.name.clone(), connection.clone())).collect();
        let flows = stored.flows.iter().map(|flow| (flow.name.clone(), flow.clone())).collect();
        let allows_endpoint = |connection: &Connection, name: &Name, endpoint: &Endpoint| {
            Route::build(self, connection, name, endpoint).map_err(|error| match error {
                ConnectionError::Refused { refusal, .. } => refusal.to_string(),
                error => error.to_string(),
            })?;
            sluse_vault::TokenEndpoint::build(&self.egress, connection, name).map_err(|refusal| refusal.to_string())?;
            Ok(())
        };
        let connectors = self.active_descriptions().await?;
        let misplaced = resolve(parsed, &connectors);
        if !misplaced.is_empty() {
            return Err(ApplyError::Findings(misplaced));
        }
        let allows_folder = |folder: &FolderGrant| {
            let found = Place::find(&folder.path, folder.mounted, &self.settings.folders);
            found.map(drop).map_err(|error| error.to_string())
        };
        let catalog = Catalog {
            connectors,
            connections,
            flows,
            secrets,
            allows_endpoint: &allows_endpoint,
            allows_folder: &allows_folder,
            ceiling: self.egress.ceiling().clone(),
        };
        settle_intervals(parsed, &stored.schedules, &catalog);
        let findings = check(parsed, &catalog);
        if findings.is_empty() { Ok(warnings(parsed, &catalog)) } else { Err(ApplyError::Findings(findings)) }
    }

    async fn active_descriptions(&self) -> Result<BTreeMap<Name, Description>, StoreError> {
        let revisions = self.store.revisions().await?;
        let active = revisions
            .into_iter()
            .filter(|revision| matches!(revision.standing, RevisionStanding::Active { .. }))
            .map(|revision| (revision.connector, revision.description));
        Ok(active.collect())
    }
}

fn unconfirmed(uses: Vec<SecretUse>) -> Vec<SecretUse> {
    let is_waiting = |one: &SecretUse| matches!(one.standing, Standing::Unconfirmed | Standing::Withdrawn);
    uses.into_iter().filter(is_waiting).collect()
}
