//! The simulated outside API as a program: serves until it is ended, or talks to one that serves.

use std::io::Write;
use std::time::UNIX_EPOCH;

use anyhow::Context;
use clap::{Parser, Subcommand};
use serde_json::json;
use sluse_tests::{
    client,
    external::{Settings, Signing, SimulatedExternalApi},
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
    /// Plant a script, or a list of them.
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
        Command::Ledger { url } => print(&client::control(&url, "GET", "ledger", None).await?),
        Command::Script { url, json } => print(&client::control(&url, "POST", "scripts", Some(json)).await?),
    }
}

async fn serve(options: Serve) -> anyhow::Result<()> {
    let signing = options.signing_secret.map(|secret| Signing::new(&secret, now_unix_s())).transpose();
    let settings = Settings {
        port: options.port,
        deduplicates: options.deduplicates,
        signing: signing.context("write `--signing-secret` as base64, with `whsec_` before it or without")?,
    };
    let api = SimulatedExternalApi::start(settings).await?;
    let origin = api.origin();
    print(&json!({ "origin": origin, "control_url": format!("{origin}/_control/") }))?;
    tokio::signal::ctrl_c().await.context("failed to wait for Ctrl-C")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the clock enters here, once, at the edge of a test tool that stands apart from the host"
)]
fn now_unix_s() -> i64 {
    let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// One line, flushed, so that whoever started us can read it at once.
fn print(value: &serde_json::Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{value}")?;
    Ok(out.flush()?)
}
