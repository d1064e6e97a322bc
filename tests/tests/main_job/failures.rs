//! Letters that cannot be filed: a case is made of each, once whatever happens to the host, and the inbox hears that they
//! were dealt with. What is done depends on what came before.

use anyhow::Context;
use sluse_tests::inbox::SimulatedInbox;

use crate::feeds::Office;

/// Urgent letters are filed a second time; of those that cannot be filed a case is made.
fn flows() -> &'static str {
    r#"
[[flow]]
name = "filing"
schema = true
[flow.on_failure]
flow = "error-case"
[[flow.step]]
name = "file"
connection = "inbox"
operation = "file"
input = { key = "{{ submission.key }}", text = "{{ submission.text }}" }
[[flow.step]]
name = "again"
when = "{{ submission.key == 'urgent' and steps.file.place is defined }}"
connection = "inbox"
operation = "file"
input = { key = "{{ submission.key }}-again", text = "{{ submission.text }}" }
[[flow]]
name = "error-case"
schema = true
[[flow.step]]
name = "make-case"
connection = "inbox"
operation = "file"
input = { key = "case-{{ submission.submission.key }}", text = "{{ submission.failure.message }}" }
"#
}

/// How often this was filed.
fn filed(inbox: &SimulatedInbox, key: &str) -> usize {
    inbox.ledger().filed.get(key).map_or(0, |deliveries| deliveries.len())
}

fn is_told_succeeded(inbox: &SimulatedInbox, letter: &str) -> bool {
    let heard = inbox.ledger().heard.get(letter).and_then(|heard| heard.last().cloned()).unwrap_or_default();
    heard.values().any(|standing| standing == "succeeded")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_cannot_be_filed_becomes_one_case_over_kills() -> anyhow::Result<()> {
    let mut office = Office::start().await?;
    office.host.apply(flows()).await?;
    let refused: Vec<String> = (0..6).map(|round| format!("refused-{round}")).collect();
    office.inbox.ledger().refused.extend(refused.clone());
    for (round, letter) in refused.iter().enumerate() {
        let asked = office.inbox.ledger().asked;
        office.inbox.post(letter, None);
        // Killed a little later each time: while the letter fails, while its case is made, while that is told.
        office.until("another poll", |inbox| inbox.ledger().asked > asked).await?;
        tokio::time::sleep(std::time::Duration::from_millis(round as u64 * 7)).await;
        office.host = office.host.kill_and_restart().await?;
    }
    let all_told = |inbox: &SimulatedInbox| refused.iter().all(|letter| is_told_succeeded(inbox, letter));
    office.until("what the inbox hears of each", all_told).await?;
    for letter in &refused {
        assert_eq!((filed(&office.inbox, letter), filed(&office.inbox, &format!("case-{letter}"))), (0, 1));
    }
    let waiting = office.host.get("/v1/deliveries?state=attention").await?;
    assert_eq!(waiting["items"].as_array().map(Vec::len), Some(0), "nobody need look twice: {waiting:#}");

    let runs = office.host.get("/v1/runs?flow=filing&limit=1").await?;
    let failed = runs["items"][0].clone();
    let (run, case) = (failed["id"].as_str().context("an id")?, failed["handled_by"].as_str().context("a case")?);
    assert_eq!(failed["state"], "failed");
    let shown = office.host.sluse_for_people(&["run", "show", run]).await?;
    assert!(shown.stdout.contains(&format!("{case} stands for it")), "{}", shown.stdout);
    let shown = office.host.sluse_for_people(&["run", "show", case]).await?;
    assert!(shown.stdout.contains(&format!("stands for {run}")), "{}", shown.stdout);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_carried_out_when_its_condition_holds() -> anyhow::Result<()> {
    let office = Office::start().await?;
    office.host.apply(flows()).await?;
    for letter in ["urgent", "usual"] {
        office.inbox.post(letter, None);
        office.until("what the inbox hears", |inbox| is_told_succeeded(inbox, letter)).await?;
    }
    assert_eq!((filed(&office.inbox, "urgent-again"), filed(&office.inbox, "usual-again")), (1, 0));
    let runs = office.host.get("/v1/runs?flow=filing&limit=1").await?;
    let run = runs["items"][0]["id"].as_str().context("an id")?.to_owned();
    let shown = office.host.sluse_for_people(&["run", "show", &run]).await?;
    assert!(shown.stdout.contains("again: skipped: when {{ submission.key == 'urgent'"), "{}", shown.stdout);
    Ok(())
}
