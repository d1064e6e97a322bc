//! Handing a running host a connector: verified, compiled, described without any grant, and only then active.
//! A call in flight finishes on the revision that it began with.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use sluse_connector::LoadError;
use sluse_model::{Digest, Name, Revision, RevisionStanding, Timestamp};
use sluse_store::StoreError;

use crate::{
    Engine,
    compatibility::{Incompatibility, incompatibilities},
    revisions::{LoadedRevision, RevisionError},
};

/// What became of handing in a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    pub revision: Revision,
    /// The digest that was active before, when this one became active and was not.
    pub replaced: Option<Digest>,
    /// Connections and flows that would not work with it any more. Told, not prevented, when it was not
    /// activated or the caller insisted.
    pub incompatibilities: Vec<Incompatibility>,
}

/// Why a component was not installed, or not activated. The active revision serves on.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InstallError {
    /// It was refused; the reason says what is wrong with it.
    #[error("the component was refused: {0}")]
    Refused(#[from] LoadError),
    /// It is a component of another connector than the one that was named.
    #[error("the component calls itself `{found}`, and not `{expected}`")]
    OtherConnector { expected: Name, found: String },
    /// Its own name cannot be used.
    #[error("the component calls itself `{0}`, which is not a name: use lower-case letters, digits and single dashes")]
    BadName(String),
    /// Connections or flows would not work with it any more.
    #[error("{} of what is configured would not work with revision {}", .found.len(), .digest.short())]
    Incompatible { digest: Digest, found: Vec<Incompatibility> },
    #[error("there is no connector `{0}`")]
    UnknownConnector(Name),
    #[error("connector `{connector}` has no revision {}", .digest.short())]
    UnknownRevision { connector: Name, digest: Digest },
    #[error("connector `{0}` has no earlier revision to go back to")]
    NothingBefore(Name),
    #[error("{0}")]
    NotReady(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<RevisionError> for InstallError {
    fn from(error: RevisionError) -> Self {
        match error {
            RevisionError::Store(error) => Self::Store(error),
            RevisionError::NotLoaded { error, .. } => Self::Refused(error),
            RevisionError::Gone(_) => Self::NotReady(error.to_string()),
        }
    }
}

/// How a component is handed in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstallOptions {
    /// The connector that it must be, when the caller named one.
    pub expected: Option<Name>,
    /// Whether it becomes active at once.
    pub activate: bool,
    /// Activate although configured connections or flows would not work with it.
    pub force: bool,
}

impl Engine {
    /// Installs a component, and activates it when asked to. Whatever fails leaves the active revision as it is.
    pub async fn install(&self, component: Bytes, options: InstallOptions) -> Result<Installed, InstallError> {
        let loaded = self.revisions.load(component.clone()).await?;
        let connector = connector_name(&loaded, options.expected.as_ref())?;
        let incompatibilities = self.incompatible(&connector, &loaded).await?;
        let digest = loaded.connector.digest();
        if options.activate && !options.force && !incompatibilities.is_empty() {
            return Err(InstallError::Incompatible { digest, found: incompatibilities });
        }
        self.keep_component(component, &digest).await?;
        let revision = Revision {
            connector: connector.clone(),
            digest,
            size_bytes: self.store.content_size(&digest).await?.unwrap_or(0),
            description: loaded.connector.description().clone(),
            installed_at: self.clock.now(),
            standing: RevisionStanding::Installed,
        };
        self.store.install(revision).await?;
        let replaced = if options.activate { self.make_active(&connector, loaded).await? } else { None };
        let revision =
            self.store.revision(&digest).await?.ok_or(InstallError::UnknownRevision { connector, digest })?;
        tracing::info!(
            connector = %revision.connector, version = revision.description.version, revision = %digest.short(),
            "connector {} {} is installed as revision {}",
            revision.connector, revision.description.version, digest.short(),
        );
        Ok(Installed { revision, replaced, incompatibilities })
    }

    /// Makes an installed revision the active one.
    pub async fn activate(&self, connector: &Name, digest: &Digest, force: bool) -> Result<Installed, InstallError> {
        let unknown = || InstallError::UnknownRevision { connector: connector.clone(), digest: *digest };
        let revision = self.store.revision(digest).await?.filter(|revision| revision.connector == *connector);
        revision.ok_or_else(unknown)?;
        let loaded = self.revisions.get(digest).await?;
        let incompatibilities = self.incompatible(connector, &loaded).await?;
        if !force && !incompatibilities.is_empty() {
            return Err(InstallError::Incompatible { digest: *digest, found: incompatibilities });
        }
        let replaced = self.make_active(connector, loaded).await?;
        let revision = self.store.revision(digest).await?.ok_or_else(unknown)?;
        Ok(Installed { revision, replaced, incompatibilities })
    }

    /// Goes back to the revision that was active before the present one.
    pub async fn roll_back(&self, connector: &Name, force: bool) -> Result<Installed, InstallError> {
        let mut revisions = self.store.revisions().await?;
        revisions.retain(|revision| revision.connector == *connector);
        if revisions.is_empty() {
            return Err(InstallError::UnknownConnector(connector.clone()));
        }
        let before = revisions
            .into_iter()
            .filter_map(|revision| match revision.standing {
                RevisionStanding::Retired { since } => Some((since, revision.digest)),
                _ => None,
            })
            .max_by_key(|(since, _)| *since);
        let (_, digest) = before.ok_or_else(|| InstallError::NothingBefore(connector.clone()))?;
        self.activate(connector, &digest, force).await
    }

    async fn make_active(&self, connector: &Name, loaded: Arc<LoadedRevision>) -> Result<Option<Digest>, InstallError> {
        let digest = loaded.connector.digest();
        // Known before it is active, so that the first attempt on it need not wait.
        self.revisions.keep(loaded);
        let before = self.store.activate(connector, &digest, self.clock.now()).await?;
        tracing::info!(
            %connector, revision = %digest.short(),
            "revision {} of connector {connector} is active", digest.short(),
        );
        self.forget_unused().await?;
        Ok(before.filter(|before| *before != digest))
    }

    /// Lets go of revisions that nobody will ask for: neither active nor the one to go back to.
    async fn forget_unused(&self) -> Result<(), StoreError> {
        let revisions = self.store.revisions().await?;
        let mut latest: BTreeMap<&Name, (Timestamp, Digest)> = BTreeMap::new();
        let mut wanted = Vec::new();
        for Revision { connector, digest, standing, .. } in &revisions {
            match standing {
                RevisionStanding::Active { .. } => wanted.push(*digest),
                RevisionStanding::Retired { since } => {
                    let retired = latest.entry(connector).or_insert((*since, *digest));
                    *retired = (*retired).max((*since, *digest));
                }
                RevisionStanding::Installed => {}
            }
        }
        wanted.extend(latest.into_values().map(|(_, digest)| digest));
        self.revisions.retain(&wanted);
        Ok(())
    }

    async fn incompatible(
        &self,
        connector: &Name,
        loaded: &LoadedRevision,
    ) -> Result<Vec<Incompatibility>, StoreError> {
        let connections: Vec<_> = self
            .store
            .connections()
            .await?
            .into_iter()
            .map(|stored| stored.connection)
            .filter(|connection| connection.connector == *connector)
            .collect();
        let flows: Vec<_> = self.store.flows().await?.into_iter().map(|stored| stored.flow).collect();
        let schedules: Vec<_> = self.store.schedules().await?.into_iter().map(|stored| stored.schedule).collect();
        Ok(incompatibilities(loaded.connector.description(), &connections, &flows, &schedules))
    }

    async fn keep_component(&self, component: Bytes, digest: &Digest) -> Result<(), StoreError> {
        if self.store.content_size(digest).await?.is_some() {
            return Ok(());
        }
        let mut writer = self.store.write_content().await?;
        writer.write(component).await?;
        writer.finish().await?;
        Ok(())
    }
}

fn connector_name(loaded: &LoadedRevision, expected: Option<&Name>) -> Result<Name, InstallError> {
    let found = &loaded.connector.description().name;
    let name: Name = found.parse().map_err(|_| InstallError::BadName(found.clone()))?;
    match expected {
        Some(expected) if *expected != name => {
            Err(InstallError::OtherConnector { expected: expected.clone(), found: found.clone() })
        }
        _ => Ok(name),
    }
}
