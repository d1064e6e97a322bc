//! A simulated XFlow: the service behind the script for SD Løn and Prisme, and the part of the public API that moves
//! processes. It answers 500 although it has done what it was asked, as the real one does, and keeps a ledger of what it
//! really did. README.md beside this file lists routes, faults and shapes.

mod control; // routes for tests
mod ledger; // what was really done
mod processes; // processes that are read and moved
mod server; // the way of a request
mod state; // what it has
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::simulated::{self, Planted};

pub use ledger::{DeliveryEntry, DeliveryState, Ledger, ProcessEntry};
pub use state::Delivery;

/// What differs between installations of XFlow.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Port; 0 lets the system choose.
    pub port: u16,
    /// The value of `publicApiToken`.
    pub token: String,
    /// Acknowledging, rejecting and sending back answer 500 also when they have worked.
    pub misleads: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { port: 0, token: "xflow-token-1".into(), misleads: true }
    }
}

/// A running simulation on loopback; it and its connections end when it is dropped.
#[derive(Debug)]
pub struct SimulatedXFlow {
    shared: Arc<state::Shared>,
    origin: String,
    accepting: JoinHandle<()>,
}

impl SimulatedXFlow {
    /// Starts an XFlow that has nothing to deliver. Fails when the port is taken.
    pub async fn start(settings: Settings) -> anyhow::Result<SimulatedXFlow> {
        let listener = simulated::listen(settings.port).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(state::Shared::new(settings));
        let answering = shared.clone();
        let answer = move |_: u64, request| server::answer(answering.clone(), request);
        let accepting = tokio::spawn(simulated::serve(listener, answer));
        Ok(SimulatedXFlow { shared, origin, accepting })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        self.origin.clone()
    }

    /// Has something to deliver.
    pub fn deliver(&self, delivery: Delivery) {
        self.shared.state().deliver(delivery);
    }

    /// What was done so far.
    pub fn ledger(&self) -> Ledger {
        self.shared.state().ledger.clone()
    }

    /// Says what shall happen with the next requests to a route.
    pub fn plant(&self, planted: Planted) {
        self.shared.faults().plant(planted);
    }

    /// Has a new token; the old one is worth nothing any more, for anybody.
    pub fn rotate(&self, token: &str) {
        self.shared.state().token = token.to_owned();
    }
}

impl Drop for SimulatedXFlow {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
