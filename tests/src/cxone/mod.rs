//! A simulated tenant of NICE CXone as an integration sees it: tokens, discovery, workflows that search and create,
//! cached results, the list of configurations; with faults by script and a ledger of what was really created. README.md
//! beside this file lists routes, scripts and shapes.

mod access; // tokens
mod control; // routes for tests
mod crm; // the records behind the workflows
mod faulty; // what a planted fault answers
mod ledger; // what was really done
mod script; // what shall go wrong
mod server; // the way of a request
mod settings; // what differs between tenants
mod shared; // all that the routes share
#[cfg(test)]
mod tests;
mod workflows; // what an execution does

use std::sync::Arc;

use tokio::task::JoinHandle;

pub use ledger::{Ledger, RecordEntry};
pub use script::{Fault, Script};
pub use settings::{Settings, Tenant, ids};

use crate::simulated;

/// A running simulation on loopback; it and its connections end when it is dropped.
#[derive(Debug)]
pub struct SimulatedCxone {
    shared: Arc<shared::Shared>,
    accepting: JoinHandle<()>,
}

impl SimulatedCxone {
    /// Starts a tenant with the records of `crm`. Fails when the port is taken.
    pub async fn start(settings: Settings) -> anyhow::Result<SimulatedCxone> {
        let listener = simulated::listen(settings.port).await?;
        let shared = Arc::new(shared::Shared::new(settings, listener.local_addr()?));
        let accepting = tokio::spawn(server::serve(Arc::clone(&shared), listener));
        Ok(SimulatedCxone { shared, accepting })
    }

    /// `http://127.0.0.1:PORT`: the API's address, and where tokens and the discovery are.
    pub fn origin(&self) -> String {
        self.shared.origin()
    }

    /// Where tokens are fetched.
    pub fn token_url(&self) -> String {
        format!("{}{}", self.origin(), server::TOKEN_PATH)
    }

    /// Where the tenant's addresses are found.
    pub fn discovery_url(&self) -> String {
        format!("{}{}", self.origin(), server::DISCOVERY_PATH)
    }

    /// What differs between tenants, as it was started.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// What was done so far.
    pub fn ledger(&self) -> Ledger {
        self.shared.ledger().clone()
    }

    /// Says what shall happen with the next requests that it fits.
    pub fn script(&self, script: Script) {
        self.shared.scripts().plant(script);
    }

    /// Changes the tenant, also what was found under way.
    pub fn change(&self, tenant: Tenant) {
        *self.shared.tenant() = tenant;
    }

    /// Forgets everything: records, ledger, scripts, tokens and changes.
    pub fn reset(&self) {
        self.shared.reset();
    }
}

impl Drop for SimulatedCxone {
    fn drop(&mut self) {
        self.accepting.abort();
        self.shared.stop_working();
    }
}
