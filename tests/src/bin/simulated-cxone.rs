//! The simulated CXone tenant as a program: serves until it is ended, or talks to one that serves.

use clap::{Parser, Subcommand};
use serde_json::json;
use sluse_tests::{
    cxone::{Settings, SimulatedCxone, ids},
    simulated::program,
};

#[derive(Parser)]
#[command(about = "A simulated tenant of NICE CXone, for tests and the demo")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve on 127.0.0.1; print one JSON line with the URLs and ids when ready.
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
    /// Change the tenant; what is left out is as it is usually.
    Tenant {
        /// Origin, such as http://127.0.0.1:8080.
        url: String,
        /// The tenant as JSON.
        json: String,
    },
}

#[derive(clap::Args)]
struct Serve {
    /// Port; 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Life of a token in seconds.
    #[arg(long)]
    token_life_s: Option<u64>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Serve(options) => serve(options).await,
        Command::Ledger { url } => program::show(&url, "ledger").await,
        Command::Waiting { url } => program::show(&url, "scripts").await,
        Command::Script { url, json } => program::tell(&url, "scripts", json).await,
        Command::Tenant { url, json } => program::tell(&url, "tenant", json).await,
    }
}

async fn serve(options: Serve) -> anyhow::Result<()> {
    let mut settings = Settings { port: options.port, ..Settings::default() };
    settings.tenant.token_life_s = options.token_life_s.unwrap_or(settings.tenant.token_life_s);
    let cxone = SimulatedCxone::start(settings).await?;
    let settings = cxone.settings();
    program::announce(&json!({
        "origin": cxone.origin(),
        "token_url": cxone.token_url(),
        "discovery_url": cxone.discovery_url(),
        "control_url": format!("{}/_control/", cxone.origin()),
        "tenant": ids::TENANT,
        "configuration_id": ids::CONFIGURATION,
        "search_workflow_id": ids::SEARCH,
        "create_workflow_id": ids::CREATE,
        "client_id": settings.client_id,
        "client_secret": settings.client_secret,
        "access_key_id": settings.access_key_id,
        "access_key_secret": settings.access_key_secret,
    }))
    .await
}
