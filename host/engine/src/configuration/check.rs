//! What the files say, held against what is installed, stored and allowed.

mod attention; // whose work it is, and who is told
mod connections; // settings, endpoints, signing in, limits
mod flows; // steps, operations, what they read
mod granted; // folders and numbers
mod on_failure; // what is started for a failure
mod policies; // retries and gates that can work
mod schedules; // times that come, feeds that are there
mod shapes; // what a schema says of a place

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use sluse_egress::Ceiling;
use sluse_model::{Connection, Description, Endpoint, Flow, FolderGrant, Name};

use super::{Parsed, finding, finding::Finding};
use crate::mapping::did_you_mean;

/// What is installed, stored and allowed.
pub(crate) struct Catalog<'a> {
    /// What the active revision of each connector says of itself.
    pub(crate) connectors: BTreeMap<Name, Description>,
    /// The connections that are stored.
    pub(crate) connections: BTreeMap<Name, Connection>,
    /// The flows that are stored.
    pub(crate) flows: BTreeMap<Name, Flow>,
    /// The names of the secrets that are stored.
    pub(crate) secrets: BTreeSet<Name>,
    /// Whether the operator's ceiling allows an endpoint of a connection; the error says which rule, and what to write
    /// where.
    pub(crate) allows_endpoint: &'a (dyn Fn(&Connection, &Name, &Endpoint) -> Result<(), String> + Sync),
    /// Whether the operator allows a folder; the error says what to write where.
    pub(crate) allows_folder: &'a (dyn Fn(&FolderGrant) -> Result<(), String> + Sync),
    /// The operator's bounds.
    pub(crate) ceiling: Ceiling,
}

impl fmt::Debug for Catalog<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog")
            .field("connectors", &self.connectors.keys())
            .field("connections", &self.connections.keys())
            .field("flows", &self.flows.keys())
            .field("secrets", &self.secrets)
            .finish_non_exhaustive()
    }
}

/// Every finding, sorted by file (in the order given) and line; none when everything may be applied.
pub(crate) fn check(parsed: &Parsed, catalog: &Catalog<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for connection in &parsed.connections {
        connections::check(connection, catalog, &mut findings);
    }
    for flow in &parsed.flows {
        flows::check(flow, parsed, catalog, &mut findings);
        attention::check(flow, parsed, catalog, &mut findings);
        on_failure::check(flow, parsed, catalog, &mut findings);
        schedules::reserved(flow, &mut findings);
    }
    for schedule in &parsed.schedules {
        schedules::check(schedule, parsed, catalog, &mut findings);
    }
    finding::sort(&mut findings, &parsed.files);
    findings
}

/// The flows as they stand once the files are applied.
fn all_flows<'f>(parsed: &'f Parsed, catalog: &'f Catalog<'_>) -> BTreeMap<&'f Name, &'f Flow> {
    let stored = catalog.flows.values().map(|flow| (&flow.name, flow));
    stored.chain(parsed.flows().map(|flow| (&flow.name, flow))).collect()
}

/// What is said of a flow that is not there.
fn no_flow(name: &Name, flows: &BTreeMap<&Name, &Flow>) -> String {
    let hint = did_you_mean(name.as_str(), flows.keys().map(|known| known.as_str()));
    format!("there is no flow `{name}`{hint}: apply its file, before or together with this one")
}

/// The connection that a step names: of the files, else of the store.
pub(super) fn connection<'c>(name: &Name, parsed: &'c Parsed, catalog: &'c Catalog<'_>) -> Option<&'c Connection> {
    parsed.connections().find(|connection| connection.name == *name).or_else(|| catalog.connections.get(name))
}
