//! An outside API beside WorkZone: what it is triggered with, what it hides, how badly it may answer, and notices that
//! it can trust.

use std::{collections::BTreeMap, io::ErrorKind, net::TcpListener};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use sluse_tests::{
    external::{Settings, Signing, SimulatedExternalApi},
    host::{Host, HostOptions},
};

use crate::site::settled;

/// The secret that notices are signed with; looked for wherever it must not be.
const SIGNING_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Hands an action over, and says so to whoever listens.
const FLOW: &str = r#"
[[flow]]
name = "action"
schema = '{"type": "object", "required": ["reference"]}'
[[flow.step]]
name = "trigger"
connection = "hr"
operation = "trigger"
[flow.step.input]
custom_data = { "Afdeling" = "Børn & Unge" }
[flow.step.input.action]
reference = "{{ submission.reference }}"
title = "Opret medarbejder: Søren Ærø"
guid = "guid-{{ submission.reference }}"
[[flow.step]]
name = "notify"
connection = "hooks"
operation = "notify"
[flow.step.input]
type = "action.done"
timestamp = "2026-01-15T08:00:00Z"
data = { "trin" = "{{ steps.trigger.data['Løntrin'] }}" }
"#;

/// A host with an outside API that answers at once and takes signed notices.
struct Office {
    host: Host,
    api: SimulatedExternalApi,
}

impl Office {
    async fn start() -> anyhow::Result<Self> {
        let signing = Signing::new(SIGNING_SECRET, jiff::Timestamp::now().as_second())?;
        let api = SimulatedExternalApi::start(Settings { signing: Some(signing), ..Settings::default() }).await?;
        let host = Host::start(HostOptions::default()).await?;
        host.done(&["secret", "set", "hooks-key"], Some(SIGNING_SECRET.as_bytes())).await?;
        host.install("external-api").await?;
        let office = Self { host, api };
        office.host.apply(&(office.connections() + FLOW)).await?;
        Ok(office)
    }

    fn connections(&self) -> String {
        format!(
            r#"
[[connection]]
name = "hr"
connector = "external-api"
settings = {{ response_mode = "sync", trigger_path = "/trigger" }}
retry = {{ max_attempts = 4, base_ms = 20, cap_ms = 50 }}
grant = {{ cidrs = ["127.0.0.0/8"] }}
[connection.endpoints.default]
url = "{origin}"
allow_plaintext = true

[[connection]]
name = "hooks"
connector = "external-api"
settings = {{ notify_path = "/hooks" }}
retry = {{ max_attempts = 4, base_ms = 20, cap_ms = 50 }}
grant = {{ cidrs = ["127.0.0.0/8"] }}
[connection.endpoints.default]
url = "{origin}"
allow_plaintext = true
auth = {{ kind = "signature", secret = {{ secret = "hooks-key" }} }}
"#,
            origin = self.api.origin()
        )
    }

    /// The same under other names: failures are closed, and notices go to the owner.
    fn connections_of_the_watched(&self) -> String {
        let strict = self.connections().replace("cap_ms = 50 }", "cap_ms = 50, when_failed = \"close\" }");
        strict.replace("\"hr\"", "\"strict\"").replace("\"hooks\"", "\"owner\"")
    }

    /// Plants what the API does, hands an action in, and gives the run as it settled.
    async fn run(&self, reference: &str, script: Value) -> anyhow::Result<Value> {
        self.api.script(serde_json::from_value(script)?);
        let reply = self.host.post("/v1/flows/action/runs", &json!({ "reference": reference })).await?;
        ensure!(reply.status == 202, "not accepted: {} {}", reply.status, reply.text());
        settled(&self.host, reply.json()?["run"].as_str().unwrap_or_default()).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_is_done_once_and_told_in_a_signed_notice() -> anyhow::Result<()> {
    let office = Office::start().await?;
    let answer = json!({ "kind": "at-once", "success": true, "data": { "Løntrin": "31" } });
    let found = office.run("202234-C", json!({ "answer": answer })).await?;
    assert_eq!(found["state"], "succeeded", "{found:#}");
    let ledger = office.api.ledger();
    let action = &ledger.actions["202234-C"];
    assert_eq!((action.received, action.committed, action.keys.len()), (1, 1, 1));
    assert_eq!(action.last["Action"][0]["dataFields"]["Afdeling"], "Børn & Unge");
    let [(id, notice)] = ledger.notices.iter().collect::<Vec<_>>()[..] else { panic!("{ledger:?}") };
    assert_eq!((notice.received, notice.signed), (1, Some(true)), "{ledger:?}");
    assert_eq!(notice.last["data"], json!({ "trin": "31" }));
    assert!(id.starts_with("del-"), "{id}");
    let log = office.host.stop().await?;
    assert!(!log.contains(SIGNING_SECRET) && !log.contains("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_passes_and_a_hidden_effect_waits_for_a_person() -> anyhow::Result<()> {
    let office = Office::start().await?;
    office.api.script(serde_json::from_value(json!({ "times": 2, "answer": { "kind": "refuse", "status": 503 } }))?);
    let done = json!({ "answer": { "kind": "at-once", "success": true } });
    assert_eq!(office.run("busy", done).await?["deliveries"][0]["state"], "closed");
    let action = office.api.ledger().actions["busy"].clone();
    assert_eq!((action.received, action.committed, action.keys.len()), (3, 1, 1));

    for (reference, answer) in [
        ("hidden", json!({ "kind": "commit-then-status", "status": 500 })),
        ("dropped", json!({ "kind": "drop-after-commit" })),
    ] {
        let found = office.run(reference, json!({ "answer": answer })).await?;
        let reason = found["deliveries"][0]["reason"].as_str();
        assert_eq!((found["state"].as_str(), reason), (Some("attention"), Some("outcome-unknown")), "{found:#}");
        assert_eq!(office.api.ledger().actions[reference].committed, 1, "{reference}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsuccessful_action_shows_its_reason() -> anyhow::Result<()> {
    let office = Office::start().await?;
    let reason = "<p>CPR 251248-4916 er ikke ansat i B&oslash;rn &amp; Unge</p>";
    let found =
        office.run("no", json!({ "answer": { "kind": "at-once", "success": false, "reason": reason } })).await?;
    let delivery = &found["deliveries"][0];
    assert_eq!(
        (found["state"].as_str(), delivery["reason"].as_str()),
        (Some("attention"), Some("rejected")),
        "{found:#}"
    );
    assert!(found.to_string().contains("CPR [personnummer] er ikke ansat i Børn & Unge"), "{found:#}");
    assert!(office.api.ledger().notices.is_empty());
    Ok(())
}

/// Hands an action over to an API that refuses it for good, and has somebody told.
const WATCHED: &str = r#"
[[flow]]
name = "watched"
schema = '{"type": "object", "required": ["reference"]}'
[flow.owner_notice]
flow = "tell-owner"
[[flow.step]]
name = "trigger"
connection = "strict"
operation = "trigger"
[flow.step.input.action]
reference = "{{ submission.reference }}"
title = "Opret medarbejder"
guid = "guid-{{ submission.reference }}"
"#;

const OWNER_FLOW: &str = include_str!("../../../examples/owner-notice/flow.toml");

/// What was told of each delivery, and how often.
fn told(office: &Office) -> BTreeMap<String, u32> {
    let mut told = BTreeMap::new();
    for notice in office.api.ledger().notices.values() {
        let delivery = notice.last["data"]["delivery"].as_str().unwrap_or_default();
        *told.entry(delivery.to_owned()).or_default() += 1;
        assert_eq!((notice.signed, notice.last["type"].as_str()), (Some(true), Some("delivery.failed")));
    }
    told
}

/// Waits until the notices have arrived, one of each of these deliveries, and gives the runs that carried them.
async fn each_is_told_once(office: &Office, failed: &[String]) -> anyhow::Result<Value> {
    let notices = office.host.get("/v1/runs?flow=tell-owner").await?["items"].clone();
    for notice in notices.as_array().into_iter().flatten() {
        let found = settled(&office.host, notice["id"].as_str().unwrap_or_default()).await?;
        assert_eq!(found["state"], "succeeded", "{found:#}");
    }
    assert_eq!(told(office), failed.iter().map(|delivery| (delivery.clone(), 1)).collect());
    Ok(notices)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_is_told_of_each_failure_once_also_over_a_kill() -> anyhow::Result<()> {
    const FAILURES: usize = 20;
    let mut office = Office::start().await?;
    office.host.apply(&(office.connections_of_the_watched() + OWNER_FLOW + WATCHED)).await?;
    let answer = json!({ "kind": "at-once", "success": false, "reason": "Nej." });
    office.api.script(serde_json::from_value(json!({ "times": FAILURES, "answer": answer }))?);
    let mut runs = Vec::new();
    for number in 0..FAILURES {
        let submission = json!({ "reference": format!("F-{number}") });
        let reply = office.host.post("/v1/flows/watched/runs", &submission).await?;
        ensure!(reply.status == 202, "not accepted: {} {}", reply.status, reply.text());
        runs.push(reply.json()?["run"].as_str().unwrap_or_default().to_owned());
        if number == FAILURES / 2 {
            office.host = office.host.kill_and_restart().await?;
        }
    }
    let mut failed = Vec::new();
    for run in &runs {
        let found = settled(&office.host, run).await?;
        // One that the kill caught on its way may have happened, and waits for a person.
        if found["state"] == "failed" {
            failed.push(found["deliveries"][0]["id"].as_str().unwrap_or_default().to_owned());
        }
    }
    ensure!(failed.len() > FAILURES / 2, "{failed:?}");
    let notices = each_is_told_once(&office, &failed).await?;
    let shown = notices[0]["id"].as_str().unwrap_or_default();
    let shown = office.host.sluse_for_people(&["run", "show", shown]).await?.stdout;
    assert!(failed.iter().any(|delivery| shown.contains(&format!("tells of {delivery}"))), "{shown}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_after_its_attempts_is_closed_and_told_once() -> anyhow::Result<()> {
    let office = Office::start().await?;
    let given_up = office.connections_of_the_watched().replace("when_failed", "when_exhausted");
    let busy = given_up.replace("max_attempts = 4", "max_attempts = 2");
    // The discard port of loopback, where nobody listens. The owner is where it was.
    let away = busy.replacen(&office.api.origin(), "http://127.0.0.1:9", 1);
    let refusals = json!({ "times": 2, "answer": { "kind": "refuse", "status": 503 } });
    office.api.script(serde_json::from_value(refusals)?);
    let mut failed = Vec::new();
    for (connections, code) in [(busy, "target-busy"), (away, "target-unreachable")] {
        office.host.apply(&(connections + OWNER_FLOW + WATCHED)).await?;
        let reply = office.host.post("/v1/flows/watched/runs", &json!({ "reference": code })).await?;
        ensure!(reply.status == 202, "not accepted: {} {}", reply.status, reply.text());
        let found = settled(&office.host, reply.json()?["run"].as_str().context("a run")?).await?;
        assert_eq!(found["state"], "failed", "{found:#}");
        let delivery = found["deliveries"][0]["id"].as_str().context("a delivery")?;
        let shown = office.host.sluse_for_people(&["delivery", "show", delivery]).await?.stdout;
        for part in ["state       failed", "attempts    2 of 2", code] {
            assert!(shown.contains(part), "`{part}` is missing in:\n{shown}");
        }
        failed.push(delivery.to_owned());
    }
    each_is_told_once(&office, &failed).await?;
    let ledger = office.api.ledger();
    assert_eq!((ledger.actions.len(), ledger.actions["target-busy"].received), (1, 2));
    for notice in ledger.notices.values() {
        assert_eq!((notice.received, &notice.last["data"]["attempts"]), (1, &json!(2)), "{notice:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed_a_slow_answer_counts_and_a_dropped_trigger_is_in_doubt() -> anyhow::Result<()> {
    let office = Office::start().await?;
    // Allowed to be asked, like everything on loopback. Nobody answers there: a connection alone would be seen.
    let elsewhere = TcpListener::bind("127.0.0.1:0")?;
    elsewhere.set_nonblocking(true)?;
    let redirect = json!({ "kind": "redirect", "location": format!("http://{}/trigger", elsewhere.local_addr()?) });
    let found = office.run("moved", json!({ "answer": redirect })).await?;
    let reason = found["deliveries"][0]["reason"].as_str();
    assert_eq!((found["state"].as_str(), reason), (Some("attention"), Some("rejected")), "{found:#}");
    assert!(found.to_string().contains("\"redirected\""), "{found:#}");
    let asked = elsewhere.accept().map(drop).map_err(|error| error.kind());
    assert_eq!(asked, Err(ErrorKind::WouldBlock), "the other host was asked");

    let found = office.run("slow", json!({ "answer": { "kind": "drip", "chunk_bytes": 1, "every_ms": 20 } })).await?;
    let delivery = &found["deliveries"][0];
    assert_eq!((&delivery["state"], &delivery["output"]["outcome"]), (&json!("closed"), &json!("done-successfully")));

    // Without a place to look a person has to; with one it is looked up, and done.
    let dropped = json!({ "answer": { "kind": "drop-before-commit" } });
    let found = office.run("dropped", dropped.clone()).await?;
    let reason = found["deliveries"][0]["reason"].as_str();
    assert_eq!((found["state"].as_str(), reason), (Some("attention"), Some("outcome-unknown")), "{found:#}");
    let path = "trigger_path = \"/trigger\"";
    let looking = office.connections().replace(path, &format!("{path}, status_path = \"/status/{{reference}}\""));
    office.host.apply(&(looking + FLOW)).await?;
    office.api.script(serde_json::from_value(dropped)?);
    let found = office.run("looked-up", json!({ "answer": { "kind": "at-once", "success": true } })).await?;
    assert_eq!(found["deliveries"][0]["state"], "closed", "{found:#}");

    let ledger = office.api.ledger();
    let counted = |reference: &str| (ledger.actions[reference].received, ledger.actions[reference].committed);
    assert_eq!((counted("moved"), counted("slow")), ((1, 0), (1, 1)));
    assert_eq!((counted("dropped"), counted("looked-up")), ((1, 0), (2, 1)));
    Ok(())
}
