//! A tenant of CXone beside the host: `examples/workflow-execute`, with the simulated tenant's addresses in it. What an
//! agent is answered, what becomes of each branch, and that a record is created once.

use std::{io::ErrorKind, net::TcpListener};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use sluse_tests::{
    cxone::{RecordEntry, Settings, SimulatedCxone, Tenant, ids},
    host::{Host, HostOptions},
};

use crate::site::settled;

const CONNECTION: &str = include_str!("../../../examples/workflow-execute/connection.toml");
const FLOW: &str = include_str!("../../../examples/workflow-execute/flow.toml");
const QUERY: &str = include_str!("../../../examples/workflow-execute/query.json");

/// A caller whom two contacts have, and one whom nobody knows.
const KNOWN: &str = "+4530112233";
const UNKNOWN: &str = "+4570809010";

/// A host with a tenant.
struct Desk {
    host: Host,
    cxone: SimulatedCxone,
}

impl Desk {
    async fn start() -> anyhow::Result<Self> {
        let cxone = SimulatedCxone::start(Settings::default()).await?;
        let host = Host::start(HostOptions::default()).await?;
        let settings = cxone.settings();
        host.done(&["secret", "set", "cxone-client"], Some(settings.client_secret.as_bytes())).await?;
        host.done(&["secret", "set", "cxone-access-key"], Some(settings.access_key_secret.as_bytes())).await?;
        host.install("crm-workflow").await?;
        let configuration = connection(&cxone)? + &filled(FLOW, &[("\"6000\"", "\"700\"")])?;
        host.apply(&configuration).await?;
        Ok(Self { host, cxone })
    }

    fn plant(&self, script: Value) -> anyhow::Result<()> {
        self.cxone.script(serde_json::from_value(script)?);
        Ok(())
    }

    fn enable(&self, agent_integrations: bool) {
        self.cxone.change(Tenant { agent_integrations, ..Tenant::default() });
    }

    /// The example's query with these members in it, asked for as a script does.
    async fn search(&self, members: Value) -> anyhow::Result<Value> {
        let mut query: Value = serde_json::from_str(QUERY)?;
        query.as_object_mut().context("an object")?.extend(members.as_object().context("members")?.clone());
        let reply = self.host.post("/v1/connections/crm/operations/search", &query).await?;
        ensure!(reply.status == 200, "{} {}", reply.status, reply.text());
        Ok(reply.json()?["output"].clone())
    }

    /// Hands a call in, and gives the run as it settled.
    async fn run(&self, reference: &str, phone: &str) -> anyhow::Result<Value> {
        let submission = json!({ "reference": reference, "phone": phone, "subject": "Byggesag på Ærø" });
        let reply = self.host.post("/v1/flows/workflow-execute/runs", &submission).await?;
        ensure!(reply.status == 202, "not accepted: {} {}", reply.status, reply.text());
        settled(&self.host, reply.json()?["run"].as_str().context("no run")?).await
    }

    /// What was done under an external reference.
    fn record(&self, reference: &str) -> RecordEntry {
        self.cxone.ledger().records.get(reference).cloned().unwrap_or_default()
    }

    /// How often a record was asked for, and how many there are.
    fn counted(&self, reference: &str) -> (u32, u32) {
        let record = self.record(reference);
        (record.received, record.created)
    }
}

/// The example's connections at the simulated tenant, with less patience.
fn connection(cxone: &SimulatedCxone) -> anyhow::Result<String> {
    let (origin, settings) = (cxone.origin(), cxone.settings());
    let believed = format!("[\"{}\"]", origin.trim_start_matches("http://"));
    filled(
        CONNECTION,
        &[
            ("https://cxone.niceincontact.com", origin.as_str()),
            ("[\"niceincontact.com\"]", believed.as_str()),
            ("TENANT-ID", ids::TENANT),
            ("\"CLIENT-ID\"", &format!("\"{}\"", settings.client_id)),
            ("ACCESS-KEY-ID", &settings.access_key_id),
            ("http1_only = true", "allow_plaintext = true\nhttp1_only = true"),
            ("\"crm-workflow\"", "\"crm-workflow\"\ngrant = { cidrs = [\"127.0.0.0/8\"] }"),
            ("timeout_millisec = 30000", "timeout_millisec = 600"),
            ("late_success_ms = 60000", "late_success_ms = 1500"),
            ("base_ms = 2000\ncap_ms = 900000", "base_ms = 50\ncap_ms = 100\nfloor_ms = 50"),
        ],
    )
}

/// A text with each of these in place of what stands there, which has to stand there.
fn filled(text: &str, values: &[(&str, &str)]) -> anyhow::Result<String> {
    values.iter().try_fold(text.to_owned(), |text, (place, value)| {
        ensure!(text.contains(place), "the example has no `{place}`");
        Ok(text.replace(place, value))
    })
}

/// The steps of a run that were carried out.
fn steps(run: &Value) -> Vec<&str> {
    let deliveries = run["deliveries"].as_array().into_iter().flatten();
    deliveries.filter_map(|delivery| delivery["step"].as_str()).collect()
}

/// The last delivery of a run: the one that it waits for.
fn last(run: &Value) -> Value {
    run["deliveries"].as_array().and_then(|deliveries| deliveries.last()).cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_answered_with_a_branch_whatever_happens() -> anyhow::Result<()> {
    let desk = Desk::start().await?;
    let folder = tempfile::tempdir()?;
    let query = folder.path().join("query.json");
    std::fs::write(&query, QUERY)?;
    let found = desk.host.done(&["call", "crm", "search", query.to_str().context("text")?], None).await?;
    let found = &found["output"];
    assert_eq!(
        (&found["branch"], &found["match_count"], &found["first_id"], &found["errorArgs"]),
        (&json!("Success"), &json!(2), &json!("003A1"), &Value::Null)
    );
    assert_eq!(found["records"][0]["values"]["Kundenummer"], 4711, "what is no text is kept");

    let disabled = json!({ "Workflow Id": ids::DISABLED });
    let other = json!({ "Configuration Id": "00000000-0000-4000-8000-000000000000" });
    for (fault, members, branch) in [
        (json!({ "kind": "slow", "delay_ms": 5000 }), json!({ "timeoutMilliSec": "300" }), "Timeout"),
        (json!({ "kind": "partial" }), json!({}), "InternalError"),
        (json!({ "kind": "refuse", "status": 429, "retry_after": "2" }), json!({}), "InternalError"),
        (json!({ "kind": "html", "status": 502 }), json!({}), "InternalError"),
        (json!({ "kind": "refuse", "status": 418 }), json!({}), "Default"),
        (Value::Null, disabled, "InvalidWorkflow"),
        (Value::Null, other, "ValidationError"),
    ] {
        if !fault.is_null() {
            desk.plant(json!({ "on": "search", "fault": fault }))?;
        }
        let found = desk.search(members).await?;
        assert_eq!(found["branch"], branch, "{found:#}");
        assert!(found["errorArgs"]["message"].is_string(), "{found:#}");
    }
    let before = desk.cxone.ledger().received;
    let unread = desk.search(json!({ "Configuration Id": "{integrationConfigId}" })).await?;
    assert_eq!((&unread["branch"], desk.cxone.ledger().received), (&json!("ValidationError"), before), "it was sent");
    desk.enable(false);
    let off = desk.search(json!({})).await?;
    assert_eq!((&off["branch"], &off["errorArgs"]["status"]), (&json!("NotConfigured"), &json!(403)), "{off:#}");
    assert_eq!(desk.host.get("/v1/deliveries").await?["items"], json!([]), "nothing is left of it");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_branch_leads_to_its_steps() -> anyhow::Result<()> {
    let desk = Desk::start().await?;
    let found = desk.run("known", KNOWN).await?;
    assert_eq!((&found["state"], steps(&found)), (&json!("succeeded"), vec!["lookup", "open-case"]), "{found:#}");
    assert_eq!(desk.record("known").last["contactId"], "003A1");

    let found = desk.run("unknown", UNKNOWN).await?;
    assert_eq!(steps(&found), ["lookup", "new-contact", "open-case"], "{found:#}");
    let contact = desk.record("unknown/contact");
    assert_eq!(json!(contact.ids[0]), desk.record("unknown").last["contactId"]);

    for (reference, fault) in [
        ("slow", json!({ "kind": "slow", "delay_ms": 5000 })),
        ("partly", json!({ "kind": "with-errors" })),
        ("odd", json!({ "kind": "refuse", "status": 418 })),
    ] {
        desk.plant(json!({ "on": "search", "fault": fault }))?;
        // It is busy when it is asked again.
        desk.plant(json!({ "on": "search", "fault": { "kind": "refuse", "status": 429 } }))?;
        let found = desk.run(reference, KNOWN).await?;
        assert_eq!(steps(&found), ["lookup", "lookup-again", "open-case"], "{found:#}");
        assert_eq!((&found["state"], desk.counted(reference)), (&json!("succeeded"), (1, 1)), "{found:#}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_without_agent_integrations_is_its_administrators_work() -> anyhow::Result<()> {
    let desk = Desk::start().await?;
    desk.enable(false);
    let found = desk.run("off", KNOWN).await?;
    let waits = last(&found);
    let standing = (&waits["step"], &waits["reason"], &waits["queue"]);
    assert_eq!(standing, (&json!("after-set-up"), &json!("denied"), &json!("cxone-administrators")), "{found:#}");
    assert!(waits.to_string().contains("Agentintegrationer er ikke slået til"), "{waits:#}");

    desk.enable(true);
    desk.host.done(&["delivery", "retry", waits["id"].as_str().context("an id")?], None).await?;
    let found = settled(&desk.host, found["id"].as_str().context("an id")?).await?;
    assert_eq!(steps(&found), ["lookup", "after-set-up", "open-case"], "{found:#}");
    assert_eq!((&found["state"], desk.counted("off")), (&json!("succeeded"), (1, 1)));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_that_timed_out_is_one_record_whether_it_appears_or_not() -> anyhow::Result<()> {
    let desk = Desk::start().await?;
    // The contact appears when its caller has long gone, the case never does.
    desk.plant(json!({ "on": "create", "fault": { "kind": "slow", "delay_ms": 1000 } }))?;
    desk.plant(json!({ "on": "create", "fault": { "kind": "drop-before-commit" } }))?;
    let found = desk.run("late", UNKNOWN).await?;
    assert_eq!(found["state"], "succeeded", "{found:#}");
    assert_eq!((desk.counted("late/contact"), desk.counted("late")), ((1, 1), (2, 1)));
    let contact = &found["deliveries"][1];
    assert_eq!((&contact["attempt_count"], &contact["output"]["created"]), (&json!(2), &json!(false)), "{contact:#}");
    let shown = desk.search(json!({ "phone": UNKNOWN })).await?;
    assert_eq!((&shown["match_count"], &shown["first_id"]), (&json!(1), &contact["output"]["record_id"]), "{shown:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_without_a_reference_is_never_repeated() -> anyhow::Result<()> {
    let desk = Desk::start().await?;
    let input = json!({
        "Configuration Id": ids::CONFIGURATION, "Workflow Id": ids::CREATE, "entity": "case", "data": { "name": "Ærø" },
    });
    for (number, fault) in ["drop-before-commit", "drop-after-commit"].into_iter().enumerate() {
        desk.plant(json!({ "on": "create", "fault": { "kind": fault } }))?;
        let told =
            desk.host.sluse(&["call", "crm-later", "create-record", "-"], Some(input.to_string().as_bytes())).await?;
        assert_eq!(told.code, 14, "{fault}: {}", told.stderr);
        let waiting = desk.host.get("/v1/deliveries?reason=outcome-unknown").await?;
        assert_eq!(waiting["items"].as_array().map(Vec::len), Some(number + 1), "{waiting:#}");
    }
    // Time enough for all attempts that a policy would make.
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    assert_eq!(desk.counted(""), (2, 1), "two were asked for, and one of them had its effect");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_percent_encoded_and_a_token_that_is_revoked_is_fetched_anew_once() -> anyhow::Result<()> {
    let desk = Desk::start().await?;
    let settings = desk.cxone.settings();
    for secret in [&settings.client_secret, &settings.access_key_secret] {
        ensure!(secret.contains('+') && secret.contains('='), "nothing of it needs to be encoded");
    }
    desk.host.done(&["connection", "check", "crm"], None).await?;
    let ledger = desk.cxone.ledger();
    assert_eq!((ledger.tokens, ledger.refused_sign_ins), (1, 0));

    desk.plant(json!({ "on": "create", "fault": { "kind": "revoke" } }))?;
    let found = desk.run("revoked", KNOWN).await?;
    assert_eq!((&found["state"], &last(&found)["attempt_count"]), (&json!("succeeded"), &json!(1)), "{found:#}");
    let ledger = desk.cxone.ledger();
    assert_eq!((ledger.tokens + ledger.refreshes, ledger.refused_sign_ins, desk.counted("revoked")), (2, 0, (2, 1)));

    // As it would arrive from somebody who does not encode it.
    let garbled = settings.client_secret.replace('+', " ");
    desk.host.done(&["secret", "set", "cxone-client"], Some(garbled.as_bytes())).await?;
    let report = desk.host.sluse_for_people(&["connection", "check", "crm"]).await?;
    assert_eq!(report.code, 5, "{}{}", report.stdout, report.stderr);
    assert!(report.stdout.contains("cxone-client"), "{}", report.stdout);
    let log = desk.host.stop().await?;
    assert!(!log.contains(&desk.cxone.settings().client_secret) && !log.contains(&garbled));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discovery_that_names_a_foreign_host_is_not_believed() -> anyhow::Result<()> {
    let desk = Desk::start().await?;
    // Allowed to be asked, like everything on loopback. Nobody answers there: a connection alone would be seen.
    let foreign = TcpListener::bind("127.0.0.1:0")?;
    foreign.set_nonblocking(true)?;
    let named = format!("http://{}", foreign.local_addr()?);
    desk.cxone.change(Tenant { api_endpoint: Some(named), ..Tenant::default() });

    let agent = desk.search(json!({})).await?;
    assert_eq!((&agent["branch"], &agent["errorArgs"]["code"]), (&json!("InternalError"), &json!("request-forbidden")));
    let found = desk.run("foreign", KNOWN).await?;
    let waits = last(&found);
    assert_eq!((&waits["step"], &waits["reason"]), (&json!("lookup-again"), &json!("denied")), "{found:#}");
    let told = format!("it names host `{}`, which is not believed", foreign.local_addr()?);
    assert!(waits.to_string().contains(&told) && waits.to_string().contains("`discovery.host_suffixes`"), "{waits:#}");

    let asked = foreign.accept().map(drop).map_err(|error| error.kind());
    assert_eq!(asked, Err(ErrorKind::WouldBlock), "the other host was asked");
    assert_eq!(desk.cxone.ledger().tokens, 0, "a token was fetched for it");
    Ok(())
}
