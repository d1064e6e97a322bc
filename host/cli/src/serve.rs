//! `sluse serve`: the composition root. Ports meet adapters here and nowhere else.

mod callbacks; // where targets answer
mod tokens; // the first token
mod wiring; // from settings to a running engine

use std::{io::IsTerminal, net::SocketAddr, sync::Arc};

use anyhow::Context;
use serde_json::json;
use sluse_api::{Access, Api, StoreHealth, router};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::{
    arguments::{Global, Serve},
    commands::config::shown,
    failure::Failure,
    output,
    settings::{self, Settings, listen_address},
};

pub(crate) use wiring::sandbox;

/// The hidden subcommand of the child that compiles.
pub(crate) const COMPILE_COMPONENT: &str = "compile-component";

pub(crate) async fn serve(global: &Global, command: Serve) -> Result<(), Failure> {
    let mut settings = in_force(global, command)?;
    start_logging(&settings)?;
    // Before anything is opened: a port in use should not cost a second of work.
    let listener =
        listen(settings.api.listen, "choose another with `--listen`, or with `api.listen` in sluse.toml").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let callbacks = callbacks::listen(&mut settings).await?;
    let wired = wiring::wire(&settings).await?;
    let first_token_file = tokens::first(&wired.engine, &settings.data.folder).await?;
    let sandbox = wired.sandbox.clone();
    let api = Arc::new(Api {
        engine: wired.engine.clone(),
        access: Access::default(),
        concerns: Box::new(move || match sandbox.ticker_alive() {
            true => Vec::new(),
            false => vec!["the sandbox's ticker has stopped; nothing would stop a guest that runs on".into()],
        }),
        store_health: StoreHealth::default(),
        version: env!("CARGO_PKG_VERSION"),
        settings: shown(&settings),
    });
    announce(global, &url, settings.engine.callbacks_url.as_deref(), first_token_file.as_deref())?;
    let stop = CancellationToken::new();
    let serving = tokio::spawn(sluse_api::serve(listener, router(api), settings.api.serve.clone(), stop.clone()));
    let answering = callbacks::serve(callbacks, &wired.engine, &settings, &stop);
    asked_to_stop().await?;
    tracing::info!("stopping");
    stop.cancel();
    serving.await.context("the accept loop ended")?;
    if let Some(answering) = answering {
        answering.await.context("the accept loop of callbacks ended")?;
    }
    for cut_off in wired.engine.stop().await {
        tracing::warn!(delivery = %cut_off.delivery, connection = %cut_off.connection, "{cut_off}");
    }
    wired.engine.store().close().await;
    Ok(())
}

fn in_force(global: &Global, command: Serve) -> Result<Settings, Failure> {
    let mut settings = settings::load(global)?;
    if let Some(listen) = command.listen {
        settings.api.listen = listen_address(&listen)?;
    }
    if let Some(folder) = command.data {
        settings.data.folder = folder;
    }
    settings.engine.starts_paused = command.paused;
    Ok(settings)
}

async fn listen(address: SocketAddr, advice: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("to listen on {address}: {advice}"))
}

fn start_logging(settings: &Settings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.log.filter)
        .with_context(|| format!("`log.level` is `{}`: write `info`, `debug` or `warn`", settings.log.filter))?;
    let logging = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    if settings.log.json {
        logging.json().init();
    } else {
        logging.init();
    }
    Ok(())
}

fn announce(
    global: &Global,
    url: &str,
    callbacks_url: Option<&str>,
    first_token_file: Option<&std::path::Path>,
) -> Result<(), Failure> {
    if global.json {
        output::line(&json!({"url": url, "callbacks_url": callbacks_url, "first_token_file": first_token_file}))?;
        return Ok(());
    }
    output::say(&format!("sluse {} serves at {url}", env!("CARGO_PKG_VERSION")));
    if let Some(callbacks_url) = callbacks_url {
        output::say(&format!("targets answer at {callbacks_url}"));
    }
    if let Some(first_token_file) = first_token_file {
        output::say(&format!("the first token, which allows everything, is in {}", first_token_file.display()));
    }
    Ok(())
}

/// Waits for SIGTERM or Ctrl-C.
async fn asked_to_stop() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(())
}
