//! Claimed and settled as fast as it goes: alone, behind a million of the same connection, and beside a million of
//! another one that lets nothing through.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use sluse_model::{Clock as _, fakes::SimClock};
use sluse_store::{
    Claim, Claimed, Configuration as _, Deliveries as _, Rooms, Store as _,
    conformance::fixtures::{NOW, connection, name, prepare, success},
};
use sluse_store_sqlite::{SqliteSettings, SqliteStore};

use crate::fill::fill;

/// Claimed and settled in one round.
const CLAIMED: u64 = 20_000;

/// Claimed in one transaction, as the dispatcher does.
const AT_ONCE: u32 = 64;

/// Rounds alone; as many with the backlog, of which the median counts.
const ROUNDS: usize = 3;

pub(crate) async fn measure(backlog: u64) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let clock = Arc::new(SimClock::at(NOW));
    let store = Arc::new(SqliteStore::open(SqliteSettings::new(folder.path()), clock.clone())?);
    let prepared = prepare(&*store).await;
    store.apply(vec![connection("dead", "workzone")], Vec::new(), Vec::new(), NOW).await?;
    let (flow, target, dead) = (name("permit"), name("target"), name("dead"));
    let of = (&flow, prepared.flow);
    let everywhere = Rooms::everywhere();
    let but_dead = Rooms { others: u32::MAX, named: HashMap::from([(dead.clone(), 0)]) };

    let mut alone = Vec::new();
    for _ in 0..ROUNDS {
        fill(&store, &clock, of, &target, CLAIMED).await?;
        alone.push(claim_and_settle(&store, &clock, &everywhere).await?);
    }
    let began = Instant::now();
    fill(&store, &clock, of, &dead, backlog).await?;
    println!("claims: {backlog} deliveries accepted in {:.0} s", began.elapsed().as_secs_f64());
    let mut beside = Vec::new();
    for _ in 0..ROUNDS {
        fill(&store, &clock, of, &target, CLAIMED).await?;
        beside.push(claim_and_settle(&store, &clock, &but_dead).await?);
    }
    let mut behind = Vec::new();
    for _ in 0..ROUNDS {
        behind.push(claim_and_settle(&store, &clock, &everywhere).await?);
    }
    let alone = median(alone);
    println!("  alone                                            {alone:>7.0}/s claimed and settled");
    for (what, rates) in [("beside as many that nothing lets through", beside), ("out of as many", behind)] {
        let rate = median(rates);
        println!("  {what:<48} {rate:>7.0}/s, ratio {:.2}", rate / alone);
    }
    store.close().await;
    Ok(())
}

/// How many are claimed and settled in a second.
async fn claim_and_settle(store: &Arc<SqliteStore>, clock: &SimClock, rooms: &Rooms) -> anyhow::Result<f64> {
    let (began, mut done) = (Instant::now(), 0);
    while done < CLAIMED {
        clock.advance(Duration::from_millis(1));
        let now = clock.now();
        let claim = Claim { now, until: now.plus(Duration::from_secs(60)) };
        let claimed = store.claim(claim, AT_ONCE, rooms.clone()).await?;
        anyhow::ensure!(!claimed.is_empty(), "nothing to claim after {done}");
        done += claimed.len() as u64;
        let settling: Vec<_> =
            claimed.into_iter().map(|claimed| tokio::spawn(settle(store.clone(), claimed))).collect();
        for settled in settling {
            settled.await??;
        }
    }
    Ok(done as f64 / began.elapsed().as_secs_f64())
}

async fn settle(store: Arc<SqliteStore>, claimed: Claimed) -> anyhow::Result<()> {
    store.settle(success(&claimed), None).await?;
    Ok(())
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
