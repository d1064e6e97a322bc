//! The simulated WorkZone as a program: serves until it is ended, or talks to one that serves.

use anyhow::Context;
use clap::{Parser, Subcommand};
use serde_json::json;
use sluse_tests::{
    simulated::program,
    workzone::{
        BasicAccount, ClockMode, CustomField, CustomTable, DirectoryUser, FieldKind, Settings, SimulatedWorkZone,
    },
};

#[derive(Parser)]
#[command(about = "A simulated KMD WorkZone for tests and the demo")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve on 127.0.0.1; print one JSON line with the URLs when ready.
    Serve(Box<Serve>),
    /// Print the ledger of committed effects.
    Ledger {
        /// Origin, such as http://127.0.0.1:8080.
        url: String,
    },
    /// Print the request log.
    Requests {
        /// Origin, such as http://127.0.0.1:8080.
        url: String,
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
    /// The client that may fetch tokens.
    #[arg(long)]
    client_id: Option<String>,
    /// Its secret.
    #[arg(long)]
    client_secret: Option<String>,
    /// Entra tenant.
    #[arg(long)]
    tenant: Option<String>,
    /// Scope that the client asks for.
    #[arg(long)]
    scope: Option<String>,
    /// Life of a token in seconds.
    #[arg(long)]
    token_life_s: Option<u64>,
    /// Serve requests without credentials too.
    #[arg(long)]
    anonymous: bool,
    /// Admit this user with Basic authentication too, as USER:PASSWORD.
    #[arg(long)]
    basic: Option<String>,
    /// Admit this user of a directory with NTLM too, as DOMAIN\USER:PASSWORD.
    #[arg(long)]
    ntlm: Option<String>,
    /// One more custom field, as SET.NAME or SET.NAME:KIND (text, unique, date, decimal, integer).
    #[arg(long)]
    field: Vec<String>,
    /// One more custom table, as NAME:FIELD,FIELD with text fields.
    #[arg(long)]
    table: Vec<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Serve(options) => serve(*options).await,
        Command::Ledger { url } => program::show(&url, "ledger").await,
        Command::Requests { url } => program::show(&url, "requests").await,
        Command::Waiting { url } => program::show(&url, "faults").await,
        Command::Fault { url, json } => program::tell(&url, "faults", json).await,
    }
}

async fn serve(options: Serve) -> anyhow::Result<()> {
    let workzone = SimulatedWorkZone::start(settings(options)?).await?;
    program::announce(&json!({
        "origin": workzone.origin(),
        "base_url_v4": workzone.base_url_v4(),
        "base_url_v3": workzone.base_url_v3(),
        "token_url": workzone.token_url(),
        "control_url": format!("{}/_control/", workzone.origin()),
        "tenant": workzone.settings().tenant,
        "client_id": workzone.settings().client_id,
        "scope": workzone.settings().scope,
    }))
    .await
}

fn settings(options: Serve) -> anyhow::Result<Settings> {
    let mut settings = Settings {
        port: options.port,
        anonymous: options.anonymous,
        clock: ClockMode::RunningFrom(i64::try_from(program::now().as_millis()).unwrap_or(i64::MAX)),
        ..Settings::default()
    };
    settings.client_id = options.client_id.unwrap_or(settings.client_id);
    settings.client_secret = options.client_secret.unwrap_or(settings.client_secret);
    settings.tenant = options.tenant.unwrap_or(settings.tenant);
    settings.scope = options.scope.unwrap_or(settings.scope);
    settings.token_life_s = options.token_life_s.unwrap_or(settings.token_life_s);
    if let Some(pair) = options.basic {
        let (user, password) = pair.split_once(':').context("write `--basic` as USER:PASSWORD")?;
        settings.basic = Some(BasicAccount { user: user.to_owned(), password: password.to_owned(), lock_after: None });
    }
    if let Some(text) = options.ntlm {
        settings.ntlm = Some(directory_user(&text).context("write `--ntlm` as DOMAIN\\USER:PASSWORD")?);
    }
    for field in &options.field {
        settings.custom_fields.push(custom_field(field)?);
    }
    for table in &options.table {
        settings.custom_tables.push(custom_table(table)?);
    }
    Ok(settings)
}

fn directory_user(text: &str) -> Option<DirectoryUser> {
    let (domain, rest) = text.split_once('\\')?;
    let (user, password) = rest.split_once(':')?;
    Some(DirectoryUser { domain: domain.into(), user: user.into(), password: password.into(), lock_after: None })
}

fn custom_field(text: &str) -> anyhow::Result<CustomField> {
    let (place, kind) = text.split_once(':').unwrap_or((text, "text"));
    let (set, name) = place.split_once('.').with_context(|| format!("write `{text}` as SET.NAME or SET.NAME:KIND"))?;
    let kind: FieldKind =
        serde_json::from_value(json!(kind)).with_context(|| format!("`{kind}` is no kind of field"))?;
    Ok(CustomField::new(set, name, kind))
}

fn custom_table(text: &str) -> anyhow::Result<CustomTable> {
    let (name, fields) = text.split_once(':').with_context(|| format!("write `{text}` as NAME:FIELD,FIELD"))?;
    let fields = fields.split(',').map(|field| (field.to_owned(), FieldKind::Text)).collect();
    Ok(CustomTable { name: name.to_owned(), fields })
}
