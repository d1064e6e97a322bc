//! The endpoints of version 1.

mod bulk; // one act on many deliveries
mod configuration; // connections and flows
mod connections; // a connection, tried
mod connectors; // revisions, installed and active
pub(crate) mod deliveries; // work that waits or is done
pub(crate) mod gate; // one that is closed
mod list; // pages of a list
mod runs; // submissions and what became of them
mod schedules; // what happens again and again
mod secrets; // values that nobody sees again
mod settings; // what the host was started with
mod tokens; // who may ask

use crate::Route;

/// Every endpoint of version 1.
pub(crate) fn routes() -> Vec<Route> {
    let mut routes = runs::routes();
    routes.extend(deliveries::routes());
    routes.extend(bulk::routes());
    routes.extend(connectors::routes());
    routes.extend(configuration::routes());
    routes.extend(connections::routes());
    routes.extend(schedules::routes());
    routes.extend(secrets::routes());
    routes.extend(tokens::routes());
    routes.extend(settings::routes());
    routes
}
