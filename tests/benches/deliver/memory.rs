//! The resident set of the real program: idle with one connector, and with deliveries that wait on a slow target.

use std::time::Duration;

use anyhow::Context;
use sluse_tests::host::{Host, HostOptions, resident_bytes};

use crate::{
    ONCE,
    host::{MAX_IN_FLIGHT, configuration},
    load,
};

/// Deliveries that wait.
const WAITING: usize = 1_000;
const SUBMITTERS: usize = 64;

pub(crate) async fn measure() -> anyhow::Result<()> {
    let settings = format!("{}\n[engine]\nmax_in_flight = {MAX_IN_FLIGHT}\n", HostOptions::default().settings);
    let host = Host::start(HostOptions { settings, log: "warn".into(), ..HostOptions::default() }).await?;
    let resident_mib = || resident_bytes(host.process_id()).map(|bytes| bytes >> 20);
    let empty_mib = resident_mib()?;
    host.install("echo").await?;
    let target = load::Target::start(Duration::from_secs(20)).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("bench.toml");
    std::fs::write(&file, configuration(target.url(), ONCE))?;
    host.done(&["apply", file.to_str().context("a path that is no text")?], None).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle_mib = resident_mib()?;
    let url = format!("{}/v1/flows/send/runs", host.url());
    load::submit_all(&url, Some(host.token()), WAITING, SUBMITTERS).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let waiting_mib = resident_mib()?;
    println!("memory of the host: {empty_mib} MiB without a connector, {idle_mib} MiB idle with one");
    println!("  {waiting_mib} MiB with {WAITING} deliveries waiting on a slow target");
    Ok(())
}
