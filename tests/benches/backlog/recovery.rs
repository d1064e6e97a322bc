//! The real program on a backlog: killed, started again, and how long it takes until it serves, until the target hears
//! from it, and how much memory it has then.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sluse_model::{Timestamp, fakes::SimClock};
use sluse_store::{Configuration as _, Store as _};
use sluse_store_sqlite::{SqliteSettings, SqliteStore};
use sluse_tests::{
    echo::{CountingTarget, configuration},
    host::{Host, HostOptions, resident_bytes},
};

use crate::fill::fill;

/// How long it works on the backlog before it is killed, and afterwards.
const AT_WORK: Duration = Duration::from_secs(5);

pub(crate) async fn measure(backlog: u64) -> anyhow::Result<()> {
    let target = CountingTarget::start(0).await?;
    let host = Host::start(HostOptions { log: "warn".into(), ..HostOptions::default() }).await?;
    host.install("echo").await?;
    host.apply(&configuration(target.url(), "post", "gates = { max_concurrent = 64 }")).await?;
    let ended = host.kill().await?;
    let clock = Arc::new(SimClock::at(Timestamp::from_millis(1_762_000_000_000)));
    let store = Arc::new(SqliteStore::open(SqliteSettings::new(ended.data()), clock.clone())?);
    let name = "send".parse().expect("a name");
    let flow = store.flow(&name).await?.ok_or_else(|| anyhow::anyhow!("the flow is not there"))?;
    fill(&store, &clock, (&name, flow.digest), &"target".parse().expect("a name"), backlog).await?;
    store.close().await;
    drop(store);

    let host = ended.start().await?;
    tokio::time::sleep(AT_WORK).await;
    let ended = host.kill().await?;
    target.forget();
    let began = Instant::now();
    let first = tokio::spawn(heard(target.clone(), began));
    let host = ended.start().await?;
    let serves = began.elapsed();
    let serving_mib = resident_bytes(host.process_id())? >> 20;
    let first = first.await?;
    tokio::time::sleep(AT_WORK).await;
    let (done, working_mib) = (target.requests(), resident_bytes(host.process_id())? >> 20);
    println!("recovery: killed at work on {backlog} deliveries that wait");
    println!("  serves after {} ms, the target hears from it after {} ms", serves.as_millis(), first.as_millis());
    println!("  {:.0} requests/s afterwards", done as f64 / (AT_WORK + first).as_secs_f64());
    println!("  {serving_mib} MiB when it serves, {working_mib} MiB at work");
    host.stop().await?;
    Ok(())
}

/// When the first request came.
async fn heard(target: CountingTarget, began: Instant) -> Duration {
    while target.requests() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    began.elapsed()
}
