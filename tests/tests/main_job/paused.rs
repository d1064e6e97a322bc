//! A host that is started to look first: whatever is due, nothing begins before somebody lets it go, and what is handed
//! in meanwhile waits with the rest.

use std::time::Duration;

use anyhow::Context;
use sluse_tests::echo::{CountingTarget, configuration};

use crate::{
    feeds::Office,
    site::settled,
    stopping::{ONE_AT_A_TIME, submit},
};

/// Much longer than what is due waits for its turn, and than it takes until the next poll.
const LOOKED_AT_FOR: Duration = Duration::from_millis(3000);

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_started_paused_asks_nobody_for_anything_until_it_is_let_go() -> anyhow::Result<()> {
    // It does not answer what comes first.
    let target = CountingTarget::start(1).await?;
    let mut office = Office::start().await?;
    office.host.install("echo").await?;
    // What is sent by `put` may be sent again, so that nobody has to look.
    office.host.apply(&(office.configuration() + &configuration(target.url(), "put", ONE_AT_A_TIME))).await?;
    office.until("a poll", |inbox| inbox.ledger().asked > 0).await?;
    let mut runs = vec![submit(&office.host).await?];
    office.until("a request", |_| target.requests() == 1).await?;
    runs.push(submit(&office.host).await?);

    // One was under way, one is in the queue, and a poll is due.
    office.host = office.host.kill().await?.start_paused().await?;
    office.inbox.post("a", None);
    runs.push(submit(&office.host).await?);
    let asked = office.inbox.ledger().asked;
    tokio::time::sleep(LOOKED_AT_FOR).await;
    assert_eq!(target.requests(), 1, "what was sent before the start");
    assert_eq!(office.inbox.ledger().asked, asked, "the inbox is polled");
    for run in &runs {
        let found = office.host.get(&format!("/v1/runs/{run}")).await?;
        let delivery = found["deliveries"][0]["id"].as_str().context("a delivery")?;
        let shown = office.host.sluse_for_people(&["delivery", "show", delivery]).await?.stdout;
        for part in ["held by     paused since", "the host was started paused; let it go with `sluse resume`"] {
            assert!(shown.contains(part), "`{part}` is missing in:\n{shown}");
        }
    }

    office.host.done(&["resume"], None).await?;
    for run in &runs {
        let found = settled(&office.host, run).await?;
        assert_eq!(found["state"], "succeeded", "{found:#}");
    }
    assert_eq!(target.requests(), 1 + 3, "each once after the start");
    office.until("the letter filed", |inbox| inbox.ledger().filed.contains_key("a")).await?;
    Ok(())
}
