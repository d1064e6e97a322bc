//! A simulated consumer of a folder, as SD Løn and Prisme import files: it takes what fits its pattern at any moment, as
//! quickly as it can, says what is wrong with it, lays receipts, and keeps a ledger of what it really took. README.md
//! beside this file lists manners, rules and routes.

mod control; // routes for tests
mod ledger; // what was really taken
mod prisme; // what Prisme says of a file
mod receipt; // what Prisme lays back
mod sd; // what SD Løn says of a file
mod server; // the way of a request
mod share; // the folder, and what may become of it
mod state; // what it has
mod taking; // the loop that takes files
#[cfg(test)]
mod tests;
mod verdict; // what is said of a file

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use crate::simulated;

pub use ledger::{FileEntry, KeyEntry, Ledger};
pub use receipt::Refusal;
pub use share::Share;

/// Whose files they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manner {
    /// A header, and records of 55 characters in ISO 8859-1.
    Sd,
    /// G68 and G69 in UTF-8, and receipts.
    Prisme,
}

/// What differs between consumers.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Port of the control routes; 0 lets the system choose.
    pub port: u16,
    /// The folder that it imports from.
    pub folder: PathBuf,
    /// Whose files they are.
    pub manner: Manner,
    /// Where it lays receipts, when it does.
    pub receipts: Option<PathBuf>,
    /// Payments to CPR numbers that fail modulus 11 are refused, as programs from before 2007 do.
    pub refuses_odd_cpr: bool,
}

impl Settings {
    /// A consumer of a folder that lays no receipts.
    #[must_use]
    pub fn new(manner: Manner, folder: impl Into<PathBuf>) -> Self {
        Self { port: 0, folder: folder.into(), manner, receipts: None, refuses_odd_cpr: false }
    }
}

/// A running consumer; it ends when it is dropped.
#[derive(Debug)]
pub struct SimulatedFolder {
    shared: Arc<state::Shared>,
    origin: String,
    accepting: JoinHandle<()>,
}

impl SimulatedFolder {
    /// Starts a consumer that takes files at once. Fails when the port is taken.
    pub async fn start(settings: Settings) -> anyhow::Result<SimulatedFolder> {
        let listener = simulated::listen(settings.port).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(state::Shared::new(settings));
        let answering = shared.clone();
        let answer = move |_: u64, request| server::answer(answering.clone(), request);
        let accepting = tokio::spawn(simulated::serve(listener, answer));
        let taking = shared.clone();
        std::thread::spawn(move || taking::until_stopped(&taking));
        Ok(SimulatedFolder { shared, origin, accepting })
    }

    /// `http://127.0.0.1:PORT`, where the control routes are.
    pub fn origin(&self) -> String {
        self.origin.clone()
    }

    /// What was taken so far.
    pub fn ledger(&self) -> Ledger {
        self.shared.ledger().clone()
    }

    /// The bytes of a file, as they were when it was taken last.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        self.shared.latest().get(name).cloned()
    }

    /// Whether it takes files, or leaves them where they are.
    pub fn takes(&self, takes: bool) {
        self.shared.takes(takes);
    }

    /// Refuses a line of the next file that it fits.
    pub fn refuse(&self, refusal: Refusal) {
        self.shared.refusals().push(refusal);
    }

    /// The folder itself, to be locked or removed.
    pub fn share(&self) -> &Share {
        &self.shared.share
    }
}

impl Drop for SimulatedFolder {
    fn drop(&mut self) {
        self.shared.stop();
        self.accepting.abort();
    }
}
