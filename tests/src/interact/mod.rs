//! A simulated WorkZone Interact: submitted forms wait, are fetched with their files, and are told what became of them.
//! Client certificates are optional. The ledger says what each submission was told. README.md beside this file lists
//! routes, faults and shapes; all of them are assumptions, the defaults of `connectors/interact`.

mod certificates; // who may come in
mod control; // routes for tests
mod forms; // what a submission consists of
mod ledger; // what was really done
mod server; // the way of a request
mod state; // what it has
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::simulated::{self, Planted};

pub use certificates::{Certificates, ClientCertificate};
pub use forms::{Shape, Submission};
pub use ledger::{Ledger, SubmissionEntry};

/// What differs between installations of Interact.
#[derive(Debug, Default)]
pub struct Settings {
    /// Port; 0 lets the system choose.
    pub port: u16,
    /// Lets in whoever has one of these client certificates, over TLS; without it everybody, in clear.
    pub certificates: Option<Certificates>,
}

/// A running simulation on loopback; it and its connections end when it is dropped.
#[derive(Debug)]
pub struct SimulatedInteract {
    shared: Arc<state::Shared>,
    origin: String,
    control: SocketAddr,
    accepting: Vec<JoinHandle<()>>,
}

impl SimulatedInteract {
    /// Starts a service to which nothing was submitted yet. Fails when the port is taken.
    pub async fn start(settings: Settings) -> anyhow::Result<SimulatedInteract> {
        let shared = Arc::new(state::Shared::default());
        let answering = shared.clone();
        let answer = move |_: u64, request| server::answer(answering.clone(), request);
        let listener = simulated::listen(settings.port).await?;
        let address = listener.local_addr()?;
        let Some(certificates) = settings.certificates else {
            let accepting = vec![tokio::spawn(simulated::serve(listener, answer))];
            return Ok(SimulatedInteract { shared, origin: format!("http://{address}"), control: address, accepting });
        };
        let control = simulated::listen(0).await?;
        let control_address = control.local_addr()?;
        let acceptor = certificates.acceptor();
        let accepting = vec![
            tokio::spawn(simulated::serve_tls(listener, acceptor, answer.clone())),
            tokio::spawn(simulated::serve(control, answer)),
        ];
        // The name that the server's certificate has.
        let origin = format!("https://localhost:{}", address.port());
        Ok(SimulatedInteract { shared, origin, control: control_address, accepting })
    }

    /// `http://127.0.0.1:PORT`, or `https://localhost:PORT` with certificates.
    pub fn origin(&self) -> String {
        self.origin.clone()
    }

    /// `http://127.0.0.1:PORT`, for the control routes; whoever comes in here needs no certificate.
    pub fn control_origin(&self) -> String {
        format!("http://{}", self.control)
    }

    /// Somebody submits a form.
    pub fn submit(&self, submission: Submission) {
        self.shared.state().submit(submission);
    }

    /// What was done so far.
    pub fn ledger(&self) -> Ledger {
        self.shared.state().ledger.clone()
    }

    /// Says what shall happen with the next requests to a route.
    pub fn plant(&self, planted: Planted) {
        self.shared.faults().plant(planted);
    }

    /// A person at Interact gives a submission another status: unblocks it, or imports it by hand.
    pub fn set_status(&self, id: &str, status: &str) {
        self.shared.state().set_status(id, status);
    }
}

impl Drop for SimulatedInteract {
    fn drop(&mut self) {
        self.accepting.iter().for_each(JoinHandle::abort);
    }
}
