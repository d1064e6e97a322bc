//! A simulated target as a program: it says where it is, serves until it is ended, and its other commands talk to one
//! that serves. Its command line is its own.

use std::io::Write;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::Context;
use serde_json::Value;

use crate::client;

/// Says where the target is, and serves until Ctrl-C.
pub async fn announce(ready: &Value) -> anyhow::Result<()> {
    print(ready)?;
    tokio::signal::ctrl_c().await.context("failed to wait for Ctrl-C")
}

/// Prints what a control route of the simulator at `origin` has to say.
pub async fn show(origin: &str, route: &str) -> anyhow::Result<()> {
    print(&client::control(origin, "GET", route, None).await?)
}

/// Hands JSON to a control route of the simulator at `origin`, and prints what it answers.
pub async fn tell(origin: &str, route: &str, json: String) -> anyhow::Result<()> {
    print(&client::control(origin, "POST", route, Some(json)).await?)
}

/// The time since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the clock enters here, once, at the edge of a test tool that stands apart from the host"
)]
pub fn now() -> Duration {
    std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// One line, flushed, so that whoever started us can read it at once.
fn print(value: &Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{value}")?;
    Ok(out.flush()?)
}
