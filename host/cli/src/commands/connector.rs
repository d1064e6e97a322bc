//! `sluse connector`: build, test, install and swap connectors.

mod build; // a folder becomes a component
mod described; // what a connector says of itself
mod inspect; // what a component is
mod installed; // revisions of the running host
mod members; // what a schema names
mod test; // a connector's cases

use crate::{
    arguments::{Connector, Global},
    client::Host,
    failure::Failure,
};

pub(crate) async fn run(global: &Global, command: Connector) -> Result<(), Failure> {
    match command {
        Connector::Build { folder, toolchain } => build::run(global, &folder, toolchain).await,
        Connector::Inspect { component, of } => inspect::run(global, &component, of.as_deref()).await,
        Connector::Test { folder, component, only } => test::run(global, &folder, component, only.as_deref()).await,
        Connector::Install { component, no_activate, force } => {
            installed::install(global, &Host::of(global)?, &component, !no_activate, force).await
        }
        Connector::Show { connector, of } => {
            installed::show(global, &Host::of(global)?, &connector, of.as_deref()).await
        }
        Connector::List => installed::list(global, &Host::of(global)?).await,
        Connector::Activate { connector, revision, force } => {
            installed::activate(global, &Host::of(global)?, &connector, &revision, force).await
        }
        Connector::Rollback { connector } => installed::roll_back(global, &Host::of(global)?, &connector).await,
    }
}
