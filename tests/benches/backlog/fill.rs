//! Deliveries that wait, accepted in the way that the host accepts them.

use std::sync::Arc;

use sluse_model::{Clock as _, Digest, Name};
use sluse_store::{
    Accepted, NewRun, Runs as _,
    conformance::fixtures::{first, new_run},
};
use sluse_store_sqlite::SqliteStore;

use sluse_model::fakes::SimClock;

/// Accepted side by side: as many as share a commit.
const CALLERS: u64 = 256;

/// Accepts `count` runs of a flow, each with a first delivery for `connection` that is due.
pub(crate) async fn fill(
    store: &Arc<SqliteStore>,
    clock: &Arc<SimClock>,
    (flow, version): (&Name, Digest),
    connection: &Name,
    count: u64,
) -> anyhow::Result<()> {
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (store, clock) = (store.clone(), clock.clone());
            let (flow, connection) = (flow.clone(), connection.clone());
            tokio::spawn(async move {
                for _ in 0..count / CALLERS + u64::from(caller < count % CALLERS) {
                    accept(&store, run(&clock, &flow, version, &connection)).await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for caller in callers {
        caller.await??;
    }
    Ok(())
}

fn run(clock: &SimClock, flow: &Name, version: Digest, connection: &Name) -> NewRun {
    let now = clock.now();
    let mut run = NewRun { flow: flow.clone(), accepted_at: now, ..new_run(version) };
    run.submission = format!(r#"{{"text":"{}"}}"#, "x".repeat(512));
    first(&mut run).connection = connection.clone();
    first(&mut run).operation = "post".parse().expect("a name");
    first(&mut run).step = "send".parse().expect("a name");
    first(&mut run).input = format!(r#"{{"text":"{}"}}"#, "x".repeat(512));
    first(&mut run).state = sluse_model::DeliveryState::Queued { due: now };
    first(&mut run).accepted_at = now;
    run
}

async fn accept(store: &SqliteStore, run: NewRun) -> anyhow::Result<()> {
    match store.accept(run, None).await? {
        Accepted::New(_) => Ok(()),
        other => anyhow::bail!("not accepted: {other:?}"),
    }
}
