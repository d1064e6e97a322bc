//! A simulated outside API that is triggered as Enate triggers one: it takes actions, calls back by script, takes
//! notices, and keeps a ledger of what it really did. README.md beside this file lists routes, scripts and shapes.

mod callback; // telling the host what came of an action
mod control; // routes for tests
mod ledger; // what was really done
mod script; // what shall happen next
mod server; // the way of a request
mod signing; // Standard Webhooks
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::task::JoinHandle;

pub use ledger::{ActionEntry, CallbackEntry, Ledger, NoticeEntry};
pub use script::{Answer, Callback, Script};
pub use signing::Signing;

use crate::simulated;

/// What differs between outside APIs.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Port; 0 lets the system choose.
    pub port: u16,
    /// Does nothing twice that comes under the same `Idempotency-Key`.
    pub deduplicates: bool,
    /// Signs its callbacks, and says of each notice whether it was signed with the same secret.
    pub signing: Option<Signing>,
}

/// A running simulation on loopback; it, its connections and its callbacks end when it is dropped.
#[derive(Debug)]
pub struct SimulatedExternalApi {
    shared: Arc<server::Shared>,
    accepting: JoinHandle<()>,
}

impl SimulatedExternalApi {
    /// Starts an API that has done nothing yet. Fails when the port is taken.
    pub async fn start(settings: Settings) -> anyhow::Result<SimulatedExternalApi> {
        let listener = simulated::listen(settings.port).await?;
        let shared = Arc::new(server::Shared::new(settings, listener.local_addr()?));
        let accepting = tokio::spawn(server::serve(Arc::clone(&shared), listener));
        Ok(SimulatedExternalApi { shared, accepting })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        self.shared.origin()
    }

    /// What was done so far.
    pub fn ledger(&self) -> Ledger {
        self.shared.ledger().clone()
    }

    /// Says what shall happen with the next triggers that it fits.
    pub fn script(&self, script: Script) {
        self.shared.scripts().plant(script);
    }

    /// Forgets everything: ledger and scripts.
    pub fn reset(&self) {
        self.shared.reset();
    }
}

impl Drop for SimulatedExternalApi {
    fn drop(&mut self) {
        self.accepting.abort();
        self.shared.stop_calling();
    }
}
