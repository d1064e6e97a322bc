//! SD Løn's web services, simulated: mileage by SOAP, employments by GET, sign-in by Basic. It answers faults with 200,
//! may take two minutes, never recognises what comes again, and keeps a ledger of what it really registered. README.md
//! beside this file lists routes, faults and shapes.

mod control; // routes for tests
mod ledger; // what was really registered
mod mileage; // a claim, and what becomes of it
mod people; // who is employed
mod server; // the way of a request
mod soap; // envelopes
mod state; // what it has
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::simulated::{self, Planted};

pub use ledger::{ClaimEntry, Ledger};
pub use people::Employment;
pub use soap::SoapFault;

/// What differs between installations of SD Løn.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Port; 0 lets the system choose.
    pub port: u16,
    /// Who may come in; begins with `SY`.
    pub user: String,
    /// With which password.
    pub password: String,
    /// The one institution that there is.
    pub institution: String,
    /// CPR numbers that fail modulus 11 are refused, as programs from before 2007 do.
    pub refuses_odd_cpr: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: 0,
            user: "SY1234".into(),
            password: "sd-password-1".into(),
            institution: "XA".into(),
            refuses_odd_cpr: false,
        }
    }
}

/// A running simulation on loopback; it and its connections end when it is dropped.
#[derive(Debug)]
pub struct SimulatedSdLoen {
    shared: Arc<state::Shared>,
    origin: String,
    accepting: JoinHandle<()>,
}

impl SimulatedSdLoen {
    /// Starts an SD Løn that employs nobody. Fails when the port is taken.
    pub async fn start(settings: Settings) -> anyhow::Result<SimulatedSdLoen> {
        let listener = simulated::listen(settings.port).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(state::Shared::new(settings));
        let answering = shared.clone();
        let answer = move |_: u64, request| server::answer(answering.clone(), request);
        let accepting = tokio::spawn(simulated::serve(listener, answer));
        Ok(SimulatedSdLoen { shared, origin, accepting })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        self.origin.clone()
    }

    /// Employs somebody.
    pub fn employ(&self, employment: Employment) {
        self.shared.state().employments.push(employment);
    }

    /// What was registered so far.
    pub fn ledger(&self) -> Ledger {
        self.shared.state().ledger.clone()
    }

    /// Says what shall happen with the next requests to a route.
    pub fn plant(&self, planted: Planted) {
        self.shared.faults().plant(planted);
    }

    /// Answers the next claim that it fits with a SOAP fault.
    pub fn answer_with(&self, fault: SoapFault) {
        self.shared.state().soap_faults.push(fault);
    }
}

impl Drop for SimulatedSdLoen {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
