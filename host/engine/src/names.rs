//! Names that somebody wrote to look for something, held against those that there are.

use sluse_model::{CALL_FLOW, Name, SETTLE_FLOW};
use sluse_store::StoreError;

use crate::{Engine, mapping::did_you_mean};

/// Nothing has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownName {
    #[error("there is no {what} `{name}`{hint}")]
    Nothing { what: &'static str, name: Name, hint: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// That there is a flow of this name, configured or the host's own.
    pub async fn knows_flow(&self, name: &Name) -> Result<(), UnknownName> {
        if [CALL_FLOW, SETTLE_FLOW].contains(&name.as_str()) {
            return Ok(());
        }
        let flows = self.store.flows().await?.into_iter().map(|stored| stored.flow.name);
        known("flow", name, flows.collect())
    }

    /// That there is a connection of this name.
    pub async fn knows_connection(&self, name: &Name) -> Result<(), UnknownName> {
        let connections = self.store.connections().await?.into_iter().map(|stored| stored.connection.name);
        known("connection", name, connections.collect())
    }
}

fn known(what: &'static str, name: &Name, all: Vec<Name>) -> Result<(), UnknownName> {
    if all.contains(name) {
        return Ok(());
    }
    let hint = did_you_mean(name.as_str(), all.iter().map(Name::as_str));
    Err(UnknownName::Nothing { what, name: name.clone(), hint })
}
