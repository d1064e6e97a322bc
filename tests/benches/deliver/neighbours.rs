//! What one target that hangs costs the others: fifty connections under a steady load, with and without one of them
//! whose target takes half a minute to answer.

use std::{fmt::Write, time::Duration};

use serde_json::json;
use sluse_engine::Submission;
use sluse_model::{Name, RunState};
use sluse_store::{PageRequest, RunFilter};

use crate::{host::HostArm, load::Target};

const CONNECTIONS: usize = 50;
/// For each connection, one each [`PACE`].
const SUBMISSIONS: usize = 100;
const PACE: Duration = Duration::from_millis(100);
/// The one that hangs gets so many times as much: far more than it has places for.
const HANGING_TIMES: usize = 10;
const ROUNDS: usize = 3;

pub(crate) async fn measure() -> anyhow::Result<()> {
    let well = Target::start(Duration::from_millis(5)).await?;
    let hanging = Target::start(Duration::from_secs(30)).await?;
    let mut pairs = Vec::new();
    for _ in 0..ROUNDS {
        let alone = p99_ms(well.url(), well.url(), 1).await?;
        let beside = p99_ms(well.url(), hanging.url(), HANGING_TIMES).await?;
        pairs.push((alone, beside));
    }
    let ratio = |(alone, beside): &(i64, i64)| *beside as f64 / (*alone).max(1) as f64;
    pairs.sort_by(|one, other| ratio(one).total_cmp(&ratio(other)));
    let (alone, beside) = pairs[pairs.len() / 2];
    println!("{CONNECTIONS} connections, {SUBMISSIONS} deliveries each, median of {ROUNDS} pairs");
    println!("  all well         p99 {alone} ms");
    println!("  one of them hangs, p99 of the others {beside} ms");
    println!("  ratio            {:.2}", ratio(&(alone, beside)));
    Ok(())
}

/// The p99 of all connections but the first.
async fn p99_ms(target: &str, first_target: &str, first_times: usize) -> anyhow::Result<i64> {
    let urls = (0..CONNECTIONS).map(|index| if index == 0 { first_target } else { target });
    let host = HostArm::start_with(configuration(urls)).await?;
    let mut tick = tokio::time::interval(PACE / CONNECTIONS as u32);
    for _ in 0..SUBMISSIONS {
        for index in 0..CONNECTIONS {
            tick.tick().await;
            for _ in 0..if index == 0 { first_times } else { 1 } {
                submit(&host, index).await?;
            }
        }
    }
    let mut latencies_ms = Vec::new();
    for index in 1..CONNECTIONS {
        latencies_ms.extend(latencies_of(&host, index).await?);
    }
    host.stop().await;
    latencies_ms.sort_unstable();
    Ok(latencies_ms[(latencies_ms.len() - 1) * 99 / 100])
}

fn name(index: usize) -> anyhow::Result<Name> {
    Ok(format!("target-{index}").parse()?)
}

async fn submit(host: &HostArm, index: usize) -> anyhow::Result<()> {
    let data = json!({"text": "x".repeat(1000)});
    let submission = Submission { flow: name(index)?, data, files: Vec::new(), idempotency_key: None };
    host.engine().submit(submission).await?;
    Ok(())
}

/// From accepted to closed, in milliseconds, once all of a flow's runs are closed.
async fn latencies_of(host: &HostArm, index: usize) -> anyhow::Result<Vec<i64>> {
    loop {
        let filter = RunFilter { flow: Some(name(index)?), state: Some(RunState::Succeeded) };
        let page = host.engine().store().runs(filter, PageRequest { limit: 500, after: None }).await?;
        if page.items.len() == SUBMISSIONS {
            let latency_ms = |run: &sluse_model::Run| {
                run.closed_at.unwrap_or(run.accepted_at).as_millis() - run.accepted_at.as_millis()
            };
            return Ok(page.items.iter().map(latency_ms).collect());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn configuration<'a>(urls: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for (index, url) in urls.enumerate() {
        write!(
            text,
            r#"
[[connection]]
name = "target-{index}"
connector = "echo"
grant = {{ cidrs = ["127.0.0.0/8"] }}
[connection.endpoints.default]
url = "{url}"
allow_plaintext = true
[[flow]]
name = "target-{index}"
schema = true
[[flow.step]]
name = "send"
connection = "target-{index}"
operation = "post"
input = {{ text = "{{{{ submission.text }}}}" }}
"#
        )
        .expect("a text takes everything");
    }
    text
}
