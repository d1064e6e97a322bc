//! An outside API that answers later, at an address that it was given: in time and not, twice and never, over a restart.

use std::time::Duration;

use anyhow::{Context, ensure};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use sluse_tests::{
    client::{self, Reply},
    external::{CallbackEntry, Settings, Signing, SimulatedExternalApi},
    host::{Host, HostOptions},
};
use tokio::net::TcpListener;

use crate::{disk::fill, site::settled};

/// A host that takes callbacks, with an outside API that makes them.
struct Office {
    host: Host,
    api: SimulatedExternalApi,
}

impl Office {
    /// The API has `timeout_s` to answer.
    async fn start(timeout_s: u64) -> anyhow::Result<Self> {
        Self::start_with(HostOptions::default(), timeout_s).await
    }

    async fn start_with(options: HostOptions, timeout_s: u64) -> anyhow::Result<Self> {
        // Known beforehand, so that the addresses stay the same over a restart.
        let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
        let listen = format!("[callbacks]\nlisten = \"127.0.0.1:{port}\"\nurl = \"http://127.0.0.1:{port}\"\n");
        let host = Host::start(HostOptions { settings: options.settings + &listen, ..options }).await?;
        host.install("external-api").await?;
        let office = Self { host, api: SimulatedExternalApi::start(Settings::default()).await? };
        office.host.apply(&office.configuration(timeout_s)).await?;
        Ok(office)
    }

    fn configuration(&self, timeout_s: u64) -> String {
        format!(
            r#"
[[connection]]
name = "hr"
connector = "external-api"
settings = {{ trigger_path = "/trigger", callback_timeout_s = {timeout_s} }}
retry = {{ max_attempts = 4, base_ms = 20, cap_ms = 50 }}
grant = {{ cidrs = ["127.0.0.0/8"] }}
[connection.endpoints.default]
url = "{origin}"
allow_plaintext = true
[[flow]]
name = "action"
schema = '{{"type": "object", "required": ["reference"]}}'
[[flow.step]]
name = "trigger"
connection = "hr"
operation = "trigger"
[flow.step.input.action]
reference = "{{{{ submission.reference }}}}"
title = "Opret medarbejder"
guid = "guid-{{{{ submission.reference }}}}"
"#,
            origin = self.api.origin()
        )
    }

    /// Plants what the API does, and hands an action in. Gives the run.
    async fn submit(&self, reference: &str, callbacks: Value) -> anyhow::Result<String> {
        self.api.script(serde_json::from_value(json!({ "reference": reference, "callbacks": callbacks }))?);
        let reply = self.host.post("/v1/flows/action/runs", &json!({ "reference": reference })).await?;
        ensure!(reply.status == 202, "not accepted: {} {}", reply.status, reply.text());
        Ok(reply.json()?["run"].as_str().context("no run")?.to_owned())
    }

    async fn run(&self, reference: &str, callbacks: Value) -> anyhow::Result<Value> {
        settled(&self.host, &self.submit(reference, callbacks).await?).await
    }

    /// The delivery of a run, once it waits for its answer.
    async fn waiting(&self, run: &str) -> anyhow::Result<Value> {
        for _ in 0..600 {
            let delivery = self.host.get(&format!("/v1/runs/{run}")).await?["deliveries"][0].clone();
            if delivery["state"] == "waiting" {
                return Ok(delivery);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("run {run} does not wait")
    }

    /// The calls back of an action, once there are so many.
    async fn made(&self, reference: &str, count: usize) -> anyhow::Result<Vec<CallbackEntry>> {
        for _ in 0..600 {
            let made = self.api.ledger().actions[reference].callbacks.clone();
            if made.len() >= count {
                return Ok(made);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("{reference} was not called back {count} times")
    }

    /// The address that the API was given.
    fn address(&self, reference: &str) -> anyhow::Result<String> {
        let action = self.api.ledger().actions[reference].last.clone();
        Ok(action["CallBackURL"].as_str().context("no address")?.to_owned())
    }
}

async fn send(method: &str, url: &str, body: impl Into<Body>) -> anyhow::Result<Reply> {
    let request = Request::builder().method(method).uri(url).header("content-type", "application/json");
    client::send(request.body(body.into())?).await
}

const SUCCESS: &str = r#"{"success":true,"rejectedReason":null,"dataFields":{}}"#;

fn statuses(made: &[CallbackEntry]) -> Vec<Option<u16>> {
    made.iter().map(|entry| entry.status).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_ends_the_wait_whenever_it_comes_and_however_often() -> anyhow::Result<()> {
    let office = Office::start(600).await?;
    for (reference, callbacks) in [
        ("later", json!([{ "after_ms": 200 }])),
        ("before", json!([{ "before_answer": true }])),
        ("twice", json!([{}, { "after_ms": 300 }])),
    ] {
        let count = callbacks.as_array().map_or(0, Vec::len);
        let found = office.run(reference, callbacks).await?;
        assert_eq!(found["state"], "succeeded", "{reference}: {found:#}");
        let delivery = &found["deliveries"][0];
        let attempts = delivery["attempts"].as_array().context("attempts")?;
        let told: Vec<_> = attempts.iter().map(|attempt| (&attempt["resumed"], &attempt["result"]["kind"])).collect();
        assert_eq!(told, [(&json!(false), &json!("waiting")), (&json!(true), &json!("done"))], "{reference}");
        assert_eq!(delivery["attempt_count"], 1, "{reference}");
        assert_eq!(statuses(&office.made(reference, count).await?), vec![Some(200); count], "{reference}");
        assert_eq!(office.api.ledger().actions[reference].committed, 1, "{reference}");
        // Another answer after all that is told that the first one counts.
        let other = send("POST", &office.address(reference)?, "{}").await?;
        assert_eq!(other.status, 409, "{reference}");
        assert!(other.text().contains("answered-before"), "{reference}: {}", other.text());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_api_says_in_its_callback_is_what_a_person_reads() -> anyhow::Result<()> {
    let office = Office::start(600).await?;
    let reason = "<p>CPR 251248-4916 er ikke ansat i B&oslash;rn &amp; Unge</p>";
    let found = office.run("no", json!([{ "success": false, "reason": reason }])).await?;
    let delivery = &found["deliveries"][0];
    assert_eq!((&found["state"], &delivery["reason"]), (&json!("attention"), &json!("rejected")), "{found:#}");
    assert!(found.to_string().contains("CPR [personnummer] er ikke ansat i Børn & Unge"), "{found:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_callback_in_time_is_a_person_s_work_and_a_late_one_changes_nothing() -> anyhow::Result<()> {
    let office = Office::start(1).await?;
    let found = office.run("silent", json!([])).await?;
    let delivery = &found["deliveries"][0];
    assert_eq!((&found["state"], &delivery["reason"]), (&json!("attention"), &json!("timed-out")), "{found:#}");
    for _ in 0..2 {
        let late = send("POST", &office.address("silent")?, SUCCESS).await?;
        assert_eq!((late.status.as_u16(), late.header("content-type")), (409, "application/problem+json"));
        assert_eq!(late.json()?["type"], "urn:sluse:problem:too-late");
    }
    let id = delivery["id"].as_str().context("an id")?;
    let after = office.host.get(&format!("/v1/deliveries/{id}")).await?;
    assert_eq!((&after["state"], &after["reason"]), (&json!("attention"), &json!("timed-out")));
    assert_eq!(after["callbacks"][0]["standing"], "late", "{after:#}");
    let told = office.host.sluse_for_people(&["delivery", "show", id]).await?;
    assert!(told.stdout.contains("came too late, and was refused"), "{}", told.stdout);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_address_that_was_given_takes_an_answer_and_nothing_else_is_there() -> anyhow::Result<()> {
    let office = Office::start(600).await?;
    let run = office.submit("one", json!([{ "wrong_token": true }])).await?;
    let waiting = office.waiting(&run).await?;
    let forged = office.made("one", 1).await?;
    assert_eq!(statuses(&forged), [Some(404)]);

    let address = office.address("one")?;
    let (origin, _) = address.split_once("/callbacks/").context("an address")?;
    let mut told = Vec::new();
    for path in ["/callbacks/", "/callbacks/x", "/callbacks/a/b", "/", "/healthz", "/v1/runs", "/v1/deliveries"] {
        let reply = send("POST", &format!("{origin}{path}"), SUCCESS).await?;
        told.push((reply.status.as_u16(), reply.text()));
    }
    assert!(told.iter().all(|found| found.0 == 404 && found == &told[0]), "{told:#?}");
    for method in ["GET", "DELETE", "PATCH"] {
        assert_eq!(send(method, &address, Body::empty()).await?.status, 405, "{method}");
    }
    let long = vec![b' '; (256 << 10) + 1];
    assert_eq!(send("POST", &address, long.clone()).await?.status, 413);
    // Who guesses is not listened to at all.
    assert_eq!(send("POST", &format!("{origin}/callbacks/x"), long).await?.status, 404);
    let path = address.strip_prefix(origin).context("a path")?;
    assert_eq!(send("POST", &format!("{}{path}", office.host.url()), SUCCESS).await?.status, 404);
    assert_eq!(office.waiting(&run).await?, waiting);

    assert_eq!(send("PUT", &address, SUCCESS).await?.status, 200);
    assert_eq!(settled(&office.host, &run).await?["state"], "succeeded");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_outlives_the_host_that_gave_it() -> anyhow::Result<()> {
    let mut office = Office::start(600).await?;
    let run = office.submit("over", json!([])).await?;
    office.waiting(&run).await?;
    let address = office.address("over")?;
    office.host = office.host.kill_and_restart().await?;
    assert_eq!(send("POST", &address, SUCCESS).await?.status, 200);
    assert_eq!(settled(&office.host, &run).await?["state"], "succeeded");
    // Kept before it was answered: a host that is killed at once still knows.
    let run = office.submit("kept", json!([])).await?;
    office.waiting(&run).await?;
    assert_eq!(send("POST", &office.address("kept")?, SUCCESS).await?.status, 200);
    office.host = office.host.kill_and_restart().await?;
    assert_eq!(settled(&office.host, &run).await?["state"], "succeeded");
    assert_eq!(office.api.ledger().actions["kept"].committed, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_finds_no_room_is_told_so_and_taken_later() -> anyhow::Result<()> {
    let options = HostOptions { disk_mib: Some(48), ..HostOptions::default() };
    let office = Office::start_with(options, 600).await?;
    let mut runs = Vec::new();
    for number in 0..40 {
        let reference = format!("room-{number}");
        runs.push((office.submit(&reference, json!([])).await?, reference));
    }
    for (run, _) in &runs {
        office.waiting(run).await?;
    }
    let ballast = office.host.data().join("ballast");
    fill(&ballast)?;
    // As long as an answer may be.
    let answer = format!("{SUCCESS}{}", " ".repeat((256 << 10) - SUCCESS.len()));
    let mut statuses = Vec::new();
    for (_, reference) in &runs {
        statuses.push(send("POST", &office.address(reference)?, answer.clone()).await?.status.as_u16());
    }
    assert!(statuses.contains(&507), "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 507].contains(status)), "{statuses:?}");
    std::fs::remove_file(&ballast)?;
    for (run, reference) in &runs {
        assert_eq!(send("POST", &office.address(reference)?, answer.clone()).await?.status, 200, "{reference}");
        assert_eq!(settled(&office.host, run).await?["state"], "succeeded", "{reference}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_takes_no_callbacks_says_what_to_write() -> anyhow::Result<()> {
    let office = Office::start(600).await?;
    let host = Host::start(HostOptions::default()).await?;
    host.install("external-api").await?;
    host.apply(&office.configuration(600)).await?;
    let reply = host.post("/v1/flows/action/runs", &json!({ "reference": "none" })).await?;
    let found = settled(&host, reply.json()?["run"].as_str().context("no run")?).await?;
    assert_eq!(found["state"], "attention", "{found:#}");
    assert!(found.to_string().contains("`callbacks.listen` and `callbacks.url`"), "{found:#}");
    assert!(office.api.ledger().actions.is_empty());
    Ok(())
}

/// What the API signs its callbacks with, and the host knows.
const SIGNING_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[tokio::test(flavor = "multi_thread")]
async fn only_a_signed_callback_is_taken_where_that_was_asked_for() -> anyhow::Result<()> {
    let signing = Signing::new(SIGNING_SECRET, jiff::Timestamp::now().as_second())?;
    let settings = Settings { signing: Some(signing), ..Settings::default() };
    let mut office = Office::start(600).await?;
    office.api = SimulatedExternalApi::start(settings).await?;
    office.host.done(&["secret", "set", "answers-key"], Some(SIGNING_SECRET.as_bytes())).await?;
    let signed = "[connection.callbacks]\nsecret = { secret = \"answers-key\" }\n[[flow]]";
    office.host.apply(&office.configuration(600).replace("[[flow]]", signed)).await?;
    let run = office.submit("signed", json!([{ "after_ms": 3000 }])).await?;
    let before = office.waiting(&run).await?;
    for _ in 0..2 {
        let forged = send("POST", &office.address("signed")?, SUCCESS).await?;
        assert_eq!((forged.status.as_u16(), forged.header("content-type")), (401, "application/problem+json"));
        assert_eq!(forged.json()?["type"], "urn:sluse:problem:not-signed");
    }
    assert_eq!(office.waiting(&run).await?, before, "nothing has changed");
    assert_eq!(settled(&office.host, &run).await?["state"], "succeeded");
    assert_eq!(statuses(&office.made("signed", 1).await?), [Some(200)]);
    Ok(())
}
