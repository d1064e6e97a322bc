//! The simulated outside API as a program: serves until it is ended, or talks to one that serves.

use anyhow::Context;
use clap::{Parser, Subcommand};
use serde_json::json;
use sluse_tests::{
    external::{Settings, Signing, SimulatedExternalApi},
    simulated::program,
};

#[derive(Parser)]
#[command(about = "A simulated outside API that is triggered and calls back, for tests and the demo")]
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
    /// Print the scripts that wait still.
    Waiting {
        /// Origin, such as http://127.0.0.1:8080.
        url: String,
    },
    /// Plant a script, or a list of them.
    #[command(visible_alias = "fault")]
    Script {
        /// Origin, such as http://127.0.0.1:8080.
        url: String,
        /// The script as JSON.
        json: String,
    },
}

#[derive(clap::Args)]
struct Serve {
    /// Port; 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Do nothing twice that comes under the same Idempotency-Key.
    #[arg(long)]
    deduplicates: bool,
    /// Sign callbacks with this secret, `whsec_` and base64, and judge the signatures of notices by it.
    #[arg(long)]
    signing_secret: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Serve(options) => serve(options).await,
        Command::Ledger { url } => program::show(&url, "ledger").await,
        Command::Waiting { url } => program::show(&url, "scripts").await,
        Command::Script { url, json } => program::tell(&url, "scripts", json).await,
    }
}

async fn serve(options: Serve) -> anyhow::Result<()> {
    let now_unix_s = i64::try_from(program::now().as_secs()).unwrap_or(i64::MAX);
    let signing = options.signing_secret.map(|secret| Signing::new(&secret, now_unix_s)).transpose();
    let settings = Settings {
        port: options.port,
        deduplicates: options.deduplicates,
        signing: signing.context("write `--signing-secret` as base64, with `whsec_` before it or without")?,
    };
    let api = SimulatedExternalApi::start(settings).await?;
    let origin = api.origin();
    program::announce(&json!({ "origin": origin, "control_url": format!("{origin}/_control/") })).await
}
