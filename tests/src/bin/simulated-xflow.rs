//! The simulated XFlow as a program: serves until it is ended, or talks to one that serves.

use clap::{Parser, Subcommand};
use serde_json::json;
use sluse_tests::{
    simulated::program,
    xflow::{Settings, SimulatedXFlow},
};

#[derive(Parser)]
#[command(about = "A simulated XFlow with deliveries for SD Løn and Prisme, for tests and the demo")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve on 127.0.0.1; print one JSON line with the URLs when ready.
    Serve(Serve),
    /// Print the ledger of what was really done.
    Ledger {
        /// Origin, such as http://127.0.0.1:8080.
        url: String,
    },
    /// Have something to deliver, or a list of it.
    Deliver {
        /// Origin, such as http://127.0.0.1:8080.
        url: String,
        /// The delivery as JSON.
        json: String,
    },
    /// Print the faults that wait still.
    Waiting {
        /// Origin, such as http://127.0.0.1:8080.
        url: String,
    },
    /// Plant a fault, or a list of them.
    Fault {
        /// Origin, such as http://127.0.0.1:8080.
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
    /// The value of the header publicApiToken.
    #[arg(long, default_value = "xflow-token-1")]
    token: String,
    /// Answer 200 to what has worked, instead of 500.
    #[arg(long)]
    honest: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Serve(options) => serve(options).await,
        Command::Ledger { url } => program::show(&url, "ledger").await,
        Command::Deliver { url, json } => program::tell(&url, "deliveries", json).await,
        Command::Waiting { url } => program::show(&url, "faults").await,
        Command::Fault { url, json } => program::tell(&url, "faults", json).await,
    }
}

async fn serve(options: Serve) -> anyhow::Result<()> {
    let Serve { port, token, honest } = options;
    let xflow = SimulatedXFlow::start(Settings { port, token, misleads: !honest }).await?;
    let origin = xflow.origin();
    program::announce(&json!({ "origin": origin, "control_url": format!("{origin}/_control/") })).await
}
