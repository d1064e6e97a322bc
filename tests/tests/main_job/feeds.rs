//! An inbox that is polled: its letters start runs, once each over kills, and it hears what became of them.

use std::{collections::BTreeSet, time::Duration};

use anyhow::Context;
use serde_json::{Value, json};
use sluse_tests::{
    host::{Host, HostOptions},
    inbox::SimulatedInbox,
};

/// A host that polls an inbox.
pub(crate) struct Office {
    pub(crate) host: Host,
    pub(crate) inbox: SimulatedInbox,
}

impl Office {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let inbox = SimulatedInbox::start().await?;
        let host = Host::start(HostOptions::default()).await?;
        host.install("inbox").await?;
        let office = Self { host, inbox };
        office.host.apply(&office.configuration()).await?;
        Ok(office)
    }

    pub(crate) fn configuration(&self) -> String {
        format!(
            r#"
[[connection]]
name = "inbox"
connector = "inbox"
retry = {{ max_attempts = 6, base_ms = 20, cap_ms = 100, floor_ms = 20 }}
grant = {{ cidrs = ["127.0.0.0/8"] }}
[connection.endpoints.default]
url = "{origin}"
allow_plaintext = true
[[flow]]
name = "filing"
schema = true
[[flow.step]]
name = "file"
connection = "inbox"
operation = "file"
input = {{ key = "{{{{ submission.key }}}}", text = "{{{{ submission.text }}}}" }}
[[schedule]]
name = "letters"
every = "1s"
connection = "inbox"
feed = "letters"
flow = "filing"
"#,
            origin = self.inbox.origin()
        )
    }

    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&SimulatedInbox) -> bool) -> anyhow::Result<()> {
        for _ in 0..600 {
            if holds(&self.inbox) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("{what}: it never came to that: {:#?}", self.inbox.ledger())
    }

    async fn runs(&self, flow: &str) -> anyhow::Result<Vec<Value>> {
        let page = self.host.get(&format!("/v1/runs?flow={flow}&limit=500")).await?;
        Ok(page["items"].as_array().context("items")?.clone())
    }
}

/// What an inbox last heard of each envelope.
fn last_heard(inbox: &SimulatedInbox, envelope: &str) -> Vec<(String, String)> {
    let heard = inbox.ledger().heard.get(envelope).and_then(|heard| heard.last().cloned()).unwrap_or_default();
    heard.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_filed_once_and_its_inbox_hears_of_each_change_once() -> anyhow::Result<()> {
    let office = Office::start().await?;
    office.inbox.ledger().refused.insert("b".into());
    for key in ["a", "b", "c"] {
        office.inbox.post(key, Some("monday"));
    }
    let held = |inbox: &SimulatedInbox| last_heard(inbox, "monday").iter().any(|(_, standing)| standing == "held");
    office.until("a letter that is held", held).await?;
    office.until("all three", |inbox| last_heard(inbox, "monday").len() == 3).await?;
    let heard_before = office.inbox.ledger().heard["monday"].len();

    // Somebody mends what was wrong, and the inbox hears of that, once.
    office.inbox.ledger().refused.clear();
    let waiting = office.host.get("/v1/deliveries?state=attention").await?;
    let delivery = waiting["items"][0]["id"].as_str().context("a delivery")?.to_owned();
    office.host.done(&["delivery", "retry", &delivery], None).await?;
    let all_filed =
        |inbox: &SimulatedInbox| last_heard(inbox, "monday").iter().all(|(_, standing)| standing == "succeeded");
    office.until("all of them filed", all_filed).await?;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(office.inbox.ledger().heard["monday"].len(), heard_before + 1);
    assert!(office.inbox.ledger().filed.values().all(|deliveries| deliveries.len() == 1));
    assert_eq!(office.runs("filing").await?.len(), 3);
    told(&office).await
}

/// What people and programs are shown of it.
async fn told(office: &Office) -> anyhow::Result<()> {
    let run = office.runs("filing").await?.remove(0);
    let shown = office.host.get(&format!("/v1/runs/{}", run["id"].as_str().context("an id")?)).await?;
    let origin = &shown["origin"];
    assert_eq!((&origin["schedule"], &origin["item"]["group"]), (&json!("letters"), &json!("monday")), "{shown:#}");
    let schedule = office.host.get("/v1/schedules/letters").await?;
    let ticks = schedule["ticks"]["items"].as_array().context("ticks")?;
    assert!(ticks.iter().any(|tick| tick["found"]["started"].as_u64() > Some(0)), "{schedule:#}");
    let shown = office.host.sluse_for_people(&["schedule", "show", "letters"]).await?;
    assert!(shown.stdout.contains("every 1s  letters of inbox") && shown.stdout.contains("new, "), "{}", shown.stdout);
    let listed = office.host.sluse_for_people(&["schedule", "list"]).await?;
    assert!(listed.stdout.contains("letters of inbox"), "{}", listed.stdout);
    let fired = office.host.done(&["schedule", "fire", "letters"], None).await?;
    assert!(fired["tick"].as_str().is_some_and(|tick| tick.starts_with("tick-")), "{fired:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_killed_while_it_polls_starts_no_letter_twice_and_forgets_none() -> anyhow::Result<()> {
    const ROUNDS: u32 = 8;
    let mut office = Office::start().await?;
    for round in 0..ROUNDS {
        for number in 0..3 {
            office.inbox.post(&format!("{round}-{number}"), None);
        }
        let asked = office.inbox.ledger().asked;
        // Killed a little later each time: while it asks, while it writes, while it files, while it tells.
        office.until("another poll", |inbox| inbox.ledger().asked > asked).await?;
        tokio::time::sleep(Duration::from_millis(u64::from(round) * 4)).await;
        office.host = office.host.kill_and_restart().await?;
    }
    let letters = 3 * ROUNDS as usize;
    let all_heard = |inbox: &SimulatedInbox| {
        let ledger = inbox.ledger();
        let is_filed = |heard: &Vec<_>| {
            heard.iter().any(|standings: &std::collections::BTreeMap<String, String>| {
                standings.values().all(|standing| standing == "succeeded")
            })
        };
        ledger.heard.len() == letters && ledger.heard.values().all(is_filed)
    };
    office.until("every letter filed and heard of", all_heard).await?;
    let ledger = office.inbox.ledger();
    let filed: BTreeSet<_> = ledger.filed.keys().cloned().collect();
    assert_eq!(filed.len(), letters);
    for (key, deliveries) in &ledger.filed {
        assert_eq!(deliveries.len(), 1, "letter {key} started more than one run: {deliveries:?}");
    }
    Ok(())
}
