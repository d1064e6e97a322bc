//! Connectors that loop, trap, take all memory or shout, through the whole host: each delivery ends as it should,
//! and the next one of another connector is done.

use std::io::Write;

use serde_json::{Value, json};
use sluse_tests::host::{Host, HostOptions};

use crate::{guest::Guest, site::settled};

const FOREVER: &str = "(loop $again (br $again)) unreachable";
const GLUTTON: &str = "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";

/// A failure `invalid` at 4096 whose texts are 100,000 escape characters each.
const SHOUTER: &str = "(memory.fill (i32.const 65536) (i32.const 27) (i32.const 100000))
    (i32.store (i32.const 4096) (i32.const 1))
    (i32.store (i32.const 4112) (i32.const 65536)) (i32.store (i32.const 4116) (i32.const 100000))
    (i32.store (i32.const 4120) (i32.const 65536)) (i32.store (i32.const 4124) (i32.const 100000))
    (i32.const 4096)";

async fn host() -> anyhow::Result<Host> {
    Host::start(HostOptions::default()).await
}

/// Installs the guest, with a flow of its name that has one step.
async fn install(host: &Host, guest: &Guest) -> anyhow::Result<()> {
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(&guest.component())?;
    host.done(&["connector", "install", file.path().to_str().expect("text")], None).await?;
    let text = r#"
[[connection]]
name = "NAME"
connector = "NAME"
limits = { cpu_ms = 300 }
[[flow]]
name = "NAME"
schema = '{"type": "object"}'
[[flow.step]]
name = "run"
connection = "NAME"
operation = "run"
input = {}
"#
    .replace("NAME", &guest.name);
    host.apply(&text).await
}

async fn submit(host: &Host, flow: &str) -> anyhow::Result<String> {
    let submitted = host.post(&format!("/v1/flows/{flow}/runs"), &json!({})).await?;
    anyhow::ensure!(submitted.status == 202, "not accepted: {}", submitted.text());
    Ok(submitted.json()?["run"].as_str().unwrap_or("").to_owned())
}

/// The one delivery of a run that has settled.
async fn delivery(host: &Host, run: &str) -> anyhow::Result<Value> {
    let run = settled(host, run).await?;
    let id = run["deliveries"][0]["id"].as_str().unwrap_or("").to_owned();
    host.get(&format!("/v1/deliveries/{id}")).await
}

/// Delivers to `guest`, expects that a person has to look for this reason and code, and delivers to another one.
async fn ends(mut guest: Guest, body: &str, reason: &str, code: &str) -> anyhow::Result<Value> {
    guest.execute = body.into();
    let host = host().await?;
    install(&host, &guest).await?;
    install(&host, &Guest::named("quiet")).await?;
    let (bad, good) = (submit(&host, &guest.name).await?, submit(&host, "quiet").await?);
    let found = delivery(&host, &bad).await?;
    let text = found.to_string();
    assert!(text.contains(&format!("\"{reason}\"")) && text.contains(&format!("\"{code}\"")), "{found:#}");
    assert_eq!(settled(&host, &bad).await?["state"], "attention");
    assert_eq!(settled(&host, &good).await?["state"], "succeeded", "beside it");
    let next = submit(&host, "quiet").await?;
    assert_eq!(settled(&host, &next).await?["state"], "succeeded", "after it");
    host.stop().await?;
    Ok(found)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_loops_ends_at_its_processor_time() -> anyhow::Result<()> {
    let found = ends(Guest::named("spinner"), FOREVER, "connector-broken", "cpu-exceeded").await?;
    assert!(found.to_string().contains("limits.cpu_ms"), "{found:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_traps_ends_its_own_delivery_only() -> anyhow::Result<()> {
    ends(Guest::named("faulty"), "unreachable", "connector-broken", "connector-trapped").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_takes_all_memory_ends_at_its_limit() -> anyhow::Result<()> {
    let found = ends(Guest::named("glutton"), GLUTTON, "connector-broken", "memory-exceeded").await?;
    assert!(found.to_string().contains("limits.memory_bytes"), "{found:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_connector_shouts_is_kept_short_and_escaped() -> anyhow::Result<()> {
    let mut guest = Guest::named("shouter");
    guest.memory = "4".into();
    let found = ends(guest, SHOUTER, "invalid", &"-".repeat(64)).await?.to_string();
    assert!(found.len() < 20_000, "{} bytes", found.len());
    // JSON would write the character itself with one backslash; this is its escape as text.
    assert!(found.contains(r"\\u{1b}") && !found.contains(r"\u001b"), "{found}");
    Ok(())
}
