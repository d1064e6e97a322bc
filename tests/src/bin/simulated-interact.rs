//! The simulated WorkZone Interact as a program: serves until it is ended, or talks to one that serves.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use serde_json::json;
use sluse_tests::{
    interact::{Certificates, Settings, SimulatedInteract},
    simulated::program,
};

#[derive(Parser)]
#[command(about = "A simulated WorkZone Interact with submitted forms, for tests and the demo")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve on loopback; print one JSON line with the URLs when ready.
    Serve(Serve),
    /// Print the ledger of what was really done.
    Ledger {
        /// Origin of the control routes, such as http://127.0.0.1:8080.
        url: String,
    },
    /// Submit a form, or a list of them.
    Submit {
        /// Origin of the control routes, such as http://127.0.0.1:8080.
        url: String,
        /// The submission as JSON.
        json: String,
    },
    /// Print the faults that wait still.
    Waiting {
        /// Origin, such as http://127.0.0.1:8080.
        url: String,
    },
    /// Plant a fault, or a list of them.
    Fault {
        /// Origin of the control routes, such as http://127.0.0.1:8080.
        url: String,
        /// The fault as JSON.
        json: String,
    },
}

#[derive(clap::Args)]
struct Serve {
    /// Port; 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Let in over TLS whoever has the client certificate that is written into this folder, beside three that are no
    /// good.
    #[arg(long)]
    certificates: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Serve(options) => serve(options).await,
        Command::Ledger { url } => program::show(&url, "ledger").await,
        Command::Submit { url, json } => program::tell(&url, "submissions", json).await,
        Command::Waiting { url } => program::show(&url, "faults").await,
        Command::Fault { url, json } => program::tell(&url, "faults", json).await,
    }
}

async fn serve(options: Serve) -> anyhow::Result<()> {
    let Serve { port, certificates: folder } = options;
    let certificates = folder.as_ref().map(|_| Certificates::new()).transpose()?;
    let thumbprints = match (&certificates, &folder) {
        (Some(certificates), Some(folder)) => certificates.write(folder)?,
        _ => json!({}),
    };
    let interact = SimulatedInteract::start(Settings { port, certificates }).await?;
    let control_origin = interact.control_origin();
    let ready = json!({
        "origin": interact.origin(),
        "control_origin": control_origin,
        "control_url": format!("{control_origin}/_control/"),
        "thumbprints": thumbprints,
    });
    program::announce(&ready).await
}
