//! The simulated SD Løn as a program: serves until it is ended, or talks to one that serves.

use clap::{Parser, Subcommand};
use serde_json::json;
use sluse_tests::{
    sdloen::{Settings, SimulatedSdLoen},
    simulated::program,
};

#[derive(Parser)]
#[command(about = "A simulated SD Løn with mileage and employments, for tests and the demo")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve on 127.0.0.1; print one JSON line with the URLs when ready.
    Serve(Serve),
    /// Print the ledger of what was really registered.
    Ledger {
        /// Origin, such as http://127.0.0.1:8080.
        url: String,
    },
    /// Employ somebody, or a list of people.
    Employ {
        /// Origin, such as http://127.0.0.1:8080.
        url: String,
        /// The employment as JSON.
        json: String,
    },
    /// Print the planted faults that nobody ran into yet.
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
    /// Who may come in.
    #[arg(long, default_value = "SY1234")]
    user: String,
    /// With which password.
    #[arg(long, default_value = "sd-password-1")]
    password: String,
    /// The institution.
    #[arg(long, default_value = "XA")]
    institution: String,
    /// Refuse CPR numbers that fail modulus 11.
    #[arg(long)]
    refuses_odd_cpr: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Serve(options) => serve(options).await,
        Command::Ledger { url } => program::show(&url, "ledger").await,
        Command::Employ { url, json } => program::tell(&url, "employments", json).await,
        Command::Waiting { url } => program::show(&url, "faults").await,
        Command::Fault { url, json } => program::tell(&url, "faults", json).await,
    }
}

async fn serve(options: Serve) -> anyhow::Result<()> {
    let Serve { port, user, password, institution, refuses_odd_cpr } = options;
    let sd = SimulatedSdLoen::start(Settings { port, user, password, institution, refuses_odd_cpr }).await?;
    let origin = sd.origin();
    program::announce(&json!({ "origin": origin, "control_url": format!("{origin}/_control/") })).await
}
