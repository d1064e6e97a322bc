//! A simulated KMD WorkZone: OData v3 and v4, tokens, batches, faults on request, and a ledger of committed effects.
//! It is a test tool. README.md beside this file lists routes, names and shapes, and which of them are assumptions.

mod access; // tokens, passwords, OnBehalfOf
mod batch; // $batch
mod batch_json; // its JSON spelling
mod batch_multipart; // its MIME spelling

mod clock; // virtual time
mod control; // routes for tests
mod documents; // bytes of documents
mod entities; // what may be written
mod errors; // refusals in each shape
mod faults; // what shall go wrong
mod filter; // $filter
mod inject; // making it go wrong
mod ledger; // committed effects
mod model; // entity sets and their properties
mod ntlm; // users of a directory
mod odata; // one request against the tables
mod odata_v3; // payloads of v3
mod odata_v4; // payloads of v4
mod query; // query options and pages
mod requests; // who asked what
mod server; // the way of a request
mod settings; // what differs between installations
mod state; // rows, index, transaction
mod target; // paths
#[cfg(test)]
mod tests;
mod values; // property values between wire and table

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::task::JoinHandle;

pub use errors::PLANTED_SECRET;
pub use faults::{Fault, FaultAction, PlantedShape, ScriptedStatus};
pub use ledger::{CaseEntry, DocumentEntry, KeyCounts, Ledger, PartyEntry, TabEntry};
pub use requests::{LoggedAuthorization, LoggedRequest};
pub use settings::{
    BasicAccount, ClockMode, CustomField, CustomTable, DEFAULT_START_UNIX_MS, DirectoryUser, FieldKind, OnBehalfOf,
    Settings, TooLarge,
};

use crate::simulated;

/// A running simulation on loopback; it and its connections end when it is dropped.
#[derive(Debug)]
pub struct SimulatedWorkZone {
    shared: Arc<server::Shared>,
    accepting: JoinHandle<()>,
}

impl SimulatedWorkZone {
    /// Starts an empty installation. Fails when the port is taken.
    pub async fn start(settings: Settings) -> anyhow::Result<SimulatedWorkZone> {
        let listener = simulated::listen(settings.port).await?;
        let shared = Arc::new(server::Shared::new(settings, listener.local_addr()?)?);
        let accepting = tokio::spawn(server::serve(Arc::clone(&shared), listener));
        Ok(SimulatedWorkZone { shared, accepting })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        self.shared.origin()
    }

    /// Root of OData v4, with a slash at its end.
    pub fn base_url_v4(&self) -> String {
        format!("{}/OData4/", self.origin())
    }

    /// Root of OData v3, with a slash at its end.
    pub fn base_url_v3(&self) -> String {
        format!("{}/odata/", self.origin())
    }

    /// Where tokens are fetched.
    pub fn token_url(&self) -> String {
        self.shared.token_url()
    }

    /// What this installation is like.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Committed effects now.
    pub fn ledger(&self) -> Ledger {
        control::ledger_of(&self.shared)
    }

    /// Requests so far, oldest first.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.shared.log().entries().to_vec()
    }

    /// Tokens given out so far.
    pub fn tokens_given(&self) -> u64 {
        self.shared.access().given()
    }

    /// How often the password of the directory's user was put to the test so far.
    pub fn passwords_proved(&self) -> u64 {
        self.shared.access().proofs.all
    }

    /// Forgets who is signed in with NTLM on which connection; the connections stay.
    pub fn forget_sign_ins(&self) {
        self.shared.forget_users();
    }

    /// Makes all tokens invalid at once.
    pub fn revoke_tokens(&self) {
        self.shared.access().revoke();
    }

    /// Plants a fault.
    pub fn fault(&self, fault: Fault) {
        self.shared.faults().plant(fault);
    }

    /// Faults that no request has met yet.
    pub fn waiting_faults(&self) -> Vec<Fault> {
        self.shared.faults().waiting()
    }

    /// Moves the clock forward.
    pub fn advance_clock_ms(&self, by_ms: i64) {
        self.shared.clock.advance_ms(by_ms);
    }

    /// The simulator's time in milliseconds since 1970.
    pub fn now_unix_ms(&self) -> i64 {
        self.shared.clock.now_unix_ms()
    }

    /// Puts a row in without credentials and without the Unique check; gives its `ID`.
    /// Fails when the set or a property does not exist.
    pub fn seed(&self, set: &str, row: Map<String, Value>) -> anyhow::Result<String> {
        control::seed(&self.shared, set, row).map_err(anyhow::Error::msg)
    }

    /// Rows of a set as stored, each with its `ID`. Fails when the set does not exist.
    pub fn rows(&self, set: &str) -> anyhow::Result<Vec<Value>> {
        control::rows_of(&self.shared, set).map_err(anyhow::Error::msg)
    }

    /// Empties tables, tokens, faults and log.
    pub fn reset(&self) {
        self.shared.reset();
    }
}

impl Drop for SimulatedWorkZone {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
