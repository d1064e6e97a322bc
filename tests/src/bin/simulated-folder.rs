//! The simulated consumer of a folder as a program: serves until it is ended, or talks to one that serves.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use serde_json::json;
use sluse_tests::{
    folder::{Manner, Settings, SimulatedFolder},
    simulated::program,
};

#[derive(Parser)]
#[command(about = "A simulated program that takes files out of a folder, for tests and the demo")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Take files until ended; print one JSON line with the URLs when ready.
    Serve(Serve),
    /// Print the ledger of what was really taken.
    Ledger {
        /// Origin, such as http://127.0.0.1:8080.
        url: String,
    },
    /// Print the planted refusals that no file ran into yet.
    Waiting {
        /// Origin, such as http://127.0.0.1:8080.
        url: String,
    },
    /// Plant the refusal of a line of a file to come, or a list of them.
    Fault {
        /// Origin, such as http://127.0.0.1:8080.
        url: String,
        /// The refusal as JSON.
        json: String,
    },
    /// Lock the folder, remove it, and so on.
    Share {
        /// Origin, such as http://127.0.0.1:8080.
        url: String,
        /// What becomes of it, as a JSON text.
        json: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Whose {
    Sd,
    Prisme,
}

#[derive(clap::Args)]
struct Serve {
    /// The folder to take files from.
    folder: PathBuf,
    /// Whose files they are.
    #[arg(long)]
    manner: Whose,
    /// Where receipts are laid.
    #[arg(long)]
    receipts: Option<PathBuf>,
    /// Refuse payments to CPR numbers that fail modulus 11.
    #[arg(long)]
    refuses_odd_cpr: bool,
    /// Port of the control routes; 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Serve(options) => serve(options).await,
        Command::Ledger { url } => program::show(&url, "ledger").await,
        Command::Waiting { url } => program::show(&url, "faults").await,
        Command::Fault { url, json } => program::tell(&url, "faults", json).await,
        Command::Share { url, json } => program::tell(&url, "share", json).await,
    }
}

async fn serve(options: Serve) -> anyhow::Result<()> {
    let Serve { folder, manner, receipts, refuses_odd_cpr, port } = options;
    let manner = match manner {
        Whose::Sd => Manner::Sd,
        Whose::Prisme => Manner::Prisme,
    };
    let consumer = SimulatedFolder::start(Settings { port, folder, manner, receipts, refuses_odd_cpr }).await?;
    let origin = consumer.origin();
    program::announce(&json!({ "origin": origin, "control_url": format!("{origin}/_control/") })).await
}
